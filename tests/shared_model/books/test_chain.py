"""Tampering with a ledger is found, and the right row is named."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model import canonical_json
from shared_model.books.chain import append, first_broken, mirror_of, read_rows
from shared_model.books.entries import Assumed, CheckpointSeen, Debit, ExampleBudget, Joined, Opened, Restored
from shared_model.books.ledger_law import last_seen, participations
from shared_model.errors import Refused
from shared_model.privacy.spent import Relation, Trust

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
OPENED = Opened(device_cap=20.0, delta=1e-5, max_participations=100)


def debit(number, *, index=None, run="run-1"):
    return Debit(
        run=run,
        round=number,
        intent_sha256="cd" * 32,
        log_index=2 * number if index is None else index,
        noise_multiplier=1.25,
        relation=Relation.ZERO_OUT,
        trust=Trust.CENTRAL,
        example=ExampleBudget(epsilon=2.5, delta=1e-6) if number % 2 else None,
    )


def ledger(rounds, *, key=KEY):
    lines = [append([], OPENED, key=key)]
    for number in range(1, rounds + 1):
        lines.append(append(lines, debit(number), key=key))
        lines.append(append(lines, CheckpointSeen(size=2 * number + 1, root="ef" * 32), key=key))
    return lines


WHOLE = ledger(6)
MIRROR = mirror_of(WHOLE)


def broken(lines, *, key=KEY, mirrored=MIRROR):
    return first_broken(lines, key=key, mirrored=mirrored)


def test_a_whole_ledger_reads_back():
    rows = read_rows(WHOLE, key=KEY, mirrored=MIRROR)
    assert [row.number for row in rows] == list(range(1, 14))
    assert rows[0].entry == OPENED
    assert rows[1].entry == debit(1)
    assert broken(WHOLE) is None
    assert broken(WHOLE, key=None, mirrored=None) is None


def test_every_kind_of_row_reads_back():
    assumed = Assumed(
        run="run-2", round=3, noise_multiplier=0.8, relation=Relation.REPLACE_ONE, trust=Trust.DISTRIBUTED
    )
    restored = Restored(mirrored_rows=40, size=99, root="01" * 32, assumed=(assumed,))
    lines = [*WHOLE, append(WHOLE, restored, key=KEY)]
    assert read_rows(lines, key=KEY, mirrored=None)[-1].entry == restored


@given(st.integers(0, 12), st.data())
def test_a_changed_byte_is_found_in_its_row(row, data):
    line = bytearray(WHOLE[row])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    found = broken([*WHOLE[:row], bytes(line), *WHOLE[row + 1 :]])
    assert found.row == row + 1
    assert "changed" in found.what


@given(st.integers(1, 11))
def test_a_changed_number_is_found_also_without_the_key(row):
    value = json.loads(WHOLE[row])
    value["entry"]["round" if value["entry"]["kind"] == "debit" else "root"] = (
        77 if value["entry"]["kind"] == "debit" else "00" * 32
    )
    lines = [*WHOLE[:row], canonical_json.encode(value), *WHOLE[row + 1 :]]
    assert broken(lines).row == broken(lines, key=None, mirrored=None).row == row + 1


@given(st.integers(0, 11))
def test_a_dropped_row_is_found(row):
    found = broken(WHOLE[:row] + WHOLE[row + 1 :])
    assert (found.row, "dropped" in found.what) == (row + 1, True)


@given(st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True).map(sorted))
def test_exchanged_rows_are_found(rows):
    one, two = rows
    lines = list(WHOLE)
    lines[one], lines[two] = lines[two], lines[one]
    found = broken(lines)
    assert found.row == one + 1
    assert "reordered" in found.what


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_row_written_twice_is_found(row, after):
    found = broken([*WHOLE[: after + 1], WHOLE[row], *WHOLE[after + 1 :]])
    assert found.row == (after + 3 if row == after + 1 else after + 2)
    assert "once more" in found.what or "reordered" in found.what


@given(st.integers(0, 12))
def test_line_32_a_lost_end_is_found_by_the_mirror(left):
    found = broken(WHOLE[:left])
    assert found.row == left + 1
    assert "rolled back" in found.what or not left


@given(st.integers(1, 5), st.integers(1, 6))
def test_line_32_an_older_copy_that_was_written_on_is_found(kept, more):
    lines = WHOLE[: 2 * kept + 1]
    for number in range(kept + 1, kept + 1 + more):
        lines = [*lines, append(lines, debit(number, index=50 + number), key=KEY)]
    found = broken(lines)
    if len(lines) < len(WHOLE):
        assert (found.row, "rolled back" in found.what) == (len(lines) + 1, True)
    else:
        assert (found.row, "replaced" in found.what) == (len(WHOLE), True)


@given(st.integers(1, 12))
def test_rows_of_two_copies_do_not_go_together(row):
    other = [append([], OPENED, key=KEY)]
    for number in range(1, 13):
        other.append(append(other, debit(number, index=100 + number), key=KEY))
    found = broken([*WHOLE[:row], *other[row:]], mirrored=None)
    if row > 1:
        assert (found.row, "another copy" in found.what) == (row + 1, True)


@given(st.integers(0, 12))
def test_a_ledger_forged_from_some_row_on_is_found(row):
    lines = WHOLE[:row]
    if not lines:
        lines = ledger(0, key=OTHER_KEY)
    while len(lines) < len(WHOLE):
        lines = [*lines, append(lines, debit(60 + len(lines)), key=OTHER_KEY)]
    found = broken(lines, mirrored=mirror_of(lines))
    assert (found.row, "forged" in found.what) == (row + 1, True) if row < 13 else found is None


def test_without_the_key_a_forged_ledger_is_only_consistent_with_itself():
    forged = ledger(4, key=OTHER_KEY)
    assert broken(forged, key=None, mirrored=None) is None


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([debit(1)], "before the ledger was opened"),
        ([OPENED, OPENED], "once more"),
        ([OPENED, debit(3), debit(2, index=99)], "debits round 2 after round 3"),
        ([OPENED, debit(3), debit(3)], "debits round 3 after round 3"),
        ([OPENED, CheckpointSeen(size=9, root="ef" * 32), debit(4)], "announced before the last checkpoint"),
        ([OPENED, CheckpointSeen(size=9, root="ef" * 32), CheckpointSeen(size=8, root="ef" * 32)], "after one of 9"),
    ],
)
def test_line_1_authentic_rows_that_break_the_law_are_named_too(entries, says):
    lines = []
    for entry in entries:
        lines.append(append(lines, entry, key=KEY))
    found = first_broken(lines, key=KEY, mirrored=None)
    assert found.row == len(entries)
    assert says in found.what


def test_an_unlogged_round_has_no_place_in_a_ledger_that_is_pinned_to_a_log():
    unlogged = Debit(
        run="run-1",
        round=1,
        intent_sha256=None,
        log_index=None,
        noise_multiplier=1.0,
        relation=Relation.ZERO_OUT,
        trust=Trust.CENTRAL,
    )
    lines = ledger(0)
    assert first_broken([*lines, append(lines, unlogged, key=KEY)], key=KEY, mirrored=None) is None
    lines.append(append(lines, Joined(log_key_sha256="ab" * 32), key=KEY))
    assert "no place" in first_broken([*lines, append(lines, unlogged, key=KEY)], key=KEY, mirrored=None).what


def test_another_federation_begins_its_log_anew_and_spending_goes_on():
    lines = ledger(2)
    lines.append(append(lines, Joined(log_key_sha256="ab" * 32), key=KEY))
    lines.append(append(lines, debit(1, index=0), key=KEY))
    rows = read_rows(lines, key=KEY, mirrored=None)
    assert last_seen([row.entry for row in rows]) is None
    assert len(participations([row.entry for row in rows])) == 3
    again = [*lines, append(lines, Joined(log_key_sha256="ab" * 32), key=KEY)]
    again.append(append(again, debit(1, index=1), key=KEY))
    assert "debits round 1 after round 1" in first_broken(again, key=KEY, mirrored=None).what


def test_the_clock_is_never_set_back():
    lines = ledger(0)
    lines.append(append(lines, replace(debit(1), month="2026-11"), key=KEY))
    back = append(lines, replace(debit(2), month="2026-10"), key=KEY)
    assert "is of 2026-10, after one of 2026-11" in first_broken([*lines, back], key=KEY, mirrored=None).what


def test_line_32_a_broken_ledger_is_refused_with_a_sentence():
    with pytest.raises(Refused, match=r"row 14 .*the budget of this device counts as spent.*enrol"):
        read_rows([*WHOLE, b"{}"], key=KEY, mirrored=MIRROR)
    with pytest.raises(Refused, match="empty"):
        read_rows([], key=KEY, mirrored=None)


def test_a_key_of_another_length_writes_nothing():
    with pytest.raises(ValueError, match="31 bytes"):
        append([], OPENED, key=bytes(31))
