import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared_model.catalogue import Modality
from shared_model.encoders.centring import centre, present_mean

VECTORS = arrays(np.float32, (6, 4), elements=st.floats(-3, 3, width=32))


@given(vectors=VECTORS, present=arrays(np.bool_, 6))
def test_present_rows_are_of_unit_length_and_absent_ones_zero(vectors: np.ndarray, present: np.ndarray) -> None:
    raw = Modality(vectors=vectors * present[:, None], present=present)
    centred = centre(raw, present_mean(raw))
    lengths = np.linalg.norm(centred.vectors, axis=1)
    np.testing.assert_allclose(lengths, centred.present, atol=1e-5)
    assert not (centred.present & ~present).any()


def test_a_shared_direction_is_gone() -> None:
    noise = np.random.default_rng(0).standard_normal((200, 16))
    raw = Modality(vectors=(noise + 10).astype(np.float32), present=np.ones(200, dtype=np.bool_))
    centred = centre(raw, present_mean(raw)).vectors
    cosines = centred @ centred.T
    assert abs(cosines[~np.eye(200, dtype=bool)].mean()) < 0.02


def test_absent_rows_do_not_move_the_mean() -> None:
    raw = Modality(vectors=np.array([[1, 0], [3, 0], [0, 0]], dtype=np.float32), present=np.array([True, True, False]))
    assert present_mean(raw).tolist() == [2.0, 0.0]


def test_a_catalogue_without_the_modality_has_a_zero_mean() -> None:
    raw = Modality(vectors=np.zeros((2, 3), dtype=np.float32), present=np.zeros(2, dtype=np.bool_))
    assert present_mean(raw).tolist() == [0.0, 0.0, 0.0]
    assert not centre(raw, present_mean(raw)).present.any()


def test_a_track_that_is_the_mean_itself_is_absent() -> None:
    raw = Modality(vectors=np.array([[1, 1]], dtype=np.float32), present=np.array([True]))
    assert centre(raw, present_mean(raw)).present.tolist() == [False]
