import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.ledger import ledger as module
from client.ledger.ledger import create_ledger, open_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.entries import Debit, Opened
from shared_model.books.ledger_law import participations
from shared_model.errors import Refused
from shared_model.privacy.spent import Relation, Trust

OPENED = Opened(device_cap=None, delta=1e-5, max_participations=10_000)


class PowerCut(BaseException):
    """As kill -9: nothing in the code catches it."""


def cut(*_):
    raise PowerCut


def debit(number, *, run="run-1"):
    return Debit(
        run=run,
        round=number,
        intent_sha256=None,
        log_index=None,
        noise_multiplier=1.0,
        relation=Relation.ZERO_OUT,
        trust=Trust.CENTRAL,
    )


def spend(device, *rounds):
    for number in rounds:
        with open_ledger(**device) as ledger:
            ledger.debit(debit(number))


def rounds_of(device):
    with open_ledger(**device) as ledger:
        return [each.round for each in participations(ledger.entries)]


def test_line_1_spending_adds_up_over_rounds_runs_and_restarts(device):
    spend(device, 1, 4)
    with open_ledger(**device) as ledger:
        ledger.debit(debit(1, run="run-2"))
        ledger.debit(debit(2, run="run-2"))
    assert rounds_of(device) == [1, 4, 1, 2]


def test_line_1_what_was_declined_leaves_the_file_as_it_was(device):
    spend(device, 5)
    before = device["path"].read_bytes()
    for number in (5, 4):
        with pytest.raises(Refused, match="declines"):
            spend(device, number)
    assert device["path"].read_bytes() == before


def test_line_1_line_and_mirror_are_synced_in_this_order_before_a_debit_returns(device, monkeypatch):
    happened = []
    really = os.fsync

    def synced(descriptor):
        happened.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        really(descriptor)

    with open_ledger(**device) as ledger:
        monkeypatch.setattr(os, "fsync", synced)
        ledger.debit(debit(1))
    assert happened[0] == "ledger.jsonl"
    assert happened[1].startswith(".mirror.")
    assert happened[2] == device["path"].parent.name


@pytest.mark.parametrize("step", ["before the line", "within the line", "before its sync", "before the mirror"])
def test_line_1_killed_between_any_two_writes_it_never_counts_too_little_and_goes_on(step, device, monkeypatch):
    spend(device, 1)
    really = os.write

    def write(descriptor, content):
        if step == "within the line":
            really(descriptor, content[:-7])
        if step in ("before the line", "within the line"):
            raise PowerCut
        return really(descriptor, content)

    with monkeypatch.context() as patch, open_ledger(**device) as ledger:
        patch.setattr(module.os, "write", write)
        if step == "before its sync":
            patch.setattr(module.os, "fsync", cut)
        if step == "before the mirror":
            patch.setattr(FileMirror, "write", cut)
        with pytest.raises(PowerCut):
            ledger.debit(debit(2))
    # nothing was promised, so that both are right, and a whole line counts
    assert rounds_of(device) == ([1] if step in ("before the line", "within the line") else [1, 2])
    spend(device, 3)
    assert rounds_of(device)[-1] == 3
    with open_ledger(**device):
        assert device["mirror"].read().counter == len(device["path"].read_bytes().splitlines())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_line_1_cut_anywhere_the_file_never_counts_less_than_was_promised(device, data):
    """Every prefix of the file, with the mirror as it was then: promised is what the mirror knows."""
    copy = replace_folder(device, "cut")
    spend(copy, *range(1, 6))
    content = copy["path"].read_bytes()
    left = data.draw(st.integers(0, len(content)))
    copy["path"].write_bytes(content[:left])
    if left < len(content):
        with pytest.raises(Refused, match=r"budget.*counts as spent"):
            rounds_of(copy)
    else:
        assert rounds_of(copy) == [1, 2, 3, 4, 5]


def replace_folder(device, name):
    folder = device["path"].parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(device["path"], folder / "ledger.jsonl")
    shutil.copy(device["mirror"].path, folder / "mirror")
    return {"path": folder / "ledger.jsonl", "key": device["key"], "mirror": FileMirror(folder / "mirror")}


@pytest.mark.parametrize("missing", ["file", "mirror", "both"])
def test_line_32_a_missing_ledger_means_the_budget_is_spent(missing, device):
    spend(device, 1)
    if missing != "mirror":
        device["path"].unlink()
    if missing != "file":
        device["mirror"].path.unlink()
    with pytest.raises(Refused, match="the budget counts as spent"):
        rounds_of(device)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"\x00" * 64, b"null\n", b"\x00" * 64 + b"\n"])
def test_line_32_a_corrupt_ledger_means_the_budget_is_spent(content, device):
    spend(device, 1)
    device["path"].write_bytes(content)
    with pytest.raises(Refused, match="budget of this device counts as spent"):
        spend(device, 2)
    assert device["path"].read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{", b'{"counter":1}', b'{"counter":0,"head":"00"}'])
def test_line_32_a_corrupt_mirror_means_the_budget_is_spent(content, device):
    device["mirror"].path.write_bytes(content)
    with pytest.raises(Refused, match="budget counts as spent"):
        spend(device, 1)


def test_line_32_an_old_copy_of_the_file_is_noticed(device):
    spend(device, 1, 2)
    old = device["path"].read_bytes()
    spend(device, 3, 4)
    device["path"].write_bytes(old)
    with pytest.raises(Refused, match=re.escape("row 4 is missing: the file was rolled back")):
        spend(device, 5)


def test_the_key_of_another_device_opens_nothing(device):
    with pytest.raises(Refused, match="row 1 was changed, or forged"):
        rounds_of({**device, "key": bytes(32)})


def test_a_ledger_is_never_begun_twice(device):
    spend(device, 1)
    with pytest.raises(Refused, match="never begun twice"):
        create_ledger(opened=OPENED, **device)
    device["path"].unlink()  # its mirror still knows of a debit
    with pytest.raises(Refused, match="never begun twice"):
        create_ledger(opened=OPENED, **device)


def test_an_enrolment_that_was_killed_before_the_file_can_be_done_again(tmp_path, monkeypatch):
    device = {"path": tmp_path / "ledger.jsonl", "key": bytes(32), "mirror": FileMirror(tmp_path / "mirror")}

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_atomically", cut)
        with pytest.raises(PowerCut):
            create_ledger(opened=OPENED, **device)
    create_ledger(opened=replace(OPENED, delta=1e-6), **device)
    assert rounds_of(device) == []


def test_a_full_disk_debits_nothing_and_damages_nothing(device, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with open_ledger(**device) as ledger, monkeypatch.context() as patch:
        patch.setattr(module.os, "write", full)
        with pytest.raises(Refused, match="disk is full"):
            ledger.debit(debit(1))
        patch.undo()
        ledger.debit(debit(2))
    assert rounds_of(device) == [2]


def test_a_row_that_breaks_the_law_is_never_written(device):
    with open_ledger(**device) as ledger, pytest.raises(ValueError, match="once more"):
        ledger.append(OPENED)
    assert rounds_of(device) == []


def test_line_25_neither_file_nor_errors_name_more_than_rounds(device):
    spend(device, 1)
    content = device["path"].read_text(encoding="utf-8")
    assert not {"track", "title", "artist", "loss", "examples", "valence"} & set(re.findall(r'"(\w+)"', content))
