import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.ingest.mpris import Moment, Player, Track, track_of
from shared_model.listen import counts_as_listen

WOLF = Track(artist="Hugo Wolf", title="Er ist's", album="Lieder", duration_ms=200_000)
OTHER = Track(artist="Hugo Wolf", title="Gebet", duration_ms=200_000)
AT_S = 1_700_000_000


def at(seconds: float) -> Moment:
    return Moment(AT_S + seconds, seconds)


@pytest.fixture
def player():
    begun = Player()
    assert begun.named(WOLF, at(0)) is None
    assert begun.turned("Playing", at(0)) is None
    return begun


@pytest.mark.parametrize(
    ("metadata", "track"),
    [
        (
            {
                "xesam:artist": ["Hugo Wolf"],
                "xesam:title": "Er ist's",
                "mpris:length": 200_000_000,
                "xesam:album": "Lieder",
            },
            WOLF,
        ),
        ({"xesam:artist": "Hugo Wolf", "xesam:title": "Gebet"}, Track(artist="Hugo Wolf", title="Gebet")),
        ({"xesam:artist": ["A", "", "B"], "xesam:title": "T", "mpris:length": -1}, Track(artist="A, B", title="T")),
        ({"xesam:artist": "A", "xesam:title": "T", "mpris:length": "long"}, Track(artist="A", title="T")),
        ({"xesam:artist": [], "xesam:title": "T"}, None),
        ({"xesam:artist": ["A"], "xesam:title": ""}, None),
        ({}, None),
    ],
)
def test_what_players_say_of_a_track(metadata, track):
    assert track_of(metadata) == track


def test_half_the_track_counts_and_is_given_when_it_ends_with_its_start(player):
    found = player.named(OTHER, at(100))
    assert (found.started_at_s, found.title, found.played_ms, found.duration_ms) == (AT_S, "Er ist's", 100_000, 200_000)


def test_less_than_half_does_not(player):
    assert player.named(OTHER, at(99)) is None


def test_four_minutes_count_of_a_long_one_and_of_one_of_unknown_length():
    for length_ms in (3_600_000, None):
        player = Player()
        player.named(Track(artist="A", title="T", duration_ms=length_ms), at(0))
        player.turned("Playing", at(0))
        assert player.ended(at(239)) is None
        player.turned("Playing", at(300))
        assert player.ended(at(540)).played_ms == 240_000


def test_paused_time_does_not_count(player):
    player.turned("Paused", at(50))
    player.turned("Playing", at(5_000))
    assert player.ended(at(5_049)) is None
    again = Player()
    again.named(WOLF, at(0))
    again.turned("Playing", at(0))
    again.turned("Paused", at(50))
    again.turned("Playing", at(5_000))
    found = again.ended(at(5_050))
    assert (found.started_at_s, found.played_ms) == (AT_S, 100_000)


def test_stopped_ends_it_and_playing_again_is_another_play(player):
    assert player.turned("Stopped", at(150)).started_at_s == AT_S
    player.turned("Playing", at(1_000))
    assert player.ended(at(1_150)).started_at_s == AT_S + 1_000


def test_the_same_track_named_again_is_the_same_play_and_later_facts_count():
    player = Player()
    player.named(Track(artist="Hugo Wolf", title="ER IST'S"), at(0))
    player.turned("Playing", at(0))
    assert player.named(WOLF, at(3)) is None
    found = player.ended(at(110))
    assert (found.album, found.duration_ms, found.played_ms) == ("Lieder", 200_000, 110_000)


def test_on_repeat_a_jump_to_the_beginning_is_the_next_play(player):
    assert player.jumped(60_000_000, at(60)) is None
    assert player.jumped(0, at(200)).played_ms == 200_000
    assert player.ended(at(310)).started_at_s == AT_S + 200


def test_named_before_it_plays_begins_when_it_plays():
    player = Player()
    player.named(WOLF, at(0))
    player.turned("Paused", at(0))
    player.turned("Playing", at(500))
    assert player.ended(at(600)).started_at_s == AT_S + 500


STEPS = st.lists(
    st.tuples(st.floats(0, 300), st.sampled_from(["Playing", "Paused", "Stopped", "wolf", "other", "nothing", "back"])),
    max_size=30,
)


@given(STEPS)
def test_whatever_it_says_no_more_is_heard_than_time_passed_and_what_is_given_counts(steps):
    player, now_s, playing_s, playing, heard_ms = Player(), 0.0, 0.0, False, 0
    for wait_s, said in [*steps, (0.0, "Stopped")]:
        now_s += wait_s
        playing_s += wait_s if playing else 0
        if said in ("Playing", "Paused", "Stopped"):
            found, playing = player.turned(said, at(now_s)), said == "Playing"
        elif said == "back":
            found = player.jumped(0, at(now_s))
        else:
            found = player.named({"wolf": WOLF, "other": OTHER}.get(said), at(now_s))
        if found is not None:
            assert counts_as_listen(found.played_ms, found.duration_ms)
            assert AT_S <= found.started_at_s <= AT_S + now_s
            heard_ms += found.played_ms
    assert heard_ms <= playing_s * 1000 + 1
