"""From a profile to recommendations: the one place where consent, store, release and wishes come together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from client.checkin.use import states_for_model
from client.checkin.wish import MoodUse, Wish, state_for
from client.consent.purpose import Purpose
from client.enrolment.held import held_model
from client.personalise.kept import head_in_use
from client.profile import Profile
from client.recommend.choice import Choice
from client.recommend.formats import Entry
from client.recommend.options import Novelty, Source
from client.recommend.plays import read_plays
from client.recommend.recommender import Recommended, Recommender, source_for
from client.recommend.release_file import open_release
from client.recommend.shelf import read_shelf
from client.recommend.words import in_words
from shared_model.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """source: None takes the library where there is one, else the catalogue."""

    count: int
    source: Source | None
    novelty: Novelty
    diversity: float
    wish: Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """entries: best first; about: what they were made from, for people who look closer; left_out: by modality, how many
    own tracks another encoder than the release's encoded."""

    entries: list[Entry]
    about: Mapping[str, object]
    left_out: Mapping[str, int]


def prepare(profile: Profile, *, moods: bool = False) -> Recommender:
    """Load everything. moods: whether the state before each past play is read, where the listener agreed to its use:
    tuning learns from it, and a recommendation reads that of now alone.

    Raises Refused without consent to learn from listening, BadInput for a file that is damaged.
    """
    consent = profile.consents.listening()
    agreed = profile.consents.holds(Purpose.MOOD)
    mood_consent = profile.consents.mood() if moods and agreed else None
    release = open_release(profile.settings.release or held_model(profile))
    shelf = read_shelf(release, profile.history, consent=consent)
    head = head_in_use(profile.history, release, moods=agreed) or release.head
    mood = None if mood_consent is None else profile.mood()
    plays = read_plays(profile.history, shelf.index_of, consent=consent, mood=mood, mood_consent=mood_consent)
    return Recommender.prepare(shelf, head, plays, consent=consent)


def ask(profile: Profile, asked: Asked, *, now_s: float) -> Answer:
    """Recommend once. Raises as `prepare`, and Refused where a mood is to be used that may not be."""
    recommender = prepare(profile)  # refuses where plays may not be learned from, before any mood is read
    state = _state(profile, asked.wish, now_s=now_s)
    source = asked.source or source_for(recommender.shelf)
    choice = Choice(source=source, novelty=asked.novelty, diversity=asked.diversity)
    found = recommender.recommend(asked.count, choice, now_s=now_s, state=state)
    release = recommender.shelf.collection.release
    return Answer(
        entries=[_entry(each, recommender) for each in found.tracks],
        about={
            "release": release.name,
            "release_simulated": release.simulated,
            "head": "release" if recommender.head is release.head else "tuned on this device",
            "from": source.value,
            "plays": len(recommender.history),
            "mood": "not used" if state is None or np.isnan(state).all() else asked.wish.use.value,
            "mood_effect": found.mood_effect,
            "left_out": dict(recommender.shelf.left_out),
        },
        left_out=recommender.shelf.left_out,
    )


def _state(profile: Profile, wish: Wish, *, now_s: float) -> NDArray[np.float32] | None:
    """(S,) as wished; None, with nothing read, where the listener did not agree to its use, or wishes it ignored."""
    if wish.use is MoodUse.IGNORE:
        return None
    if not profile.consents.holds(Purpose.MOOD):
        if wish.use is MoodUse.SHIFT:
            raise Refused(
                "recommend: --mood shift uses your mood, which you have not agreed to. "
                "To agree: sottovoce-client consent grant mood; without: --mood ignore"
            )
        return None
    answered = states_for_model(profile.mood(), np.array([now_s]), consent=profile.consents.mood())
    return state_for(answered[0], wish)


def _entry(found: Recommended, recommender: Recommender) -> Entry:
    shelf = recommender.shelf
    own = shelf.own.get(found.index)
    return Entry(
        named=shelf.named(found.index),
        path=None if own is None else own.path,
        probability=found.probability,
        words=in_words(found.reason, shelf),
        reason=found.reason,
        past=() if found.reason is None else tuple(shelf.named(each.index) for each in found.reason.past),
    )
