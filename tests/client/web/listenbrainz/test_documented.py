import re

from client.commands.serve import DEFAULT_PORT
from client.web.listenbrainz.router import _BASE


def test_the_documented_addresses_are_answered(request):
    text = (request.config.rootpath / "docs/players.md").read_text("utf-8")
    found = set(re.findall(r"http://127\.0\.0\.1:(\d+)([/\w-]*)", text))
    assert {int(port) for port, _ in found} == {DEFAULT_PORT}
    bases = {path for _, path in found} - {"/web-scrobbler/TOKEN"}
    assert {"", "/", "/1/", "/apis/listenbrainz", "/apis/listenbrainz/1"} <= bases
    assert all(_BASE.fullmatch(path.lstrip("/") + "/" if path.strip("/") else "") for path in bases)


def test_six_players_are_named(request):
    text = (request.config.rootpath / "docs/players.md").read_text("utf-8")
    for player in ("Navidrome", "Jellyfin", "Pano Scrobbler", "rescrobbled", "Tauon", "Web Scrobbler"):
        assert f"| {player}" in text
