"""From a profile that was made before federations to one that can join them."""

from alembic import command
from sqlalchemy import func, insert, inspect, select, text

from client.store import database
from client.store.database import create_database, open_database
from client.store.tables import federation, recordings
from tests.client.conftest import KEY


def test_a_profile_of_the_first_schema_gets_the_table_and_keeps_its_rows(tmp_path, monkeypatch):
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
    old = create_database(tmp_path / "store.db", kind="history", key=KEY)
    monkeypatch.undo()
    assert not inspect(old).has_table("federation")
    with old.begin() as connection:
        connection.execute(insert(recordings).values(identity="x", artist="Schubert", title="Die Forelle"))

    new = open_database(tmp_path / "store.db", kind="history", key=KEY)

    with new.connect() as connection:
        assert connection.execute(select(recordings.c.title)).scalars().all() == ["Die Forelle"]
        assert connection.execute(select(func.count()).select_from(federation)).scalar_one() == 0
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == database.NEWEST["history"]


def test_the_database_of_moods_has_a_history_of_its_own(tmp_path):
    mood = create_database(tmp_path / "mood.db", kind="mood", key=KEY)
    with mood.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == database.NEWEST["mood"] == "0001"
    open_database(tmp_path / "mood.db", kind="mood", key=KEY)
