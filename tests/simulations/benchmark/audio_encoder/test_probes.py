import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.benchmark.audio_encoder import probes


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_a_row_that_is_its_own_nearest_has_rank_nothing_and_chance_is_the_middle() -> None:
    gallery = random(400, 8)
    assert (probes.ranks(gallery + 0.01 * random(400, 8, seed=1), gallery) == 0).mean() > 0.95
    assert abs(probes.ranks(random(400, 8, seed=2), gallery).mean() - 200) < 35  # six standard errors


def test_ranks_agree_with_a_slow_reference() -> None:
    queries, gallery = random(20, 3), random(20, 3, seed=1)
    mean = gallery.mean(axis=0)

    def cosine(one: np.ndarray, other: np.ndarray) -> float:
        return (one - mean) @ (other - mean) / np.linalg.norm(one - mean) / np.linalg.norm(other - mean)

    slow = [
        sum(cosine(queries[row], other) > cosine(queries[row], gallery[row]) + 1e-12 for other in gallery)
        for row in range(20)
    ]
    assert probes.ranks(queries, gallery).tolist() == slow


def test_vectors_that_say_nothing_have_middling_ranks_and_are_never_first() -> None:
    assert (probes.ranks(np.ones((9, 4)), np.ones((9, 4))) == 4).all()


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_neither_length_nor_a_common_shift_changes_a_rank(scale: float, shift: float) -> None:
    queries, gallery = random(12, 5), random(12, 5, seed=1)
    moved = probes.ranks(queries * scale + shift, gallery * scale + shift)
    np.testing.assert_array_equal(moved, probes.ranks(queries, gallery))


def test_the_nearest_other_row_is_asked_for_its_label_and_chance_is_counted() -> None:
    vectors = np.array([[1.0, 0.1], [1.0, 0.0], [-1.0, 0.1], [-1.0, 0.0]])
    assert probes.nearest_has_same_label(vectors, ["a", "a", "b", "b"]).all()
    assert not probes.nearest_has_same_label(vectors, ["a", "b", "a", "b"]).any()
    assert probes.chance_of_same_label(["a", "a", "b", "b"]) == pytest.approx(1 / 3)
    assert probes.chance_of_same_label(["a", "a", "a", "b"]) == pytest.approx(0.5)


def test_labels_are_found_by_the_means_of_other_groups_only() -> None:
    groups = list(np.repeat(np.arange(6), 10))
    kinds = ["guitar", "band"] * 30
    apart = np.array([[5.0, 0, 0] if kind == "guitar" else [-5.0, 0, 0] for kind in kinds]) + random(60, 3)
    assert probes.centroid_accuracy(apart, kinds, groups) == 1.0
    by_group = np.eye(6)[groups] + 0.01 * random(60, 6)  # what tells groups apart tells nothing of the kind
    assert probes.centroid_accuracy(by_group, kinds, groups) < 0.8


def test_a_linear_truth_is_explained_and_noise_is_not() -> None:
    vectors, groups = random(200, 10), np.tile(np.arange(100), 2)
    truth = vectors @ random(10, seed=3)
    assert probes.explained_by_ridge(vectors, truth, groups) > 0.99
    assert probes.explained_by_ridge(vectors, random(200, seed=4), groups) < 0.15


def test_what_only_tells_groups_apart_explains_nothing() -> None:
    groups = np.tile(np.arange(100), 2)
    vectors = np.random.default_rng(0).normal(size=(100, 40))[groups]
    assert probes.explained_by_ridge(vectors, random(100, seed=5)[groups], groups) < 0.2
