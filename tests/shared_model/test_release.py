import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from shared_model.errors import BadInput
from shared_model.manifest import Manifest
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import population_spent
from shared_model.release import model_hash, read_release, write_release

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TENSORS = {
    "gate.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "gate.bias": torch.tensor([0.5, -0.0]),
    "scale": torch.tensor(3.0),
}
PLAN = PrivacyPlan(
    population=100, cohort=100, rounds=3, clip_norm=1.0, noise_multiplier=2.0, delta=1e-3, max_participations=3
)
MANIFEST = Manifest(
    catalogue="lieder",
    head={"trainable": "adapter"},
    plan=PLAN,
    rounds=3,
    spent=(population_spent(PLAN, rounds=3).pld,),
    noise="operating system",
    simulated=False,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "release.safetensors"
    write_release(written, TENSORS, manifest=MANIFEST, private_key=KEY)
    return written


def test_a_release_reads_back_as_it_was_written(path: Path) -> None:
    release = read_release(path, key=KEY.public_key())
    assert release.manifest == MANIFEST
    assert release.model_sha256 == model_hash(TENSORS)
    assert release.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(release.tensors[name], TENSORS[name]) for name in TENSORS)
    assert release.verdict == "signed by the given key"
    assert release.may_be_promoted


def test_without_a_key_the_answer_is_self_consistent_signer_unknown(path: Path) -> None:
    release = read_release(path, key=None)
    assert release.verdict == "self-consistent, signer unknown"
    assert not release.may_be_promoted


def test_reproducible_noise_is_never_promoted_line_15(tmp_path: Path) -> None:
    manifest = dataclasses.replace(MANIFEST, noise="reproducible")
    write_release(tmp_path / "r", TENSORS, manifest=manifest, private_key=KEY)
    assert not read_release(tmp_path / "r", key=KEY.public_key()).may_be_promoted


def test_another_key_is_refused(path: Path) -> None:
    with pytest.raises(BadInput, match="signed by another key"):
        read_release(path, key=OTHER_KEY.public_key())


def test_the_same_content_gives_the_same_bytes_whatever_the_order(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_release(again, dict(reversed(TENSORS.items())), manifest=MANIFEST, private_key=KEY)
    assert again.read_bytes() == path.read_bytes()


def test_it_is_a_plain_safetensors_file_with_views_of_one_vector(tmp_path: Path) -> None:
    vector = torch.arange(4.0)
    write_release(tmp_path / "r", {"a": vector[:2], "b": vector[2:]}, manifest=MANIFEST, private_key=KEY)
    assert torch.equal(read_release(tmp_path / "r", key=None).tensors["b"], torch.tensor([2.0, 3.0]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_refused(path: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "flipped").write_bytes(content)
    with pytest.raises(BadInput):
        read_release(tmp_path / "flipped", key=KEY.public_key())


def test_every_byte_of_the_tensors_is_covered(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    for place in range(len(content) - 4 * 9, len(content)):
        flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        (tmp_path / "flipped").write_bytes(flipped)
        with pytest.raises(BadInput, match="not those that were signed"):
            read_release(tmp_path / "flipped", key=None)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, -1])
def test_a_truncated_file_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadInput, match="not a whole safetensors file"):
        read_release(path, key=KEY.public_key())


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "foreign.safetensors")
    with pytest.raises(BadInput, match="no sottovoce manifest"):
        read_release(tmp_path / "foreign.safetensors", key=None)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BadInput, match="not a whole safetensors file"):
        read_release(tmp_path / "text", key=None)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing", tmp_path):
        with pytest.raises(BadInput, match="give another path"):
            read_release(missing, key=None)


def with_envelope(path: Path, change: dict[str, Any]) -> Path:
    """The same tensors under an envelope that was changed, spelled as a careful forger would."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    envelope = json.loads(header["__metadata__"]["sottovoce.release"])
    for name, value in change.items():
        if isinstance(value, dict):
            envelope[name].update(value)
        else:
            envelope[name] = value
    spelled = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
    forged = path.with_name("forged")
    save_file(
        {name: tensor.clone() for name, tensor in TENSORS.items()}, forged, metadata={"sottovoce.release": spelled}
    )
    return forged


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "00" * 64},
        {"signature": "not hexadecimal"},
        {"signer": "00" * 31},
        {"signer": OTHER_KEY.public_key().public_bytes_raw().hex()},
        {"body": {"manifest": {}}},
        {"body": {"model_sha256": "0" * 64}},
        {"comment": "trust me"},
        {"signer": KEY.public_key().public_bytes_raw().hex().upper()},
        {"body": None},
    ],
)
def test_a_forged_envelope_is_refused(path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="signature does not fit"):
        read_release(with_envelope(path, change), key=None)


def test_the_unchanged_envelope_of_the_forger_would_pass(path: Path) -> None:
    assert read_release(with_envelope(path, {}), key=KEY.public_key()).signer_known


@pytest.mark.parametrize("bad", [torch.tensor([float("nan")]), torch.tensor([1]), torch.ones(1).half()])
def test_only_finite_single_precision_is_released_and_nothing_is_left_behind(tmp_path: Path, bad: torch.Tensor) -> None:
    with pytest.raises(BadInput, match="finite float32"):
        write_release(tmp_path / "r", {"a": bad}, manifest=MANIFEST, private_key=KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write_release(tmp_path / "no" / "r", TENSORS, manifest=MANIFEST, private_key=KEY)


@pytest.mark.parametrize(
    "other",
    [
        {**TENSORS, "scale": torch.tensor([3.0])},
        {**TENSORS, "gate.bias": torch.tensor([0.5, 0.0])},
        {**TENSORS, "gate.weight": TENSORS["gate.weight"].reshape(3, 2)},
        {name.upper(): tensor for name, tensor in TENSORS.items()},
        {name: TENSORS[name] for name in ("gate.bias", "scale")},
    ],
)
def test_the_hash_covers_names_shapes_and_every_bit(other: dict[str, torch.Tensor]) -> None:
    assert model_hash(other) != model_hash(TENSORS)


def test_the_hash_is_of_the_content_not_of_its_layout_in_memory() -> None:
    transposed = TENSORS["gate.weight"].t().contiguous().t()
    assert model_hash({**TENSORS, "gate.weight": transposed}) == model_hash(TENSORS)
