"""The signed release that a private run ends in. Its noise is reproducible, so that it can never be promoted."""

import hashlib

from cryptography.hazmat.primitives import serialization

from shared_model.durable import write_atomically
from shared_model.manifest import Manifest
from shared_model.privacy.spending import device_spent, population_spent, server_spent
from shared_model.release import model_hash, write_release
from simulations.datasets.dataset import Dataset
from simulations.engines.participation import participations
from simulations.outcome import Training
from simulations.run_folder import RunFolder
from simulations.run_key import release_key
from simulations.scenario_sections import ModelSection


def sign_release(folder: RunFolder, dataset: Dataset, private: Training, *, settings: ModelSection) -> str:
    """Write release and public key, and return the model's SHA-256. It is signed with the run's key.

    The release holds what rounds trained. Its manifest names the rest of the head by the SHA-256 of release 0, which
    lies beside it, and the seed of the adapter's frozen factors. settings: how the head was made trainable.
    """
    federation, plan = private.federation, private.federation.plan
    tensors = federation.model.layout.tensors(private.state.vector)
    population = population_spent(plan, rounds=plan.rounds)
    most = int(participations(federation, rounds=plan.rounds).max(initial=0))
    shape = federation.model.head.shape
    manifest = Manifest(
        catalogue=dataset.name,
        head={
            "modalities": [[name, size] for name, size in shape.modalities],
            "width": shape.width,
            "attention_width": shape.attention_width,
            "dense_tracks": shape.dense_tracks,
            "paths": list(shape.paths),
            "trainable": settings.trainable,
            "rank": settings.rank,
            "adapter_seed": federation.seed,
            "release_0_sha256": hashlib.sha256(folder.release_0.read_bytes()).hexdigest(),
        },
        plan=plan,
        rounds=plan.rounds,
        spent=(
            population.pld,
            population.rdp,
            device_spent(plan, participations=most),
            server_spent(plan, rounds=plan.rounds),
        ),
        noise=federation.randomness("noise", 0).label,
        simulated=dataset.simulated,
    )
    key = release_key(folder)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_atomically(folder.release_key, public)
    write_release(folder.release, tensors, manifest=manifest, private_key=key)
    return model_hash(tensors)
