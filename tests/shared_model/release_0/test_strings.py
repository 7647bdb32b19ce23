import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.release_0.strings import Strings

TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=9)


@given(TEXTS, TEXTS)
def test_strings_are_a_sequence_of_what_was_given(some: list[str], more: list[str]) -> None:
    strings = Strings.of(some)
    assert list(strings) == strings[:] == some
    assert [strings[place] for place in range(-len(some), len(some))] == some + some
    assert list(strings.and_(more)) == some + more


@given(TEXTS, st.sets(st.text(max_size=2)))
def test_wanted_strings_are_found_where_they_stand_first(some: list[str], wanted: set[str]) -> None:
    wanted |= set(some[:2])
    found = Strings.of(some).places(wanted)
    assert found == {one: some.index(one) for one in wanted if one in some and one}


def test_what_is_not_known_is_empty() -> None:
    assert list(Strings.of(["a", None])) == ["a", ""]


def test_there_is_nothing_after_the_last() -> None:
    for place in (1, -2):
        with pytest.raises(IndexError):
            Strings.of(["a"])[place]


@pytest.mark.parametrize("offsets", [[], [1, 3], [0, 2], [0, 3, 2, 3], [0, 4]])
def test_offsets_that_do_not_cut_up_the_text_are_refused(offsets: list[int]) -> None:
    with pytest.raises(BadInput, match="offsets do not fit"):
        Strings(np.frombuffer(b"abc", np.uint8), np.array(offsets, np.int64))


def test_a_damaged_text_is_shown_as_far_as_it_can_be_read() -> None:
    assert Strings(np.frombuffer(b"a\xffb", np.uint8), np.array([0, 3]))[0] == "a\ufffdb"
