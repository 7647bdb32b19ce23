"""The endpoint as players meet it: ListenBrainz' own client library, a real server, a real encrypted store."""

import contextlib
import threading

import httpx
import liblistenbrainz
import pytest
from liblistenbrainz.errors import InvalidAuthTokenException, ListenBrainzAPIException

from client.consent.purpose import Purpose
from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.keys.player_token import new_player_token
from client.store.database import open_database
from client.web.listenbrainz.submission import LONGEST_BODY_BYTES
from tests.client.conftest import everything_in
from tests.client.web.listenbrainz.conftest import NOW_S, held_in, listen

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


@pytest.fixture
def player(running):
    client = liblistenbrainz.ListenBrainz(api_base_url=running.url)
    client.set_auth_token(running.token)
    return client


def played(after_s: int, title: str = "Er ist's", **facts: object) -> liblistenbrainz.Listen:
    return liblistenbrainz.Listen(
        track_name=title, artist_name="Hugo Wolf", listened_at=NOW_S - 10_000 + after_s, **facts
    )


def test_the_client_library_finds_its_token_valid_and_submits(player, running):
    assert player.submit_single_listen(played(0, release_name="Lieder", isrc="DEA120000001")) == {"status": "ok"}
    assert player.submit_multiple_listens([played(300), played(600, "Gebet")]) == {"status": "ok"}
    assert running.held() == [
        (NOW_S - 10_000, "Hugo Wolf", "Er ist's"),
        (NOW_S - 9_700, "Hugo Wolf", "Er ist's"),
        (NOW_S - 9_400, "Hugo Wolf", "Gebet"),
    ]


def test_what_is_playing_now_is_accepted_and_not_stored(player, running):
    now = liblistenbrainz.Listen(track_name="Er ist's", artist_name="Hugo Wolf")
    assert player.submit_playing_now(now) == {"status": "ok"}
    assert running.held() == []


def test_the_same_play_of_two_players_is_one(player, running):
    player.submit_single_listen(played(0))
    player.submit_single_listen(played(12, "ER IST’S"))
    player.submit_single_listen(played(31))
    assert [start - NOW_S + 10_000 for start, _, _ in running.held()] == [0, 31]


def test_a_play_that_was_imported_before_is_not_stored_twice(player, running, tmp_path):
    (tmp_path / "x.csv").write_text(f"uts,artist,track\n{NOW_S - 10_000},Hugo Wolf,Er ist's\n")
    import_history(
        tmp_path / "x.csv",
        FormatName.LASTFM,
        history=running.profile.history,
        consent=running.profile.consents.listening(),
        clock=lambda: NOW_S,
    )
    player.submit_single_listen(played(20))
    assert len(running.held()) == 1


def test_a_wrong_token_is_told_and_stores_nothing(running):
    client = liblistenbrainz.ListenBrainz(api_base_url=running.url)
    with pytest.raises(InvalidAuthTokenException):
        client.set_auth_token(running.token[:-1] + ("0" if running.token[-1] != "0" else "1"))
    client.set_auth_token("wrong", check_validity=False)
    with pytest.raises(ListenBrainzAPIException) as refused:
        client.submit_single_listen(played(0))
    assert refused.value.status_code == 401
    assert running.held() == []


def test_a_new_token_takes_the_place_of_the_old_while_the_server_runs(player, running):
    new = new_player_token(running.folder, ledger_key=running.profile.ledger_key)
    with pytest.raises(ListenBrainzAPIException):
        player.submit_single_listen(played(0))
    player.set_auth_token(new)
    player.submit_single_listen(played(0))
    assert len(running.held()) == 1


def test_a_withdrawn_consent_is_told_in_a_sentence_and_stores_nothing(player, running):
    player.submit_single_listen(played(0))
    running.profile.consents.decide(Purpose.LISTENING, granted=False, at_s=2)  # as another process does
    with pytest.raises(ListenBrainzAPIException) as refused:
        player.submit_single_listen(played(300))
    assert refused.value.status_code == 403
    assert refused.value.message == (
        "consent: 'May this program learn from what I listen to?' was withdrawn; nothing was done. "
        "To agree: sottovoce-client consent grant listening"
    )
    assert len(running.held()) == 1
    running.profile.consents.decide(Purpose.LISTENING, granted=True, at_s=3)
    player.submit_single_listen(played(300))
    assert len(running.held()) == 2


@pytest.mark.parametrize(
    "base",
    ["", "/", "/1", "/1/", "//", "/1/1", "/1//1", "/apis/listenbrainz", "/apis/listenbrainz/", "/apis/listenbrainz/1/",
     "/apis/listenbrainz//1", "/apis/listenbrainz/1/1"],
)  # fmt: skip
def test_every_base_address_that_players_make_is_known(running, base):
    with running.client() as client:
        for path in ("submit-listens", "/submit-listens"):
            if not base.endswith("/") and not path.startswith("/"):
                continue
            url = f"{running.url}{base}{path}"
            answer = client.post(url, json={"listen_type": "single", "payload": [listen()]})
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"}), url
            valid = client.get(url.replace("submit-listens", "validate-token"))
            assert valid.json() == {
                "code": 200, "message": "Token valid.", "valid": True, "user_name": "sottovoce",
            }  # fmt: skip


@pytest.mark.parametrize("base", ["/2/", "/1/1/1/", "/apis/", "/listenbrainz/1/", "/apis/listenbrainz/2/"])
def test_other_addresses_are_not(running, base):
    with running.client() as client:
        answer = client.post(f"{base}submit-listens", json={"listen_type": "single", "payload": [listen()]})
    assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert running.held() == []


@pytest.mark.parametrize(
    ("header", "code"),
    [(None, 401), ("", 401), ("{}", 401), ("Bearer {}", 401), ("Token", 401), ("Token {}x", 401), ("Token é", 401),
     ("Token {}", 200), ("token {}", 200), ("TOKEN  {}", 200)],
)  # fmt: skip
def test_how_the_token_is_shown(running, header, code):
    headers = {} if header is None else {"Authorization": header.format(running.token).encode("latin-1")}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        answer = client.post("/1/submit-listens", json={"listen_type": "single", "payload": [listen()]})
    assert answer.status_code == code
    if code != 200:
        assert answer.json().keys() == {"code", "error"}
        assert answer.json()["code"] == code
    assert len(running.held()) == (code == 200)


def test_a_token_may_be_checked_in_the_address_as_older_players_do(running):
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        assert client.get("/1/validate-token", params={"token": running.token}).json()["valid"] is True
        assert client.get("/1/validate-token", params={"token": "x"}).json() == {
            "code": 200,
            "message": "Token invalid.",
            "valid": False,
        }
        assert client.get("/1/validate-token").status_code == 400


def test_without_a_token_made_nobody_is_let_in(profile):
    from client.web.listenbrainz.router import listenbrainz_router
    from tests.client.web.listenbrainz.conftest import served

    with served(lambda: listenbrainz_router(profile)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for shown in ("x", "None", "00000000-0000-0000-0000-000000000000"):
            answer = client.post("/1/submit-listens", headers={"Authorization": f"Token {shown}"}, json={})
            assert answer.status_code == 401


def test_a_body_without_an_end_is_given_up_at_its_bound(running):
    sent = 0

    def endless():
        nonlocal sent
        while True:
            sent += 2**16
            yield b" " * 2**16

    hung_up = contextlib.suppress(httpx.WriteError, httpx.ReadError)  # while the body was still coming
    with running.client() as client, hung_up:
        assert client.post("/1/submit-listens", content=endless()).status_code == 413
    assert sent < LONGEST_BODY_BYTES + 64 * 2**20
    assert running.held() == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[" * 100_000, b'{"listen_type": "single"}', b"\xff\xfe", b"1" * 5_000]
)
def test_a_malformed_body_is_a_sentence(running, body):
    with running.client() as client:
        answer = client.post("/1/submit-listens", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert answer.json()["error"]


def test_a_request_is_stored_as_a_whole_or_not_at_all(running):
    payload = [listen(), listen(300), listen(600, title="")]
    with running.client() as client:
        answer = client.post("/1/submit-listens", json={"listen_type": "import", "payload": payload})
    assert answer.json() == {"code": 400, "error": "listen 3 has no 'track_name'"}
    assert running.held() == []


def test_a_thousand_listens_at_once(running):
    payload = [listen(40 * number, title=f"Lied {number % 7}") for number in range(-1_000, 0)]
    with running.client() as client:
        answer = client.post("/1/submit-listens", json={"listen_type": "import", "payload": payload})
        too_many = client.post("/1/submit-listens", json={"listen_type": "import", "payload": [*payload, listen()]})
    assert answer.status_code == 200
    assert too_many.json()["error"] == "'payload' holds 1,001 listens; the most are 1,000"
    assert len(running.held()) == 1_000


def test_players_at_the_same_time_lose_nothing(running):
    def submit(player: int) -> None:
        with running.client() as client:
            for number in range(60):
                body = {"listen_type": "single", "payload": [listen(40 * number, title=f"Lied {player}")]}
                assert client.post("/1/submit-listens", json=body).status_code == 200

    threads = [threading.Thread(target=submit, args=(player,)) for player in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(running.held()) == 360


@pytest.mark.slow
def test_ten_thousand_submissions_in_a_row_are_all_on_disk(running):
    with running.client() as client:
        for number in range(10_000):
            body = {"listen_type": "single", "payload": [listen(-40 * number, title=f"Lied {number % 97}")]}
            assert client.post("/1/submit-listens", json=body).status_code == 200
    fresh = open_database(running.folder / "store.db", kind="history", key=running.profile._keys.data)
    assert len(held_in(fresh)) == 10_000


def test_nothing_of_it_lies_readable_in_the_profile(player, running):
    player.submit_single_listen(played(0, "A planted title"))
    everything = everything_in(running.folder)
    assert b"planted" not in everything
    assert running.token.encode() not in everything


def test_an_msid_is_handed_out_where_it_is_asked_for(running):
    with running.client() as client:
        body = {"listen_type": "single", "payload": [listen()]}
        answer = client.post("/1/submit-listens?return_msid=true", json=body).json()
        again = client.post("/1/submit-listens?return_msid=true", json=body).json()
    assert answer == again
    assert answer.keys() == {"status", "recording_msid"}


def test_a_profile_that_is_gone_is_a_sentence_and_a_later_one(running, monkeypatch):
    with running.client() as client:
        body = {"listen_type": "single", "payload": [listen()]}
        (running.folder / "store.db").rename(running.folder / "away.db")
        (running.folder / "store.db").write_bytes(b"no database of ours" * 1_000)
        answer = client.post("/1/submit-listens", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, 503)
        (running.folder / "away.db").replace(running.folder / "store.db")
        assert client.post("/1/submit-listens", json=body).status_code == 200
    assert len(running.held()) == 1
