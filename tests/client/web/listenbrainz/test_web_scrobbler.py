import json

import httpx
import pytest

from client.feedback.record import read_feedback
from client.feedback.said import Said
from client.web.listenbrainz.answers import Rejected
from client.web.listenbrainz.web_scrobbler import Event, read_event
from shared_model.listen import Listen
from tests.client.web.listenbrainz.conftest import NOW_S

AT_S = NOW_S - 200
SONG = {
    "parsed": {
        "track": "ER IST'S (Official)",
        "artist": "Hugo Wolf",
        "album": None,
        "duration": 203.4,
        "currentTime": 110,
        "isPodcast": False,
        "originUrl": "https://example.org/watch",
    },
    "processed": {"track": "Er ist's", "artist": None, "album": "Lieder", "duration": None},
    "metadata": {"startTimestamp": AT_S, "label": "Example"},
    "flags": {"isScrobbled": True},
}
PLAY = Listen(started_at_s=AT_S, artist="Hugo Wolf", title="Er ist's", album="Lieder", duration_ms=203_400)


def event(name: str, **data: object) -> bytes:
    return json.dumps({"eventName": name, "time": NOW_S * 1000, "data": {"song": SONG} | data}).encode()


def read(name: str, **data: object) -> Event:
    return read_event(event(name, **data), now_s=NOW_S)


def test_what_was_corrected_goes_before_what_the_page_says_and_the_start_is_the_songs_own():
    assert read("scrobble") == Event(listens=(PLAY,))


def test_newer_versions_send_several_songs():
    later = SONG | {"metadata": {"startTimestamp": AT_S + 100}}
    assert [each.started_at_s for each in read("scrobble", songs=[SONG, later]).listens] == [AT_S, AT_S + 100]


@pytest.mark.parametrize("name", ["nowplaying", "paused", "resumedplaying"])
def test_other_events_are_accepted_and_not_stored(name):
    assert read(name) == Event()


def test_podcasts_are_no_plays():
    assert read("scrobble", song=SONG | {"parsed": SONG["parsed"] | {"isPodcast": True}}) == Event()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metadata": {}}, "the event has no time in 'startTimestamp'"),
        ({"metadata": {"startTimestamp": AT_S * 1000}}, "the event has no time in 'startTimestamp'"),
        ({"parsed": {}}, "the event has no 'artist'"),
        ({"processed": 5, "parsed": {"artist": "x"}}, "the event has no 'track'"),
    ],
)
def test_a_song_that_is_no_play_is_told(change, why):
    with pytest.raises(Rejected, match=why):
        read("scrobble", song=SONG | change)


@pytest.mark.parametrize("name", ["sneeze", "", None])
def test_an_unknown_event_is_told(name):
    with pytest.raises(Rejected, match="'eventName'"):
        read_event(json.dumps({"eventName": name, "data": {"song": SONG}}).encode(), now_s=NOW_S)


@pytest.mark.integration
@pytest.mark.enable_socket
def test_the_extension_posts_to_an_address_with_the_token_in_it(running):
    with httpx.Client(base_url=running.url, trust_env=False) as extension:
        sent = {"content": event("scrobble"), "headers": {"Content-Type": "application/json"}}
        assert extension.post(f"/web-scrobbler/{running.token}x", **sent).status_code == 401
        assert running.held() == []
        assert extension.post(f"/web-scrobbler/{running.token}", **sent).status_code == 200
        assert extension.post(f"/web-scrobbler/{running.token}", **sent).status_code == 200
        assert running.held() == [(AT_S, "Hugo Wolf", "Er ist's")]
        love = event("loved", isLoved=True)
        assert extension.post(f"/web-scrobbler/{running.token}", content=love).status_code == 200
        consent = running.profile.consents.listening()
        [said] = read_feedback(running.profile.history, consent=consent)
        assert (said.said, said.about.artist, said.about.title) == (Said.LOVE, "Hugo Wolf", "Er ist's")
        taken_back = event("loved", isLoved=False)
        assert extension.post(f"/web-scrobbler/{running.token}", content=taken_back).status_code == 200
        assert read_feedback(running.profile.history, consent=consent) == []
