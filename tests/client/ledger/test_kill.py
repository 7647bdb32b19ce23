"""Real processes, really killed: what a ledger promised before training is there afterwards."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from client.ledger.ledger import open_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.ledger_law import participations
from shared_model.errors import Refused

SPENDER = """
import sys
from pathlib import Path
from client.ledger.ledger import open_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.entries import Debit
from shared_model.books.ledger_law import participations
from shared_model.privacy.spent import Relation, Trust

folder = Path(sys.argv[1])
device = {"path": folder / "ledger.jsonl", "key": bytes(range(32)), "mirror": FileMirror(folder / "mirror")}
print("ready", flush=True)
while True:
    with open_ledger(**device) as ledger:
        number = len(participations(ledger.entries)) + 1
        ledger.debit(
            Debit(
                run="run-1",
                round=number,
                intent_sha256=None,
                log_index=None,
                noise_multiplier=1.0,
                relation=Relation.ZERO_OUT,
                trust=Trust.CENTRAL,
            )
        )
    print(number, flush=True)  # here training would begin
"""
REPOSITORY = Path(__file__).parents[3]


def spender(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SPENDER, str(folder)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )


@pytest.mark.integration
def test_line_1_a_debit_is_on_disk_before_training_and_killing_never_lowers_it(device):
    folder, draw, promised = device["path"].parent, random.Random(1), 0  # noqa: S311 - when to kill
    for _ in range(20):
        child = spender(folder)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(draw.randrange(1, 6)):
            promised = int(child.stdout.readline())
        try:
            child.wait(draw.uniform(0, 0.01))  # somewhere within the next debit
        except subprocess.TimeoutExpired:
            child.kill()
        rest, _ = child.communicate()
        whole = [line for line in rest.splitlines() if line]
        promised = int(whole[-1]) if whole else promised
        with open_ledger(**device) as ledger:
            counted = len(participations(ledger.entries))
        assert promised <= counted <= promised + 1
        promised = counted


@pytest.mark.integration
def test_line_1_two_processes_never_debit_at_once(device):
    with open_ledger(**device):
        second = subprocess.run(
            [sys.executable, "-c", SPENDER, str(device["path"].parent)], capture_output=True, text=True, cwd=REPOSITORY
        )
    assert second.returncode != 0
    assert "another process has ledger.jsonl; try again when it has ended" in second.stderr
    assert second.stdout == "ready\n"


def test_line_1_the_lock_holds_within_one_process_too_and_ends_with_the_context(device):
    with open_ledger(**device), pytest.raises(Refused, match="another process"), open_ledger(**device):
        pass
    with open_ledger(**device) as ledger:
        assert len(ledger.entries) == 1


@pytest.mark.integration
def test_line_1_racing_processes_count_every_debit_once(device):
    racing = """
import sys
from shared_model.errors import Refused
code = sys.stdin.read()
for _ in range(400):
    try:
        exec(code)
    except Refused:
        pass
"""
    once = SPENDER.replace("while True:\n", "if True:\n").replace('print("ready", flush=True)\n', "")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", racing, str(device["path"].parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(once)
        child.stdin.close()
        child.stdin = None
    told = [int(line) for child in children for line in child.communicate()[0].splitlines()]
    assert sorted(told) == list(range(1, len(told) + 1))
    mirror = FileMirror(device["path"].parent / "mirror").read()
    assert mirror is not None
    assert mirror.counter == len(told) + 1
