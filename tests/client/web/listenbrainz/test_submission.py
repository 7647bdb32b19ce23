import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.web.listenbrainz.answers import Rejected
from client.web.listenbrainz.submission import ListenType, read_submission
from client.web.listenbrainz.web_scrobbler import read_event
from shared_model.listen import Listen
from tests.client.web.listenbrainz.conftest import NOW_S, listen

AT_S = NOW_S - 10_000


def read(*payload: object, kind: str = "import"):
    return read_submission(json.dumps({"listen_type": kind, "payload": payload}).encode(), now_s=NOW_S)


def refusal(*payload: object, kind: str = "import") -> str:
    with pytest.raises(Rejected) as refused:
        read(*payload, kind=kind)
    assert refused.value.code == 400
    return str(refused.value)


def test_listened_at_is_the_start_and_lengths_have_their_units():
    full = listen(duration_ms=203_000, duration_played=110, isrc="DE-A12-00-00001", tags=["a"], unknown={"kept": 1})
    [found] = read(full).listens
    assert found == Listen(
        started_at_s=AT_S,
        artist="Hugo Wolf",
        title="Er ist's",
        duration_ms=203_000,
        played_ms=110_000,
        isrc="DEA120000001",
    )
    [seconds] = read(listen(duration=203)).listens
    assert seconds.duration_ms == 203_000


@pytest.mark.parametrize("kind", ["single", "playing_now"])
def test_single_and_playing_now_take_exactly_one(kind):
    assert refusal(listen(), listen(), kind=kind) == f"'payload' holds 2 listens, and {kind} takes exactly one"


def test_playing_now_has_no_time_and_is_not_stored():
    now = {key: value for key, value in listen().items() if key != "listened_at"}
    found = read(now, kind="playing_now")
    assert (found.type, found.listens) == (ListenType.PLAYING_NOW, ())
    assert refusal(listen(), kind="playing_now") == "listen 1 has a 'listened_at', which playing_now does not take"
    assert refusal({"track_metadata": {"artist_name": "x"}}, kind="playing_now") == "listen 1 has no 'track_name'"


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (1_033_430_399, "listen 1 has a 'listened_at' before 1033430400"),
        (NOW_S + 3_601, "listen 1 has a 'listened_at' in the future, or in milliseconds"),
        (AT_S * 1000, "listen 1 has a 'listened_at' in the future, or in milliseconds"),
        (None, "listen 1 has no 'listened_at' in whole seconds"),
        (True, "listen 1 has no 'listened_at' in whole seconds"),
        (str(AT_S), "listen 1 has no 'listened_at' in whole seconds"),
        (AT_S + 0.5, "listen 1 has no 'listened_at' in whole seconds"),
    ],
)
def test_times_that_cannot_be(at, why):
    assert refusal(listen() | {"listened_at": at}) == why


@pytest.mark.parametrize("at", [1_033_430_400, NOW_S + 3_600])
def test_times_that_just_can_be(at):
    assert read(listen() | {"listened_at": at}).listens[0].started_at_s == at


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({"tags": ["x"] * 51}, "listen 1 has more than 50 'tags', or one of more than 64 characters"),
        ({"tags": ["x" * 65]}, "listen 1 has more than 50 'tags', or one of more than 64 characters"),
        ({"tags": "x"}, "listen 1 has no list of texts in 'tags'"),
        ({"tags": [1]}, "listen 1 has no list of texts in 'tags'"),
        ({"duration": 200, "duration_ms": 200_000}, "listen 1 has both 'duration' and 'duration_ms'"),
        ({"duration": "200"}, "listen 1 has no length up to 24 days in 'duration'"),
        ({"duration": 24 * 86_400 + 1}, "listen 1 has no length up to 24 days in 'duration'"),
        ({"duration_ms": 0}, "listen 1 has no length up to 24 days in 'duration_ms'"),
        ({"duration_ms": float("nan")}, "listen 1 has no length up to 24 days in 'duration_ms'"),
    ],
)
def test_limits_of_what_is_said_beside(info, why):
    assert refusal(listen(**info)) == why


def test_limits_are_reached():
    assert len(read(listen(tags=["x" * 64] * 50, duration=24 * 86_400)).listens) == 1


def test_a_listen_has_ten_kibibytes():
    bare = len(json.dumps(listen(x=""), separators=(",", ":")))
    assert len(read(listen(x="x" * (10_240 - bare))).listens) == 1
    assert refusal(listen(), listen(x="x" * (10_241 - bare))) == "listen 2 has more than 10,240 bytes"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ([], "'payload' is no list of listens"),
        ([5], "listen 1 is not an object"),
        ([{"listened_at": AT_S}], "listen 1 has no 'artist_name'"),
        ([listen(title="\0")], "listen 1 has a NUL in 'track_name'"),
        ([listen(title="\ud800")], "listen 1 has text that is not UTF-8 in 'track_name'"),
        ([listen(title="x" * 1_001)], "listen 1 is no listen: a name has more than 1000 characters"),
    ],
)
def test_what_is_no_listen(payload, why):
    assert refusal(*payload) == why


def test_an_unknown_type_is_refused():
    assert refusal(listen(), kind="double") == "'listen_type' is none of single, playing_now and import"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
INFO = st.dictionaries(st.sampled_from(["tags", "duration", "duration_ms", "duration_played", "isrc"]), JSON)
TRACK = st.fixed_dictionaries(
    {}, optional={"artist_name": JSON, "track_name": JSON, "release_name": JSON, "additional_info": INFO | JSON}
)
LISTEN = st.fixed_dictionaries({}, optional={"listened_at": st.just(AT_S) | JSON, "track_metadata": TRACK | JSON})
SUBMITTED = st.fixed_dictionaries(
    {"listen_type": st.sampled_from(["single", "import", "playing_now"]) | JSON, "payload": st.lists(LISTEN | JSON)}
)


@given(SUBMITTED | JSON)
def test_whatever_is_submitted_is_read_or_rejected(document):
    body = json.dumps(document).encode()
    for read_body in (read_submission, read_event):
        with contextlib.suppress(Rejected):
            read_body(body, now_s=NOW_S)


@given(st.binary(max_size=200))
def test_any_bytes(body):
    for read_body in (read_submission, read_event):
        with pytest.raises(Rejected):
            read_body(body, now_s=NOW_S)
