import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.populations import split_populations


def listeners(count: int) -> list[History]:
    return [History(listener=str(index), tracks=np.array([index])) for index in range(count)]


@given(st.integers(2, 60), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_everyone_is_either_public_or_private(count, share, seed):
    histories = listeners(count)
    if not 0 < round(share * count) < count:
        with pytest.raises(BadInput, match="nobody"):
            split_populations(histories, public_share=share, seed=seed)
        return
    public, private = split_populations(histories, public_share=share, seed=seed)
    assert len(public) == round(share * count)
    assert sorted([*public, *private], key=lambda history: int(history.listener)) == histories
    for part in (public, private):
        order = [int(history.listener) for history in part]
        assert order == sorted(order)


def test_the_seed_decides_who_is_public():
    def public_of(seed: int) -> list[str]:
        return [history.listener for history in split_populations(listeners(50), public_share=0.5, seed=seed)[0]]

    assert public_of(1) == public_of(1)
    assert public_of(1) != public_of(2)


def test_neither_population_depends_on_what_was_played():
    others = [History(listener=str(index), tracks=np.array([7, 7, 7])) for index in range(50)]
    for one, other in zip(
        split_populations(listeners(50), public_share=0.3, seed=9),
        split_populations(others, public_share=0.3, seed=9),
        strict=True,
    ):
        assert [history.listener for history in one] == [history.listener for history in other]
