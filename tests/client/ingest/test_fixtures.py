import write_fixtures


def test_fixtures_are_what_the_script_writes(fixtures):
    written = write_fixtures.fixtures()
    held = {
        path.relative_to(fixtures).as_posix(): path.read_bytes()
        for path in fixtures.glob("*/*")
        if path.suffix not in (".pyc", ".py")
    }
    assert {name: held.get(name) == content for name, content in written.items()} == dict.fromkeys(written, True)
    for name in ("spotify", "listenbrainz", "lastfm", "research"):
        assert {each for each in held if each.startswith(f"{name}/")} <= written.keys()
