"""Which song comes next: back to a song of the own past, on to the next of the cycle, or something by taste.

Letters: L listeners, N songs, T plays of the longest history.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.song_facts import SongFacts, songs_by_cycle
from simulations.simulated_listeners.checkins import states_before_plays
from simulations.simulated_listeners.inclination import Inclinations, inclinations
from simulations.simulated_listeners.mood import draw_moods, draw_temperaments
from simulations.simulated_listeners.population import SimulatedPopulation
from simulations.simulated_listeners.sessions import Sessions, draw_sessions
from simulations.simulated_listeners.taste import Taste

_CONTINUE_CYCLE = 0.30
_MEMORY_DECAY = 0.5  # of ACT-R's base-level activation, which describes relistening (Reiter-Haas et al., RecSys 2021)


def simulate_listeners(
    facts: Sequence[SongFacts], population: SimulatedPopulation, *, seed: int, prefix: str
) -> tuple[History, ...]:
    """Simulate a population's histories over the songs of `facts`, whose indices are the tracks.

    seed: the same seed gives the same histories, and the same popularity of songs to populations of another prefix;
    prefix: begins the listeners' ids and separates populations. Raises BadInput for fewer than two songs.
    """
    if len(facts) < 2:
        raise BadInput(f"simulated listeners: {len(facts)} songs leave nothing to play next; give at least two")
    timing, own, unseen, answering, tasting, choosing, naming = np.random.default_rng(
        [seed, zlib.crc32(prefix.encode())]
    ).spawn(7)
    sessions = draw_sessions(population.listeners, population.mean_plays, rng=timing)
    temperament = draw_temperaments(population.listeners, rng=own)
    moods = draw_moods(temperament, sessions.started_at_s, rng=own)
    other = draw_temperaments(population.listeners, rng=unseen)
    inclined = inclinations(
        (temperament, moods),
        (other, draw_moods(other, sessions.started_at_s, rng=unseen)),
        mood_effect=population.mood_effect,
        repeat=population.repeat,
    )
    taste = Taste(facts, population, song_popularity(len(facts), seed=seed), rng=tasting)
    tracks = _listen(facts, sessions, taste, inclined, rng=choosing)
    states = None
    if population.checkin_rate is not None:
        rate = population.checkin_rate
        states = states_before_plays(sessions, temperament, moods, checkin_rate=rate, rng=answering)
    histories = []
    # rows are sorted by length; ids must not say who listens most
    for name, row in enumerate(naming.permutation(population.listeners)):
        plays = sessions.plays[row]
        histories.append(
            History(
                listener=f"{prefix}-{name}",
                tracks=tracks[row, :plays].copy(),
                started_at_s=sessions.started_at_s[row, :plays].copy(),
                states=None if states is None else states[row, :plays].copy(),
            )
        )
    return tuple(histories)


def song_popularity(songs: int, *, seed: int) -> NDArray[np.float64]:
    """(N,) logarithm of a Zipf law of exponent 1 over a random ranking of the songs."""
    ranks = 1 + np.random.default_rng([seed, songs]).permutation(songs)
    return -np.log(ranks)


def _listen(
    facts: Sequence[SongFacts],
    sessions: Sessions,
    taste: Taste,
    inclined: Inclinations,
    *,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(L, T) the songs played, all listeners by step; beyond a listener's last play the value means nothing."""
    shape = sessions.begins.shape
    drifting, luck = rng.spawn(2)
    habit, follow, pick = luck.random((3, *shape))
    following = _next_of_cycle(facts)
    tracks = np.full(shape, -1, dtype=np.int64)
    for play in range(shape[1]):
        active = np.arange(np.count_nonzero(sessions.plays > play))
        current = tracks[active, play - 1] if play else np.full(len(active), -1)
        begins = sessions.begins[active, play]
        taste.drift(active[begins], rng=drifting)
        chosen, remembers = _recall(tracks[active, :play], current, pick[active, play])
        repeats = remembers & (habit[active, play] < inclined.repeat[active])
        continues = ~repeats & ~begins & (follow[active, play] < _CONTINUE_CYCLE) & (following[current] >= 0)
        chosen[continues] = following[current[continues]]
        explorers = active[~repeats & ~continues]
        utilities = taste.utility(explorers, inclined.lyric_share[explorers, play])
        chosen[explorers] = _softmax_pick(utilities, current[explorers], pick[explorers, play])
        tracks[active, play] = chosen
    return tracks


def _recall(
    past: NDArray[np.int64], current: NDArray[np.int64], luck: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(L,) a song of each past, likelier the more often and the more lately it was played, and whether there is one.

    past: (L, t), oldest first; the current song is never drawn.
    """
    if past.shape[1] == 0:
        return np.full(len(past), -1), np.zeros(len(past), dtype=np.bool_)
    ages = np.arange(past.shape[1], 0, -1)
    weights = np.where(past != current[:, None], ages**-_MEMORY_DECAY, 0).cumsum(axis=1)
    place = (weights <= luck[:, None] * weights[:, -1:]).sum(axis=1)
    remembers = weights[:, -1] > 0
    return past[np.arange(len(past)), np.where(remembers, place, 0)], remembers


def _softmax_pick(
    utilities: NDArray[np.float32], current: NDArray[np.int64], luck: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(L,) one song each, with the odds of exp(utility); never the current one (-1 for none)."""
    playing = current >= 0
    utilities[playing, current[playing]] = -np.inf
    odds = np.exp(utilities - utilities.max(axis=1, keepdims=True)).cumsum(axis=1, dtype=np.float64)
    picks: NDArray[np.int64] = (odds <= luck[:, None] * odds[:, -1:]).sum(axis=1)
    return picks


def _next_of_cycle(facts: Sequence[SongFacts]) -> NDArray[np.int64]:
    """(N + 1,) the song after each song of a cycle, -1 for none; the last entry answers for -1, no song."""
    following = np.full(len(facts) + 1, -1, dtype=np.int64)
    for songs in songs_by_cycle(facts).values():
        following[songs[:-1]] = songs[1:]
    return following
