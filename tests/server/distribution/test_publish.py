import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.distribution.publish import publish
from server.distribution.releases import Releases
from server.place import Place
from shared_model.books.notes import Signer
from shared_model.errors import BadInput, Refused
from shared_model.privacy.plan import PrivacyPlan
from shared_model.release import write_release
from shared_model.wire.release_manifest import open_manifest


@pytest.fixture
def signer() -> Signer:
    return Signer(name="forelle/releases", private_key=Ed25519PrivateKey.generate())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "s")
    (found.releases / "files").mkdir(parents=True)
    return found


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_release_is_its_files_by_their_hash_signed_once(place, signer, tmp_path):
    releases = Releases(place.releases)
    assert releases.latest() is None
    made = publish(
        [written(tmp_path / "a", b"one"), written(tmp_path / "b", b"two")], place=place, signer=signer, now_s=7
    )
    latest = releases.latest()
    assert latest is not None
    note = releases.manifest(bytes.fromhex(latest.sha256))
    assert note is not None
    assert open_manifest(note, signer.verifier) == made
    for file, content in zip(made.files, (b"one", b"two"), strict=True):
        path = releases.file(bytes.fromhex(file.sha256))
        assert path is not None
        assert path.read_bytes() == content


def test_an_older_manifest_is_not_given_out_any_more(place, signer, tmp_path):
    releases = Releases(place.releases)
    publish([written(tmp_path / "a", b"one")], place=place, signer=signer, now_s=7)
    first = releases.latest()
    publish([tmp_path / "a"], place=place, signer=signer, now_s=8)
    second = releases.latest()
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    assert releases.manifest(bytes.fromhex(first.sha256)) is None
    assert len(list((place.releases / "files").iterdir())) == 1


def test_nothing_but_a_hash_finds_a_file(place, signer, tmp_path):
    publish([written(tmp_path / "a", b"one")], place=place, signer=signer, now_s=7)
    releases = Releases(place.releases)
    assert releases.file(hashlib.sha256(b"other").digest()) is None
    for asked in (b"", b"../1.note", b"/etc/passwd", bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="32 bytes"):
            releases.file(asked)


def test_what_cannot_be_published_is_a_sentence_and_changes_nothing(place, signer, tmp_path):
    good = written(tmp_path / "a", b"one")
    (tmp_path / "other").mkdir()
    for files in ([], [good, written(tmp_path / "other" / "a", b"two")], [tmp_path / "missing"], [tmp_path],
                  [written(tmp_path / "a name", b"x")]):  # fmt: skip
        with pytest.raises(BadInput, match="publish"):
            publish(files, place=place, signer=signer, now_s=7)
    assert Releases(place.releases).latest() is None
    assert list((place.releases / "files").iterdir()) == []


def test_a_simulations_release_is_never_given_to_devices(place, signer, tmp_path):
    import torch

    from shared_model.manifest import Manifest

    plan = PrivacyPlan(
        population=100, cohort=10, rounds=5, clip_norm=1, noise_multiplier=1, delta=1e-6, max_participations=5
    )
    manifest = Manifest(
        catalogue="invented", head={}, plan=plan, rounds=5, spent=(), noise="reproducible", simulated=True
    )
    file = tmp_path / "release.safetensors"
    write_release(file, {"gate": torch.zeros(3)}, manifest=manifest, private_key=signer.private_key)
    with pytest.raises(Refused, match="never given to devices"):
        publish([file], place=place, signer=signer, now_s=7)
