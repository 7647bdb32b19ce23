import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from scipy.stats import kstest

from shared_model.errors import BadInput
from shared_model.privacy.randomness import (
    KeyedRandomness,
    OperatingSystemRandomness,
    key_from_seed,
    signed_uniforms,
    uniforms,
)

KEYED = KeyedRandomness(key=bytes(range(32)), purpose="noise", round=3)


def seed_everything() -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)


def test_seeding_numpy_torch_and_random_does_not_change_a_byte_line_15() -> None:
    seed_everything()
    keyed, system = KEYED.draw(64), OperatingSystemRandomness().draw(64)
    seed_everything()
    assert OperatingSystemRandomness().draw(64) != system
    assert KEYED.draw(64) == keyed
    torch.manual_seed(2)
    assert KEYED.draw(64) == keyed


def test_drawing_leaves_the_global_generators_alone_line_15() -> None:
    seed_everything()
    expected = (random.random(), np.random.random(), torch.rand(1).item())  # noqa: S311
    seed_everything()
    KEYED.draw(1000)
    OperatingSystemRandomness().draw(1000)
    assert (random.random(), np.random.random(), torch.rand(1).item()) == expected  # noqa: S311


def test_a_stream_is_repeated_and_a_longer_draw_begins_with_the_shorter() -> None:
    assert KEYED.draw(1000)[:100] == KEYED.draw(100)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEYED, round=4),
        replace(KEYED, purpose="sampling"),
        replace(KEYED, key=bytes(32)),
        replace(KEYED, purpose="nois", round=3 + 256 * ord("e")),
    ],
)
def test_another_round_purpose_or_key_is_another_stream(other: KeyedRandomness) -> None:
    assert other.draw(64) != KEYED.draw(64)


def test_all_256_bits_of_the_key_matter_line_21() -> None:
    streams = {KEYED.draw(16)}
    for bit in range(256):
        flipped = (int.from_bytes(KEYED.key, "big") ^ (1 << bit)).to_bytes(32, "big")
        streams.add(replace(KEYED, key=flipped).draw(16))
    assert len(streams) == 257


def test_seeded_bug_a_key_folded_to_32_bits_would_be_caught() -> None:
    # what Flower's mask generator does: it keeps 32 bits, so most flips change nothing
    def folded(key: bytes) -> bytes:
        return np.random.default_rng(int.from_bytes(key, "big") & 0xFFFFFFFF).bytes(16)

    streams = {folded((int.from_bytes(KEYED.key, "big") ^ (1 << bit)).to_bytes(32, "big")) for bit in range(256)}
    assert len(streams) < 257


def test_the_stream_is_hkdf_then_chacha20() -> None:
    # the recipe spelled out, so that a change of it, which would change every stored result, is seen
    info = b"sottovoce randomness v1\x00" + (3).to_bytes(8, "big") + b"noise"
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(bytes(range(32)))
    assert KEYED.draw(80) == Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(80))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(BadInput, match="32"):
        replace(KEYED, key=key)


def test_seeds_become_keys_one_to_one() -> None:
    assert len({key_from_seed(seed) for seed in (0, 1, 2**32, 2**64, 2**256 - 1)}) == 5
    with pytest.raises(BadInput, match="seed -1"):
        key_from_seed(-1)


def test_uniforms_are_uniform_in_their_half_open_intervals() -> None:
    plain = uniforms(100_000, randomness=KEYED)
    assert plain.min() >= 0
    assert plain.max() < 1
    assert kstest(plain, "uniform").pvalue > 1e-3
    halves, signs = signed_uniforms(100_000, randomness=KEYED)
    assert halves.min() > 0
    assert halves.max() <= 1
    assert kstest(halves, "uniform").pvalue > 1e-3
    assert abs(signs.mean() - 0.5) < 4 * 0.5 / np.sqrt(100_000)
    assert abs(np.corrcoef(halves, signs)[0, 1]) < 4 / np.sqrt(100_000)


def test_extreme_words_stay_in_range() -> None:
    class Constant:
        label = "constant"

        def __init__(self, byte: bytes) -> None:
            self.byte = byte

        def draw(self, size_bytes: int) -> bytes:
            return self.byte * size_bytes

    assert uniforms(1, randomness=Constant(b"\xff"))[0] == 1 - 2.0**-53
    assert uniforms(1, randomness=Constant(b"\x00"))[0] == 0
    assert signed_uniforms(1, randomness=Constant(b"\xff"))[0][0] == 1
    assert signed_uniforms(1, randomness=Constant(b"\x00"))[0][0] == 2.0**-53


def test_the_labels_say_which_can_be_drawn_again() -> None:
    assert (KEYED.label, OperatingSystemRandomness().label) == ("reproducible", "operating system")
