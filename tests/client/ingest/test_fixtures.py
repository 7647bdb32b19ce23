import pytest
from write_fixtures import fixtures as written

FORMATS = ("spotify", "listenbrainz", "lastfm", "research", "maloja", "koito", "scrobbler-log", "pano")


@pytest.mark.parametrize("name", FORMATS)
def test_fixtures_are_what_the_script_writes(fixtures, name):
    held = {f"{name}/{path.name}": path.read_bytes() for path in (fixtures / name).iterdir()}
    expected = {each: content for each, content in written().items() if each.startswith(f"{name}/")}
    assert held.keys() == expected.keys()
    assert [each for each in held if held[each] != expected[each]] == []
