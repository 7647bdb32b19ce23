"""Killed at any moment: nothing that was counted is lost, and the same import again ends where a clean one does."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from write_fixtures import MARK, endsong, songs

from client.store.database import create_database, open_database
from client.store.tables import imports, listens

KEY = bytes(range(32))
PROGRAM = """
import sys
from pathlib import Path
from client.consent.kinds import ListeningConsent, Receipt
from client.consent.purpose import WORDINGS, Purpose
from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.store.database import open_database

wording = WORDINGS[Purpose.LISTENING]
consent = ListeningConsent(
    Receipt(
        purpose=Purpose.LISTENING,
        granted=True,
        wording_version=wording.version,
        wording_sha256=wording.sha256,
        at_s=1,
    )
)
history = open_database(Path(sys.argv[2]), kind="history", key=bytes(range(32)))
print("ready", flush=True)
import_history(
    Path(sys.argv[1]), FormatName.SPOTIFY, history=history, consent=consent, clock=lambda: 1_750_000_000, batch=50
)
"""


def start(source: Path, database: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, source, database], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.integration
def test_a_killed_import_goes_on_and_ends_as_a_clean_one(tmp_path, stored_in):
    draw, listed = random.Random(3), songs()  # noqa: S311
    at_s, entries = 1_600_000_000, []
    for _ in range(6_000):
        at_s += draw.choice((15, 40, 300))
        entries.append(endsong(at_s, draw.choice(listed), draw.randrange(1, 200_000), draw.random() < 0.3))
    source = tmp_path / "endsong_0.json"
    source.write_text(json.dumps(entries))
    create_database(tmp_path / "clean.db", kind="history", key=KEY)
    with start(source, tmp_path / "clean.db") as process:
        began = time.monotonic()
        assert process.wait() == 0
        seconds = time.monotonic() - began
    clean = stored_in(open_database(tmp_path / "clean.db", kind="history", key=KEY))
    assert len(clean) > 5_000

    create_database(tmp_path / "killed.db", kind="history", key=KEY)
    held, killed = 0, 0
    for share in (0.05, 0.2, 0.35, 0.6, 0.8):
        with start(source, tmp_path / "killed.db") as process:
            time.sleep(seconds * share * draw.uniform(0.8, 1.2))
            process.kill()
            killed += process.wait() != 0
        history = open_database(tmp_path / "killed.db", kind="history", key=KEY)
        with history.connect() as connection:
            now = len(connection.execute(select(listens.c.id)).all())
        assert now >= held
        held = now
    assert killed >= 3
    with start(source, tmp_path / "killed.db") as process:
        assert process.wait() == 0
    history = open_database(tmp_path / "killed.db", kind="history", key=KEY)
    assert stored_in(history) == clean
    with history.connect() as connection:
        finished = connection.execute(select(imports.c.finished_at_s)).scalars().all()
    assert 1 <= finished.count(None) <= killed  # one may have fallen between two steps
    for file in tmp_path.glob("*.db*"):
        assert MARK.encode() not in file.read_bytes()
