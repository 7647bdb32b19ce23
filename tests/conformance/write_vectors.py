"""Writes the vectors beside it: `python tests/conformance/write_vectors.py`. Keys and contents are fixed, not secret.

A client in another language reads the JSON; each file says in "how" what its parts must come to.
"""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared_model.books.chain import append, mirror_of
from shared_model.books.checkpoint import Checkpoint
from shared_model.books.entries import Assumed, CheckpointSeen, Debit, Entry, ExampleBudget, Joined, Opened, Restored
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.multiproof import multiproof
from shared_model.books.notes import Signer
from shared_model.books.round_log import Intent, Leaf, LoggedEpsilon, Outcome, Result, encode_leaf
from shared_model.canonical_json import encode
from shared_model.manifest import Manifest
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import device_spent, server_spent
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit
from shared_model.secagg.graph import Graph
from shared_model.secagg.keys import pairwise_seed
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import Roster
from shared_model.secagg.packing import pack
from shared_model.secagg.parameters import SecAggParameters
from shared_model.secagg.sealing import seal
from shared_model.secagg.shares import PRIME, SHARE_BYTES, split
from shared_model.secagg.terms import Terms

FOLDER = Path(__file__).parent / "vectors"
SIGNER = Signer(name="example.org/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DEVICE_KEY = bytes(range(32, 64))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def leaves() -> list[Leaf]:
    """Three rounds, of which the second was aborted and the third is under way; epsilons are invented."""
    epsilon = LoggedEpsilon(
        epsilon=0.0,
        unit=Unit.DEVICE,
        relation=Relation.ADD_OR_REMOVE_ONE,
        adversary=Adversary.RELEASE_READER,
        trust=Trust.CENTRAL,
        accountant="PLD",
    )
    models, epsilons = ["model 0", "model 1", "model 1"], [0.0, 0.3, 0.44999999999999996, 1e-05 + 0.5]
    made: list[Leaf] = []
    for number in (1, 2, 3):
        made.append(
            Intent(
                run="run-1",
                round=number,
                model_sha256=sha256(models[number - 1]),
                code_sha256=sha256("code"),
                mechanism="gaussian",
                noise_multiplier=1.25,
                clip_norm=1e-05,
                planned_cohort=20,
                minimum_cohort=5,
                sample_rate=0.02,
                sampling=Sampling.POISSON,
                releases=1_000_000,
                delta=1e-06,
                epsilon_before=replace(epsilon, epsilon=epsilons[number - 1]),
                epsilon_after=replace(epsilon, epsilon=epsilons[number]),
                weights="uniform",
                secagg=None,
                registry_root=None if number == 1 else sha256("registry"),
                learning_sha256=None if number == 1 else sha256("learning"),
            )
        )
        result = Result.ABORTED if number == 2 else Result.RELEASED
        made.append(Outcome(run="run-1", round=number, model_sha256=sha256("model 1"), result=result))
    return made[:-1]


def leaf_of_a_secure_round() -> Leaf:
    """An intent with an evaluation share, which is named where there is one and nowhere else."""
    (first, *_) = leaves()
    assert isinstance(first, Intent)
    parameters = SecAggParameters(cohort=20, most=20, threshold=5, modulus_bits=20, honest=3, dishonest=2)
    distributed = replace(first.epsilon_after, trust=Trust.DISTRIBUTED)
    return replace(
        first, mechanism="skellam", secagg=parameters, epsilon_after=distributed,
        registry_root=sha256("registry"), evaluation_share=0.2,
    )  # fmt: skip


def round_log() -> dict[str, object]:
    contents = [encode_leaf(leaf) for leaf in leaves()]
    tree = Tree(map(leaf_hash, contents))
    size = len(contents)
    return {
        "how": "each leaf is hashed as SHA-256(0x00 || UTF-8 of the text); proofs are those of RFC 9162, section 2.1",
        "leaves": [_leaf(content) for content in contents],
        "leaf_of_a_secure_round": _leaf(encode_leaf(leaf_of_a_secure_round())),
        "roots": [tree.root(number).hex() for number in range(size + 1)],
        "inclusion": [
            {"index": index, "size": size, "proof": [each.hex() for each in tree.inclusion_proof(index, size)]}
            for index in range(size)
        ],
        "consistency": [
            {"old_size": old, "size": size, "proof": [each.hex() for each in tree.consistency_proof(old, size)]}
            for old in range(size + 1)
        ],
        "vkey": SIGNER.verifier.vkey,
        "checkpoint": Checkpoint(origin=SIGNER.name, size=size, root=tree.root()).signed(SIGNER).decode(),
    }


def _leaf(content: bytes) -> dict[str, object]:
    return {"text": content.decode(), "hash": leaf_hash(content).hex(), "value": json.loads(content)}


def entries() -> list[Entry]:
    log_key = hashlib.sha256(SIGNER.verifier.public_key).hexdigest()
    debit = Debit(
        run="run-1",
        round=1,
        intent_sha256=sha256("an intent"),
        log_index=0,
        noise_multiplier=1.25,
        relation=Relation.ZERO_OUT,
        trust=Trust.CENTRAL,
        example=None,
        month="2026-10",
    )
    example = ExampleBudget(epsilon=2.5, delta=1e-07)
    assumed = Assumed(run="run-1", round=3, noise_multiplier=1.25, relation=Relation.ZERO_OUT, trust=Trust.CENTRAL)
    return [
        Opened(device_cap=12.5, delta=1e-06, max_participations=9, monthly_cap=6.0),
        Joined(log_key_sha256=log_key),
        debit,
        CheckpointSeen(size=1, root=sha256("a root")),
        replace(debit, round=2, log_index=2, example=example, month="2026-11"),
        CheckpointSeen(size=3, root=sha256("a later root")),
        Restored(mirrored_rows=7, size=9, root=sha256("the root now"), assumed=(assumed,), month="2026-11"),
    ]


def ledger() -> dict[str, object]:
    lines: list[bytes] = []
    for entry in entries():
        lines.append(append(lines, entry, key=DEVICE_KEY))
    mirrored = mirror_of(lines)
    return {
        "how": "mac is HMAC-SHA-256 under the key over mac_context and the line without its mac; previous is the "
        "SHA-256 of the line before; device_mu is the root of the sum of z^-2 over debits and assumed rounds",
        "key": DEVICE_KEY.hex(),
        "mac_context": "sottovoce ledger v1\n",
        "rows": [line.decode() for line in lines],
        "mirror": {"counter": mirrored.counter, "head": mirrored.head},
        "device_mu": repr((3 / 1.25**2) ** 0.5),
    }


def manifest() -> dict[str, object]:
    plan = PrivacyPlan(
        population=1000,
        cohort=20,
        rounds=3,
        clip_norm=0.5,
        noise_multiplier=1.25,
        delta=1e-06,
        max_participations=9,
        device_cap=12.5,
    )
    found = Manifest(
        catalogue="lieder",
        head={"rank": 4, "trainable": "adapter"},
        plan=plan,
        rounds=3,
        spent=(device_spent(plan, participations=0), server_spent(plan, rounds=3)),
        noise="operating system",
        simulated=False,
    )
    text = encode({"manifest": found.to_json(), "model_sha256": sha256("model 3")})
    return {
        "how": "the signature is Ed25519 over signature_context and the UTF-8 of the text, which is canonical JSON",
        "text": text.decode(),
        "signature_context": "sottovoce release v1\n",
        "public_key": base64.b64encode(SIGNER.verifier.public_key).decode(),
        "signature": SIGNER.private_key.sign(b"sottovoce release v1\n" + text).hex(),
    }


def canonical_json() -> dict[str, object]:
    values = [None, True, [], {}, {"b": 1, "a": [2, "x"]}, 'ü\n"\\/\u2028', -(2**53), {"é": {"z": "0.1", "": None}}]
    return {
        "how": "keys sorted by code point, no spaces, UTF-8 unescaped but for what JSON must escape, no floats",
        "pairs": [{"value": value, "sha256": hashlib.sha256(encode(value)).hexdigest()} for value in values],
    }


def masks() -> dict[str, object]:
    terms = Terms(
        run="run-1",
        round=3,
        intent_sha256=sha256("an intent"),
        registry_root=sha256("registry"),
        size=5,
        parameters=SecAggParameters(cohort=3, most=3, threshold=2, modulus_bits=20, honest=2, dishonest=0),
    )
    roster = Roster(graph=Graph(devices=3, degree=2, share_threshold=2), numbers=(4, 7, 300))
    digest = roster.digest(terms.digest)
    own = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    other = X25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    public = other.public_key().public_bytes_raw()
    seed = pairwise_seed(own, public, roster_digest=digest, pair=(7, 4))
    masked = []
    for bits in (20, 40):
        total = MaskedSum(5, modulus_bits=bits)
        total.add_mask(seed)
        masked.append(
            {"modulus_bits": bits, "mask": total.reduced().tolist(), "packed": pack(total.reduced(), bits=bits).hex()}
        )
    shares = (b"\1" * SHARE_BYTES, b"\2" * SHARE_BYTES)
    prints = [hashlib.sha256(b"key of node %d" % position).digest() for position in range(7)]
    tree = Tree(map(leaf_hash, prints))
    proof = multiproof({position: tree.inclusion_proof(position, 7) for position in (1, 4, 5)}, size=7)
    return {
        "how": "terms_digest is the SHA-256 of terms; roster_digest that of roster_context, terms_digest and roster "
        "(big-endian: n, degree, threshold in 2 bytes each, then the first number and each step to the next in "
        "LEB128); keys are HKDF-SHA-256 of X25519's secret, salt roster_digest, info key_context, the purpose, a zero "
        "byte and the pair in 4 bytes each: for a "
        "mask the lower number first, for a seal the sender; a mask is the ChaCha20 stream (zero nonce and counter) in "
        "little-endian words of 4 bytes up to 32 bits and of 8 above, modulo 2^bits; packed is bits a number, the "
        "lowest first; sealed is ChaCha20-Poly1305 with a zero nonce over both shares, about roster_digest and pair; "
        "of a secret, share_of_secret is one at place 3 of threshold 1, which is the secret itself in 33 bytes; proof "
        "shows the prints at their positions in a tree of RFC 9162 of that size and root: hashes of the largest "
        "subtrees with none of them, left before right",
        "terms": terms.spelled().decode(),
        "terms_digest": terms.digest.hex(),
        "roster_context": "sottovoce secagg roster v2\n",
        "roster": roster.body().hex(),
        "roster_digest": digest.hex(),
        "key_context": "sottovoce secagg v1 ",
        "own_private": bytes(range(32)).hex(),
        "other_public": public.hex(),
        "pair": [7, 4],
        "mask_seed": seed.hex(),
        "masks": masked,
        "shares": [share.hex() for share in shares],
        "sealed": seal(shares, own, public, roster_digest=digest, pair=(7, 4)).hex(),
        "secret": bytes(range(32)).hex(),
        "share_of_secret": split(bytes(range(32)), [3], threshold=1)[0].hex(),
        "prime": str(PRIME),
        "registry": {
            "size": 7,
            "root": tree.root().hex(),
            "prints": {str(position): prints[position].hex() for position in (1, 4, 5)},
            "proof": [each.hex() for each in proof],
        },
    }


VECTORS = {
    "round_log": round_log,
    "ledger": ledger,
    "manifest": manifest,
    "canonical_json": canonical_json,
    "masks": masks,
}


def content(name: str) -> str:
    """What the file of this name holds."""
    return json.dumps(VECTORS[name](), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in VECTORS:
        (FOLDER / f"{name}.json").write_text(content(name), encoding="utf-8")
