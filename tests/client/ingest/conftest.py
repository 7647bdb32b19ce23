"""A consent, importing in one call, and what is stored as plain rows."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from client.consent.kinds import ListeningConsent, Receipt
from client.consent.purpose import WORDINGS, Purpose
from client.ingest.entry import Entry
from client.ingest.export import opened_export
from client.ingest.formats import FormatName, kind_of
from client.ingest.import_history import Imported, import_history
from client.store.tables import listens, recordings

FIXTURES = Path(__file__).parents[2] / "fixtures"
sys.path.append(str(FIXTURES))  # for write_fixtures, which stands beside what it writes

Rows = list[tuple[object, ...]]
Parse = Callable[..., list[Entry]]
Import = Callable[..., Imported]


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture(scope="session")
def consent() -> ListeningConsent:
    wording = WORDINGS[Purpose.LISTENING]
    return ListeningConsent(
        Receipt(
            purpose=Purpose.LISTENING,
            granted=True,
            wording_version=wording.version,
            wording_sha256=wording.sha256,
            at_s=1_700_000_000,
        )
    )


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    """What the format makes of content that a file of this name holds."""

    def parsed(content: bytes, file_name: str, name: FormatName, *, listener: str | None = None) -> list[Entry]:
        path = tmp_path / "export" / file_name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        with opened_export(path, listener=listener) as [file]:
            kind = kind_of(file, name)
            assert kind is not None
            return list(kind.parse(file))

    return parsed


@pytest.fixture
def run(history: Engine, consent: ListeningConsent) -> Import:
    """Import into `history`, at an hour that is always the same."""

    def imported(source: Path, name: FormatName = FormatName.AUTO, **options: object) -> Imported:
        return import_history(source, name, history=history, consent=consent, clock=lambda: 1_750_000_000, **options)

    return imported


@pytest.fixture
def stored(history: Engine) -> Callable[[], Rows]:
    """Every play with its recording, without the ids of rows."""

    return lambda: _stored_in(history)


@pytest.fixture
def stored_in() -> Callable[[Engine], Rows]:
    """The same of any database."""
    return _stored_in


def _stored_in(history: Engine) -> Rows:
    facts = (recordings.c.artist, recordings.c.title, recordings.c.album, recordings.c.recording_mbid)
    query = select(
        listens.c.started_at_s,
        listens.c.played_ms,
        listens.c.skipped,
        *facts,
        recordings.c.isrc,
        recordings.c.duration_ms,
    ).join(recordings)
    with history.connect() as connection:
        return sorted((tuple(row) for row in connection.execute(query)), key=repr)
