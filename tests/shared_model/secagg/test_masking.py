import random
import secrets

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from shared_model.secagg.masking import MaskedSum, mask
from shared_model.secagg.packing import pack, packed_bytes, unpack


def below(words: np.ndarray, bits: int) -> np.ndarray:
    return words.astype(np.uint64) & np.uint64((1 << bits) - 1)


@pytest.mark.parametrize("bits", [1, 2, 5, 8])
def test_masks_are_uniform_over_the_modulus_top_value_included(bits):
    counts = np.bincount(below(mask(secrets.token_bytes(32), 1 << 17, modulus_bits=bits), bits), minlength=1 << bits)
    assert len(counts) == 1 << bits  # the top value is there, and nothing above
    assert chisquare(counts).pvalue > 1e-6


@pytest.mark.parametrize("bits", [20, 32, 33, 62])
def test_high_and_low_bits_of_wide_masks_are_uniform(bits):
    words = below(mask(secrets.token_bytes(32), 1 << 17, modulus_bits=bits), bits)
    for part in (words >> np.uint64(bits - 8), words & np.uint64(255)):
        counts = np.bincount(part, minlength=256)
        assert len(counts) == 256
        assert chisquare(counts).pvalue > 1e-6


@given(st.binary(min_size=32, max_size=32), st.integers(0, 255))
def test_every_one_of_256_bits_of_a_seed_matters(seed, bit):
    other = (int.from_bytes(seed) ^ 1 << bit).to_bytes(32)
    first, second = (mask(each, 64, modulus_bits=32) for each in (seed, other))
    assert (first != second).sum() > 32


def test_seeds_that_agree_in_any_32_bits_give_masks_of_their_own():
    """What is folded to 32 bits is found by this: eight words, each of which alone is the same in both seeds."""
    seed = bytearray(secrets.token_bytes(32))
    masks = {mask(bytes(seed), 16, modulus_bits=62).tobytes()}
    for word in range(8):
        other = bytearray(secrets.token_bytes(32))
        other[4 * word : 4 * word + 4] = seed[4 * word : 4 * word + 4]
        masks.add(mask(bytes(other), 16, modulus_bits=62).tobytes())
    # and one that a sum or an exclusive or of its words, as a fold makes them, would not tell
    words = np.frombuffer(bytes(seed), "<u4")
    masks.add(mask(words[::-1].tobytes(), 16, modulus_bits=62).tobytes())
    assert len(masks) == 10


def test_seeding_numpy_and_random_changes_nothing():
    seed = bytes(range(32))
    first = mask(seed, 8, modulus_bits=40)
    np.random.seed(1)
    random.seed(1)
    assert (mask(seed, 8, modulus_bits=40) == first).all()


@given(st.integers(1, 62), st.integers(1, 40), st.data())
def test_masks_cancel_exactly(bits, size, data):
    numbers = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=size, max_size=size))
    vector, seed = np.array(numbers, dtype=np.uint64), secrets.token_bytes(32)
    total = MaskedSum(size, modulus_bits=bits)
    total.add_mask(seed)
    total.add(vector)
    total.add(vector)
    total.subtract_mask(seed)
    assert total.reduced().tolist() == [2 * number % 2**bits for number in numbers]


@given(st.integers(1, 62), st.lists(st.integers(0, 2**62 - 1), min_size=1, max_size=70))
def test_packing_is_undone_and_leaves_no_gap(bits, numbers):
    vector = np.array([number % 2**bits for number in numbers], dtype=np.uint64)
    packed = pack(vector, bits=bits)
    assert len(packed) == packed_bytes(len(vector), bits) == -(-bits * len(vector) // 8)
    assert (unpack(packed, len(vector), bits=bits) == vector).all()
    slow = sum(int(number) << bits * index for index, number in enumerate(vector))
    assert int.from_bytes(packed, "little") == slow


def test_what_was_not_packed_is_refused():
    packed = pack(np.array([1, 2, 3], dtype=np.uint64), bits=3)
    with pytest.raises(ValueError, match="3 bytes came"):
        unpack(packed + b"\0", 3, bits=3)
    with pytest.raises(ValueError, match="after the last"):
        unpack(bytes([packed[0], packed[1] | 128]), 3, bits=3)
