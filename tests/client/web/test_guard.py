"""Who is kept out: strangers' names, strangers' forms, wrong links, and bodies that are too large or none at all."""

import pytest

from client.feedback.record import read_feedback
from client.web.forms import FORM_BYTES
from client.web.guard import HEADERS
from tests.client.web.conftest import ORIGIN, PORT

pytestmark = pytest.mark.enable_socket  # an event loop has a pair of its own
PATHS = ("/", "/enter", "/welcome", "/checkin", "/history", "/privacy", "/data", "/settings", "/work", "/nowhere")
STATIC = ("/static/page.css", "/static/page.js", "/static/icon.svg")
FORMS = (
    "/welcome", "/feedback", "/feedback/take-back", "/checkin", "/checkin/undo", "/history/delete",
    "/history/delete/confirmed", "/history/undo", "/consent/grant", "/consent/withdraw", "/privacy/pause",
    "/data/export", "/data/erase", "/settings", "/settings/token", "/settings/scan", "/settings/tune", "/leave",
)  # fmt: skip


def test_every_form_there_is_is_tried_below(stranger):
    """So that none can be added and forgotten."""
    paths = {
        route.path
        for route in _every(stranger.http.app.router)
        if "POST" in (getattr(route, "methods", None) or ()) and "{" not in route.path
    }
    assert paths == {*FORMS, "/history/import"}


def _every(router):
    for route in router.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from _every(inner)
        else:
            yield route


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.evil.example:{PORT}", ""]
)
def test_a_name_that_was_turned_to_this_computer_is_not_answered(visit, host):
    for path in (*PATHS, *STATIC, "/1/validate-token", "/submit-listens"):
        answer = visit.http.get(path, headers={"Host": host}, follow_redirects=False)
        assert answer.status_code == 421, path
        assert answer.text == "This computer is not called by that name.\n"


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_its_own_names_are_answered(visit, host):
    assert visit.http.get("/enter", headers={"Host": host}).status_code == 200


def test_every_answer_has_a_strict_policy_and_no_cors(visit):
    for path in (*PATHS, *STATIC, "/data/sottovoce-export.zip", "/work.json", "/1/validate-token"):
        answer = visit.http.get(path, headers={"Origin": "https://evil.example"}, follow_redirects=False)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_a_preflight_of_a_stranger_allows_nothing(visit):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = visit.http.options("/data/erase", headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_without_a_link_nothing_is_shown_or_done(stranger):
    for path in {*PATHS} - {"/enter", "/nowhere"}:
        answer = stranger.http.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/enter"), path
    for path in (*FORMS, "/history/import"):
        answer = stranger.http.post(path, data={"mark": "x"}, headers={"Origin": ORIGIN}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/enter"), path


@pytest.mark.parametrize("link", ["", "wrong", "1.2.3", "é"])
def test_a_wrong_link_opens_nothing(stranger, link):
    answer = stranger.http.get("/enter", params={"link": link}, follow_redirects=False)
    assert answer.status_code == (403 if link else 200)
    assert "set-cookie" not in answer.headers


def test_a_link_opens_once_and_its_cookie_is_strict_and_out_of_reach_of_scripts(stranger):
    link = stranger.link()
    first = stranger.http.get("/enter", params={"link": link}, follow_redirects=False)
    assert first.status_code == 303
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.http.get("/enter", params={"link": link}, follow_redirects=False).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", f"http://127.0.0.1:{PORT + 1}", f"http://localhost:{PORT}", None]
)
def test_a_form_on_a_page_of_a_stranger_does_nothing(visit, origin):
    headers, fields = {} if origin is None else {"Origin": origin}, {"mark": visit.mark(), "sure": "yes"}
    for path in FORMS:
        answer = visit.http.post(path, data=fields, headers=headers, follow_redirects=False)
        assert answer.status_code == 403, path
    assert visit.profile.folder.exists()


@pytest.mark.parametrize("mark", ["", "0" * 64, None])
def test_a_form_without_the_mark_of_this_visit_does_nothing(visit, mark):
    fields = {"sure": "yes"} if mark is None else {"sure": "yes", "mark": mark}
    for path in FORMS:
        answer = visit.http.post(path, data=fields, headers={"Origin": ORIGIN}, follow_redirects=False)
        assert answer.status_code == 403, path
    assert visit.profile.folder.exists()


def test_the_mark_of_another_visit_is_refused(visit):
    mark = visit.mark()
    assert visit.enter().status_code == 303
    answer = visit.http.post("/data/export", data={"mark": mark}, headers={"Origin": ORIGIN}, follow_redirects=False)
    assert answer.status_code == 403


def test_a_form_beyond_its_bound_is_refused(visit):
    for path in FORMS:
        assert visit.send(path, said="x" * FORM_BYTES).status_code == 413, path


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"mark=x", "text/plain", 415),
        (b"mark=x", "", 415),
        (b"\xff=\xfe", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % number for number in range(300)), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 403),
    ],
)
def test_what_is_no_form_is_refused(visit, body, kind, status):
    headers = {"Origin": ORIGIN, "Content-Type": kind}
    for path in FORMS:
        answer = visit.http.post(path, content=body, headers=headers, follow_redirects=False)
        assert answer.status_code == status, path


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"mark=x", "application/x-www-form-urlencoded", 415),
        (b"nothing", "multipart/form-data", 400),
        (b"nothing", "multipart/form-data; boundary=b", 400),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="mark"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
            403,
        ),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(visit, body, kind, status):
    headers = {"Origin": ORIGIN, "Content-Type": kind}
    assert visit.http.post("/history/import", content=body, headers=headers).status_code == status


def test_a_file_beyond_its_bound_is_refused(visit, monkeypatch):
    monkeypatch.setattr("client.web.forms.FILE_BYTES", 100_000)
    files = {"export": ("export.json", b"x" * 200_000)}
    answer = visit.http.post("/history/import", data={"mark": visit.mark()}, files=files, headers={"Origin": ORIGIN})
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_do_nothing(visit, method):
    assert visit.http.request(method, "/data/erase", headers={"Origin": ORIGIN}).status_code == 405


def test_looking_never_changes_anything(visit):
    for path in FORMS:
        assert visit.http.get(path, follow_redirects=False).status_code in (200, 303, 405)
    assert visit.profile.folder.exists()
    assert read_feedback(visit.profile.history, consent=visit.profile.consents.listening()) == []


def test_markup_in_what_a_player_sent_is_text_on_the_page(visit):
    said = "<script>alert(1)</script>"
    sent = {"artist": said, "title": said, "recording_mbid": "", "said": "love"}
    assert visit.send("/feedback", **sent).status_code == 303
    page = visit.http.get("/history").text
    assert said not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
