import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.errors import BadInput, Refused
from shared_model.privacy.matrix_factorisation import BandedFactorisation, NoiseMemory, next_noise
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed

SMALL = [(rounds, bands) for rounds in (1, 2, 3, 5, 8, 12) for bands in range(1, rounds + 1)]


def keyed(number: int, seed: int = 7) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(seed), purpose="noise", round=number)


def whole(rounds: int, bands: int) -> NDArray[np.float64]:
    """Oracle: C as a matrix, from central binomial coefficients."""
    encoder = np.zeros((rounds, rounds))
    for row, column in itertools.product(range(rounds), repeat=2):
        if 0 <= row - column < bands:
            encoder[row, column] = math.comb(2 * (row - column), row - column) / 4 ** (row - column)
    return encoder / np.linalg.norm(encoder, axis=0)


def drawn(factorisation: BandedFactorisation, *, size: int, seed: int = 7) -> NDArray[np.float64]:
    """(n, d): the noise of all rounds, as a run draws it."""
    memory, rows = NoiseMemory.start(size=size), []
    for number in range(factorisation.rounds):
        row, memory = next_noise(
            memory, factorisation=factorisation, standard_deviation=1.0, randomness=keyed(number, seed)
        )
        rows.append(row)
    return np.array(rows)


def independent(rounds: int, *, size: int, seed: int = 7) -> NDArray[np.float64]:
    return drawn(BandedFactorisation(rounds=rounds, bands=1), size=size, seed=seed)


def patterns(rounds: int, *, separation: int, most: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, most + 1):
        for pattern in itertools.combinations(range(rounds), size):
            if all(later - earlier >= separation for earlier, later in itertools.pairwise(pattern)):
                yield pattern


def largest_change(encoder: NDArray[np.float64], *, separation: int, most: int) -> float:
    """By enumeration of all patterns and all signs of the updates."""
    return max(
        float(np.linalg.norm(encoder[:, pattern] @ np.array(signs)))
        for pattern in patterns(len(encoder), separation=separation, most=most)
        for signs in itertools.product((1.0, -1.0), repeat=len(pattern))
    )


@pytest.mark.parametrize(("rounds", "bands"), SMALL)
def test_line_19_the_columns_have_unit_norm_and_meet_no_column_that_is_a_separation_away(
    rounds: int, bands: int
) -> None:
    factorisation = BandedFactorisation(rounds=rounds, bands=bands)
    encoder = np.linalg.inv(np.linalg.solve(independent(rounds, size=rounds).T, drawn(factorisation, size=rounds).T).T)
    np.testing.assert_allclose(encoder, whole(rounds, bands), atol=1e-9)  # what the streamed noise really undoes
    np.testing.assert_allclose(np.linalg.norm(encoder, axis=0), 1, rtol=1e-9)
    gram = encoder.T @ encoder
    apart = np.abs(np.subtract.outer(range(rounds), range(rounds))) >= bands
    np.testing.assert_allclose(gram[apart], 0, atol=1e-9)


@pytest.mark.parametrize(("rounds", "bands"), SMALL)
def test_line_19_the_streamed_noise_is_the_inverse_of_the_whole_matrix(rounds: int, bands: int) -> None:
    streamed = drawn(BandedFactorisation(rounds=rounds, bands=bands), size=5)
    encoder = whole(rounds, bands)
    np.testing.assert_allclose(encoder @ streamed, independent(rounds, size=5), atol=1e-12)
    prefix_sums = np.tril(np.ones((rounds, rounds)))
    decoder = prefix_sums @ np.linalg.inv(encoder)
    np.testing.assert_allclose(decoder @ encoder, prefix_sums, atol=1e-12)
    np.testing.assert_allclose(np.cumsum(streamed, axis=0), decoder @ independent(rounds, size=5), atol=1e-11)


@pytest.mark.parametrize("rounds", [4, 7])
def test_the_whole_square_root_is_the_square_root_of_the_prefix_sums(rounds: int) -> None:
    coefficients = BandedFactorisation(rounds=rounds, bands=rounds).coefficients
    root = np.array([[coefficients[row - column] if row >= column else 0.0 for column in range(rounds)]
                     for row in range(rounds)])  # fmt: skip
    np.testing.assert_allclose(root @ root, np.tril(np.ones((rounds, rounds))), atol=1e-12)


@pytest.mark.parametrize(("rounds", "bands"), [(1, 1), (5, 1), (6, 2), (7, 3), (9, 3), (9, 4), (9, 9)])
@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_line_19_the_sensitivity_is_the_root_of_the_participations_by_enumeration(
    rounds: int, bands: int, most: int
) -> None:
    claimed = BandedFactorisation(rounds=rounds, bands=bands).sensitivity(clip_norm=0.3, max_participations=most)
    assert 0.3 * largest_change(whole(rounds, bands), separation=bands, most=most) == pytest.approx(claimed, rel=1e-12)


@settings(deadline=None)
@given(data=st.data(), bands=st.integers(1, 6), rounds=st.integers(6, 12))
def test_line_19_no_updates_of_any_direction_change_more_than_the_sensitivity(
    data: st.DataObject, bands: int, rounds: int
) -> None:
    factorisation = BandedFactorisation(rounds=rounds, bands=bands)
    taken: tuple[int, ...] = ()
    for number in range(1, rounds + 1):
        if data.draw(st.booleans()) and factorisation.may_take_part(number, earlier=taken, max_participations=4):
            taken += (number,)
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    updates = np.zeros((rounds, 3))
    for number in taken:
        direction = draw.normal(size=3)
        updates[number - 1] = direction / np.linalg.norm(direction)
    change = np.linalg.norm(whole(rounds, bands) @ updates)
    assert change <= factorisation.sensitivity(clip_norm=1.0, max_participations=4) * (1 + 1e-12)
    assert change == pytest.approx(math.sqrt(len(taken)))


def test_line_19_the_device_keeps_its_rounds_apart_and_few() -> None:
    factorisation = BandedFactorisation(rounds=10, bands=3)

    def accepts(number: int, *earlier: int) -> bool:
        return factorisation.may_take_part(number, earlier=earlier, max_participations=2)

    assert [accepts(number, 4) for number in range(5, 11)] == [False, False, True, True, True, True]
    assert accepts(1)
    assert accepts(10)
    assert not accepts(11)
    assert not accepts(0)
    assert not accepts(10, 1, 4)
    assert not accepts(4, 4)  # asked twice
    assert not accepts(1, 4)  # asked for an earlier round: two rounds within the bands could be had backwards


def test_seeded_bug_without_the_separation_the_sensitivity_is_exceeded() -> None:
    claimed = BandedFactorisation(rounds=9, bands=3).sensitivity(clip_norm=1.0, max_participations=3)
    assert largest_change(whole(9, 3), separation=1, most=3) > 1.2 * claimed
    assert largest_change(whole(9, 3), separation=2, most=3) > 1.1 * claimed


def test_seeded_bug_columns_that_are_not_scaled_exceed_the_sensitivity() -> None:
    unscaled = whole(9, 4) * BandedFactorisation(rounds=9, bands=4).column_norms
    assert largest_change(unscaled, separation=4, most=2) > 1.2 * math.sqrt(2)


def test_line_19_the_noise_of_rounds_is_correlated_as_the_matrix_says() -> None:
    noise = drawn(BandedFactorisation(rounds=6, bands=3), size=40_000)
    inverse = np.linalg.inv(whole(6, 3))
    np.testing.assert_allclose(noise @ noise.T / 40_000, inverse @ inverse.T, atol=0.06)


def test_line_19_a_run_that_is_killed_between_rounds_goes_on_with_the_same_noise_from_its_stored_memory() -> None:
    factorisation = BandedFactorisation(rounds=8, bands=4)
    expected = drawn(factorisation, size=3)
    memory = NoiseMemory.start(size=3)
    for number in range(8):
        row, memory = next_noise(memory, factorisation=factorisation, standard_deviation=1.0, randomness=keyed(number))
        assert np.array_equal(row, expected[number])
        memory = NoiseMemory(round=memory.round, rows=np.frombuffer(memory.rows.tobytes()).reshape(-1, 3))
        assert len(memory.rows) == min(number + 1, 3)


def test_line_19_drawing_leaves_the_earlier_memory_as_it_was() -> None:
    factorisation = BandedFactorisation(rounds=3, bands=3)
    start = NoiseMemory.start(size=2)
    _, once = next_noise(start, factorisation=factorisation, standard_deviation=1.0, randomness=keyed(0))
    kept = once.rows.copy()
    next_noise(once, factorisation=factorisation, standard_deviation=1.0, randomness=keyed(1))
    assert np.array_equal(once.rows, kept)
    assert (start.round, once.round) == (0, 1)


def test_line_19_no_noise_is_drawn_beyond_the_planned_rounds() -> None:
    factorisation = BandedFactorisation(rounds=2, bands=2)
    memory = NoiseMemory(round=2, rows=np.zeros((1, 2)))
    with pytest.raises(Refused, match="all 2 planned rounds"):
        next_noise(memory, factorisation=factorisation, standard_deviation=1.0, randomness=OperatingSystemRandomness())


@pytest.mark.parametrize(
    ("rounds", "bands", "jax_privacy"),
    [(12, 4, 3.0856531487269074), (100, 8, 10.508566380381131), (500, 16, 26.700573720667204)],
)
def test_line_19_the_error_of_the_sums_is_jax_privacys(rounds: int, bands: int, jax_privacy: float) -> None:
    # jax-privacy 2.0.0: toeplitz.inverse_as_streaming_matrix(coefficients of norm 1, column_normalize_for_n=rounds)
    error = BandedFactorisation(rounds=rounds, bands=bands).prefix_sum_error()
    assert error == pytest.approx(jax_privacy, rel=1e-9)
    assert error < (rounds + 1) / 2


def test_one_band_is_independent_noise() -> None:
    assert BandedFactorisation(rounds=9, bands=1).prefix_sum_error() == pytest.approx(5)
    assert np.array_equal(independent(3, size=4)[1], drawn(BandedFactorisation(rounds=2, bands=1), size=4)[1])


def test_line_19_the_noise_of_the_first_column_is_jax_privacys() -> None:
    # jax-privacy 2.0.0: first column of C^-1 for 12 rounds and 4 bands, by the same call
    golden = [1.21995133, -6.09975665e-01, -1.52493916e-01, -7.62469582e-02, 2.85926093e-01, -6.67160884e-02,
              -5.00370663e-02, -3.93148378e-02, 5.92700964e-02, 7.19755641e-04, -9.45115402e-03,
              -1.11846924e-02]  # fmt: skip
    factorisation = BandedFactorisation(rounds=12, bands=4)
    streamed, fresh = drawn(factorisation, size=12), independent(12, size=12)
    np.testing.assert_allclose(np.linalg.solve(fresh.T, streamed.T).T[:, 0], golden, atol=1e-8)


@pytest.mark.parametrize(("rounds", "bands"), [(0, 1), (5, 0), (5, 6), (-1, -1)])
def test_bands_that_do_not_fit_the_rounds_are_refused(rounds: int, bands: int) -> None:
    with pytest.raises(BadInput, match="bands over"):
        BandedFactorisation(rounds=rounds, bands=bands)
