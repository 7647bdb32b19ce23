"""Whatever a sentence says is so: checked against the plays themselves, not against what memory made of them."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.recommend.choice import Choice
from client.recommend.options import Source
from client.recommend.reasons import Reason
from client.recommend.words import NOTHING_SPEAKS, in_words
from shared_model.memory.channels import CHANNELS, CHANNELS_OF
from tests.client.recommend.small import MODALITIES, Small, heard, only, small

LATELY, RUN, SOON, CONTEXT = 20, 10, 5, 8
ALL = Choice(source=Source.ANYWHERE, diversity=0)


def near(plays, one, other, within):
    """Whether `other` stands at most so many plays after or before `one`."""
    at_one, at_other = np.flatnonzero(plays == one), np.flatnonzero(plays == other)
    return any(0 < abs(first - second) <= within for first in at_one for second in at_other)


def is_true(said: str, index: int, told: Small, played: np.ndarray) -> bool:
    tracks = told.release.tracks
    artist, album = tracks.artist, tracks.album
    named = [int(number) for number in re.findall(r"“T(\d+)”", said)]
    count = re.search(r"(once|twice|([\d,]+) times)", said)
    times = None if count is None else {"once": 1, "twice": 2}.get(count[1]) or int(count[2].replace(",", ""))
    shape = re.sub(r"(“T\d+”( and (?=“))?)+", "X", said)
    shape = re.sub(r"(once|twice|[\d,]+ times)", "N", re.sub(r"\d{4}-\d\d-\d\d", "DAY", shape))

    def others_near(one: int, within: int) -> bool:
        return any(near(plays, one, index, within) for plays in told.listening)

    match shape:
        case (
            "its lyrics fit what you played lately, with most weight on X"
            | "its sound fits what you played lately, with most weight on X"
        ):
            return bool(named) and set(named) <= set(played[-LATELY:].tolist())
        case "simulated listeners play it around X":
            return set(named) <= set(played[-SOON:].tolist()) and all(others_near(each, SOON) for each in named)
        case "simulated listeners play it again soon":
            return others_near(index, SOON)
        case "simulated listeners play it after X and then X":
            first, second = named
            return (first, second) == tuple(played[-2:]) and any(
                tuple(plays[at : at + 3]) == (first, second, index)
                for plays in told.listening
                for at in range(len(plays))
            )
        case "simulated listeners who play X play it, too":
            return set(named) <= set(played.tolist()) and all(others_near(each, SOON) for each in named)
        case "it is by the artist of X":
            same = all(artist[each] == artist[index] >= 0 for each in named)
            return same and set(named) <= set(played[-RUN:].tolist()) - {index}
        case "you were just playing its artist":
            return artist[index] >= 0 and artist[index] in artist[played[-RUN:]]
        case "simulated listeners play its artist near that of X":
            return set(named) <= set(played[-RUN:].tolist()) and all(
                any(near(artist[plays], artist[each], artist[index], SOON) for plays in told.listening)
                for each in named
            )
        case "it is from the album of X":
            return all(album[each] == album[index] >= 0 and each in played[-RUN:] and each != index for each in named)
        case "you were just playing its album":
            return album[index] >= 0 and album[index] in album[played[-RUN:]]
        case "simulated listeners played it N":
            return times == sum(int((plays == index).sum()) for plays in told.listening)
        case "simulated listeners played its artist N":
            return times == sum(int((artist[plays] == artist[index]).sum()) for plays in told.listening)
        case "you played it N, last on DAY" | "you played it N, on DAY":
            last = heard(played).started_at_s[np.flatnonzero(played == index)[-1]]
            day = time.strftime("%Y-%m-%d", time.localtime(last))
            return times == (played == index).sum() and said.endswith(day) and ("last" in said) == (times > 1)
        case "you have played it near X before":
            return index not in named and all(
                each in played[-CONTEXT:] and near(played, each, index, CONTEXT) for each in named
            )
        case "you have soon come back to it before":
            return near(played, index, index, CONTEXT)
        case "you have played its artist N":
            return artist[index] >= 0 and times == (artist[played] == artist[index]).sum() > 0
        case "you have played its album N":
            return album[index] >= 0 and times == (album[played] == album[index]).sum() > 0
        case _:
            return said == NOTHING_SPEAKS


def sentences(told: Small, played: np.ndarray, *open_: str) -> list[tuple[int, Reason | None, str]]:
    recommender = told.recommender(played, only(told.release, *open_) if open_ else None)
    found = recommender.recommend(20, ALL, now_s=2_000_000_000, state=None)
    return [(each.index, each.reason, in_words(each.reason, recommender.shelf)) for each in found.tracks]


@pytest.mark.parametrize("channel", [*MODALITIES, *CHANNELS])
def test_what_each_channel_says_is_so_and_each_has_its_say(channel: str) -> None:
    spoke = 0
    for seed in range(16):
        told = small(seed)
        drawn = np.random.default_rng(seed).integers(20, size=(0, 3, 12, 40)[seed % 4])
        played = np.concatenate([drawn, max(told.listening, key=len)[: 1 + seed % 2]])
        for index, reason, said in sentences(told, played, channel):
            assert is_true(said, index, told, played), said
            assert (reason is None) == (said == NOTHING_SPEAKS)
            if reason is not None:
                spoke += 1
                assert channel == reason.path or channel in CHANNELS_OF[reason.path]
    assert spoke > 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 19), min_size=1, max_size=45))
def test_what_any_head_says_of_any_plays_is_so(seed: int, played: list[int]) -> None:
    told = small(seed)
    for index, reason, said in sentences(told, np.array(played)):
        assert is_true(said, index, told, np.array(played)), said
        if reason is not None:
            assert sum(each.weight for each in reason.past) <= 1.001
            assert list(reason.shares.values()) == sorted(reason.shares.values(), reverse=True)
            assert sum(reason.shares.values()) == pytest.approx(1, abs=0.01)
            assert next(iter(reason.shares)) == reason.path


@pytest.mark.parametrize("modality", MODALITIES)
def test_content_names_the_listens_that_attention_dwelt_on_most(modality: str) -> None:
    told, played = small(3), np.random.default_rng(5).integers(20, size=25)
    recommender = told.recommender(played, only(told.release, modality))
    moment = recommender.recollection.moment(recommender.history, now_s=2_000_000_000, shortlist=512)
    attention = recommender.score(moment).attention[0, list(MODALITIES).index(modality)]
    by_track = {track: float(attention[played[-LATELY:] == track].sum()) for track in set(played[-LATELY:].tolist())}
    most = sorted(by_track, key=by_track.get, reverse=True)[:2]
    reasons = [reason for _, reason, _ in sentences(told, played, modality) if reason is not None]
    assert reasons
    for reason in reasons:
        assert [each.index for each in reason.past] == most[: len(reason.past)]
        assert reason.past[0].weight == pytest.approx(by_track[most[0]], abs=1e-4)


def test_twenty_listens_of_equal_attention_are_not_passed_over_in_silence() -> None:
    told = small(3, tracks=40)
    parameters = {
        name: np.zeros_like(held) if "energy" in name or "recency" in name else held
        for name, held in only(told.release, "audio").parameters.items()
    }
    recommender = told.recommender(
        np.arange(25), type(told.release.head)(shape=told.release.head.shape, parameters=parameters)
    )
    found = recommender.recommend(20, ALL, now_s=2_000_000_000, state=None)
    assert all(each.reason.past for each in found.tracks if each.reason is not None)


def test_listeners_who_were_not_simulated_are_not_called_so() -> None:
    told = small(1, simulated=False)
    assert all("simulated" not in said for _, _, said in sentences(told, np.array([1, 2, 3])))
    said = [said for _, _, said in sentences(told, np.array([], np.int64))]
    assert any(each.startswith("other listeners played it ") for each in said)


def test_where_nothing_was_played_only_others_plays_are_told() -> None:
    told = small(2)
    for index, reason, said in sentences(told, np.array([], np.int64)):
        assert is_true(said, index, told, np.array([], np.int64)), said
        assert reason is None or (reason.path, reason.past) == ("popularity", ())
