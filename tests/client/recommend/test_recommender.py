from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.consent.kinds import MoodConsent
from client.consent.purpose import Purpose
from client.feedback.said import NOT_NOW_DAYS, About, Feedback, Said
from client.recommend.choice import SAME_ALBUM, SAME_ARTIST, Choice, chosen
from client.recommend.options import Novelty, Source
from client.recommend.recommender import Recommender, source_for
from shared_model.errors import BadInput
from tests.client.recommend.small import LISTENING, Small, heard, only, receipt, small

NOW_S = 2_000_000_000.0
ANYWHERE = Choice(source=Source.ANYWHERE)
PLAYS = st.lists(st.integers(0, 19), max_size=30)
STATE = np.array([0.5, -0.5, *[np.nan] * 6], np.float32)


def indices(found):
    return [each.index for each in found.tracks]


def likeness(told: Small, one: int, other: int) -> float:
    tracks = told.release.tracks
    alike = [0.0]
    if tracks.artist[one] == tracks.artist[other] >= 0:
        alike.append(SAME_ARTIST)
    if tracks.album[one] == tracks.album[other] >= 0:
        alike = [SAME_ALBUM]
    return max(
        *alike, *(float(held.vectors[one] @ held.vectors[other]) for held in told.release.modalities.values()), 0
    )


@settings(deadline=None)
@given(
    st.integers(0, 50),
    st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=12),
    st.floats(0, 1),
    st.integers(1, 14),
)
def test_the_choice_is_that_of_a_slow_marginal_relevance(seed, logits, diversity, count) -> None:
    told, logits = small(seed), np.array(logits, np.float32)
    candidates = np.random.default_rng(seed).permutation(20)[: len(logits)]
    found = chosen(logits, candidates, count, diversity=diversity, collection=told.shelf().collection)
    assert len(found) == len(set(found)) == min(count, len(logits))
    relevance = (logits - logits.min()) / max(float(np.ptp(logits)), 1e-9)

    def gain(at, before):
        alike = max((likeness(told, candidates[at], candidates[one]) for one in before), default=0)
        return (1 - diversity) * float(relevance[at]) - diversity * alike

    for turn, place in enumerate(found):
        left = set(range(len(logits))) - set(found[:turn])
        assert gain(place, found[:turn]) >= max(gain(at, found[:turn]) for at in left) - 0.02  # half precision


def test_without_diversity_the_best_come_first_and_with_all_of_it_the_best_is_still_the_first() -> None:
    told, logits = small(), np.array([0.1, 3.0, 2.0, -1.0], np.float32)
    collection, candidates = told.shelf().collection, np.array([4, 8, 2, 6])
    assert chosen(logits, candidates, 4, diversity=0, collection=collection) == [1, 2, 0, 3]
    assert chosen(logits, candidates, 4, diversity=1, collection=collection)[0] == 1


def test_equal_scores_keep_the_order_of_memory() -> None:
    collection = small().shelf().collection
    assert chosen(np.zeros(5, np.float32), np.arange(5), 5, diversity=0, collection=collection) == [0, 1, 2, 3, 4]
    assert chosen(np.zeros(0, np.float32), np.arange(0), 5, diversity=0, collection=collection) == []


@pytest.mark.parametrize("diversity", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_diversity_that_cannot_be_is_refused(diversity: float) -> None:
    with pytest.raises(BadInput, match="give 0 to 1"):
        Choice(source=Source.ANYWHERE, diversity=diversity)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 50), PLAYS, st.sampled_from(Novelty), st.integers(1, 30), st.floats(0, 1))
def test_what_is_recommended_was_asked_for(seed, played, novelty, count, diversity) -> None:
    recommender = small(seed).recommender(np.array(played, np.int64))
    choice = Choice(source=Source.ANYWHERE, novelty=novelty, diversity=diversity)
    found = recommender.recommend(count, choice, now_s=NOW_S, state=None)
    left = set(range(20)) - set(played[-1:])
    if novelty is not Novelty.ANY:
        left = left & set(played) if novelty is Novelty.REPEATS else left - set(played)
    assert len(indices(found)) == len(set(indices(found))) == min(count, len(left))
    assert set(indices(found)) <= left
    assert all(each.probability >= 0 for each in found.tracks)
    assert sum(each.probability for each in found.tracks) <= 1 + 1e-6
    assert found == recommender.recommend(count, choice, now_s=NOW_S, state=None)


def test_the_library_is_what_has_files_and_the_catalogue_what_is_released() -> None:
    shelf = small().shelf()
    assert source_for(shelf) is Source.CATALOGUE
    shelf = replace(shelf, in_library=np.arange(20) == 7)
    assert source_for(shelf) is Source.LIBRARY
    for played in ([], [1, 2], [1, 7]):
        recommender = Recommender.prepare(shelf, shelf.collection.release.head, heard(played), consent=LISTENING)
        library = recommender.recommend(5, Choice(source=Source.LIBRARY), now_s=NOW_S, state=None)
        assert indices(library) == ([] if played[-1:] == [7] else [7])
        catalogue = recommender.recommend(30, Choice(source=Source.CATALOGUE), now_s=NOW_S, state=None)
        assert set(indices(catalogue)) == set(range(20)) - set(played[-1:])


@pytest.mark.parametrize("played", [[], [1, 2, 3]])
def test_a_hated_track_never_comes_again_and_one_for_not_now_when_its_days_are_over(played: list[int]) -> None:
    told = small()
    words = {7: (Said.HATE,), 8: (Said.LOVE,), 9: (Said.LOVE, Said.NOT_NOW)}
    about = About(artist="A", title="B")
    said = {
        index: tuple(Feedback(id=1, about=about, said=each, at_s=NOW_S) for each in each_said)
        for index, each_said in words.items()
    }
    shelf = replace(told.shelf(), said=said)
    recommender = Recommender.prepare(shelf, told.release.head, heard(played), consent=LISTENING)
    for days, missing in ((0, {7, 9}), (NOT_NOW_DAYS, {7})):
        now_s = NOW_S + days * 86_400
        found = recommender.recommend(30, Choice(source=Source.CATALOGUE), now_s=now_s, state=None)
        assert set(indices(found)) == set(range(20)) - set(played[-1:]) - missing


def test_a_catalogue_of_one_track_has_it_until_it_was_played() -> None:
    told = small(tracks=1)
    assert indices(told.recommender(np.array([], np.int64)).recommend(3, ANYWHERE, now_s=NOW_S, state=None)) == [0]
    assert indices(told.recommender(np.array([0])).recommend(3, ANYWHERE, now_s=NOW_S, state=None)) == []


def test_where_nothing_was_played_others_plays_decide() -> None:
    told = small(5)
    found = told.recommender(np.array([], np.int64)).recommend(
        20, Choice(source=Source.ANYWHERE, diversity=0), now_s=NOW_S, state=None
    )
    plays = told.release.statistics.plays
    assert plays[indices(found)].tolist() == sorted(plays, reverse=True)
    assert [each.reason is None for each in found.tracks] == (plays[indices(found)] == 0).tolist()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 20), PLAYS, st.lists(st.integers(0, 19), max_size=15))
def test_playing_on_gives_what_preparing_anew_gives(seed, played, further) -> None:
    told = small(seed)
    before = told.recommender(np.array(played, np.int64))
    resident, anew = before.after(heard(played + further)), told.recommender(np.array(played + further, np.int64))
    choice = Choice(source=Source.ANYWHERE, diversity=0.3)
    assert resident.recommend(20, choice, now_s=NOW_S, state=None) == anew.recommend(
        20, choice, now_s=NOW_S, state=None
    )


def test_what_further_plays_do_not_change_is_not_worked_out_again() -> None:
    recommender = small().recommender(np.array([1, 2, 3]))
    assert recommender.after(heard([1, 2, 3, 1])).recollection.around is recommender.recollection.around


def test_a_head_that_reads_the_state_says_that_it_did_and_one_that_does_not_says_so() -> None:
    told, played = small(), np.array([1, 2, 3])
    reading = told.recommender(played)
    assert reading.recommend(5, ANYWHERE, now_s=NOW_S, state=STATE).mood_effect
    assert not reading.recommend(5, ANYWHERE, now_s=NOW_S, state=None).mood_effect
    assert not reading.recommend(5, ANYWHERE, now_s=NOW_S, state=np.full_like(STATE, np.nan)).mood_effect
    deaf = told.recommender(played, only(told.release, "next", "own_plays"))
    assert not deaf.recommend(5, ANYWHERE, now_s=NOW_S, state=STATE).mood_effect


def test_another_consent_is_none() -> None:
    told = small()
    with pytest.raises(AssertionError):
        Recommender.prepare(told.shelf(), told.release.head, heard([]), consent=MoodConsent(receipt(Purpose.MOOD)))
    with pytest.raises(TypeError):
        Recommender.prepare(told.shelf(), told.release.head, heard([]))
