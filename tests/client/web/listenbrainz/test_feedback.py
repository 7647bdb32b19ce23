"""Love and hate over the wire, in the store that recommending reads."""

import liblistenbrainz
import pytest

from client.consent.purpose import Purpose
from client.feedback.record import read_feedback
from client.feedback.said import Said
from tests.client.web.listenbrainz.conftest import listen

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]
MBID, MSID = "8a2b1c3d-0000-4000-8000-00000000abcd", "8a2b1c3d-1111-4000-8000-00000000abcd"
PATH = "/1/feedback/recording-feedback"


@pytest.fixture
def kept(running):
    def said():
        return read_feedback(running.profile.history, consent=running.profile.consents.listening())

    return said


def test_the_client_library_loves_hates_and_takes_back(running, kept):
    player = liblistenbrainz.ListenBrainz(api_base_url=running.url)
    player.set_auth_token(running.token)
    player.submit_single_listen(
        liblistenbrainz.Listen(
            track_name="Er ist's", artist_name="Hugo Wolf", listened_at=1_759_999_000, recording_mbid=MBID
        )
    )
    for score, said in ((1, [Said.LOVE]), (-1, [Said.HATE]), (0, [])):
        player.submit_user_feedback(score, MBID)
        assert [each.said for each in kept()] == said
        assert all(each.about.title == "Er ist's" for each in kept())


def test_by_the_msid_that_was_handed_out(running, kept):
    with running.client() as client:
        body = {"listen_type": "single", "payload": [listen()]}
        msid = client.post("/1/submit-listens?return_msid=true", json=body).json()["recording_msid"]
        assert client.post(PATH, json={"recording_msid": msid, "score": -1}).json() == {"status": "ok"}
        [said] = kept()
        assert (said.said, said.about.artist, said.about.title) == (Said.HATE, "Hugo Wolf", "Er ist's")
        unknown = client.post(PATH, json={"recording_msid": MSID, "score": 1})
        assert (unknown.status_code, unknown.json()["code"]) == (404, 404)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"score": 1}, {"score": 2, "recording_mbid": MBID}, {"score": True, "recording_mbid": MBID},
     {"score": "1", "recording_mbid": MBID}, {"score": 1, "recording_mbid": "x"}, {"recording_mbid": MBID},
     {"score": 1, "recording_mbid": MBID, "recording_msid": MSID}, {"score": [], "recording_mbid": MBID}],
)  # fmt: skip
def test_what_is_no_feedback_is_told(running, kept, body):
    with running.client() as client:
        answer = client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "error"}
    assert kept() == []


def test_it_needs_the_token_and_the_consent(running):
    body = {"score": 1, "recording_mbid": MBID}
    with running.client() as client:
        assert client.post(PATH, json=body, headers={"Authorization": "Token x"}).status_code == 401
        running.profile.consents.decide(Purpose.LISTENING, granted=False, at_s=2)
        assert client.post(PATH, json=body).status_code == 403
