from pathlib import Path

from server.deployment.seen import MOST, Seen, read_seen


def test_a_device_may_have_seen_what_it_was_given_since_its_last_answer(tmp_path: Path) -> None:
    seen = Seen()
    seen.given([3, 5], 1)
    seen.given([3], 4)
    assert (seen.of(3), seen.of(5), seen.of(7)) == ([1, 4], [1], [])
    seen.answered(3, 4)
    seen.given([3], 9)
    assert seen.of(3) == [4, 9]
    seen.save(tmp_path)
    assert read_seen(tmp_path).of(3) == [4, 9]


def test_the_list_stays_short_and_keeps_what_was_answered_and_the_newest() -> None:
    seen = Seen()
    seen.answered(0, 1)
    for size in range(2, 40):
        seen.given([0], size)
    assert len(seen.of(0)) == MOST
    assert seen.of(0)[0] == 1
    assert seen.of(0)[-1] == 39


def test_a_lost_or_damaged_file_is_nothing_seen(tmp_path: Path) -> None:
    assert read_seen(tmp_path).of(0) == []
    for content in (b"{", b"[1]", b'{"0": 3}', b'{"x": [1]}'):
        (tmp_path / "seen.json").write_bytes(content)
        assert read_seen(tmp_path).of(0) == []
