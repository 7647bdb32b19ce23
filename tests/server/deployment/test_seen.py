from pathlib import Path

from server.deployment.seen import FIRST, LATEST, Seen, read_seen


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


def test_the_list_stays_short_and_keeps_what_came_first_after_an_answer_and_the_newest() -> None:
    seen = Seen()
    seen.answered(0, 1)
    for size in range(2, 60):
        seen.given([0], size)
        assert len(seen.of(0)) <= FIRST + LATEST
    assert seen.of(0) == [*range(1, 1 + FIRST), *range(60 - LATEST, 60)]


def test_a_device_that_was_killed_after_its_debit_and_stays_away_still_gets_its_proof() -> None:
    seen = Seen()
    seen.answered(0, 19)
    for size in (21, *range(23, 200, 2)):  # debited at 21, and away ever since
        seen.given([0], size)
    assert 21 in seen.of(0)


def test_a_lost_or_damaged_file_is_nothing_seen(tmp_path: Path) -> None:
    assert read_seen(tmp_path).of(0) == []
    for content in (b"{", b"[1]", b'{"0": 3}', b'{"x": [1]}'):
        (tmp_path / "seen.json").write_bytes(content)
        assert read_seen(tmp_path).of(0) == []
