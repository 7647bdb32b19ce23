import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DatabaseError

from client.store.database import change_key, compact, create_database, open_database
from client.store.tables import HISTORY, MOOD, recordings
from shared_model.errors import BadInput
from tests.client.conftest import KEY, everything_in

PLANTED = "Die Forelle im Mondlicht"
OTHER = bytes(32)


def plant(engine: Engine) -> None:
    with engine.begin() as connection:
        row = {"identity": PLANTED.casefold(), "artist": PLANTED, "title": PLANTED}
        connection.execute(insert(recordings), [row | {"identity": f"{PLANTED}{n}"} for n in range(500)])


@pytest.mark.parametrize(("kind", "tables"), [("history", HISTORY), ("mood", MOOD)])
def test_migrations_make_the_tables_that_the_program_reads(tmp_path, kind, tables):
    engine = create_database(tmp_path / "x.db", kind=kind, key=KEY)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), tables)
    assert [each for each in found if "alembic_version" not in str(each)] == []


def test_nothing_readable_is_on_disk_while_it_is_open_written_and_closed(history, tmp_path):
    with history.connect() as connection:
        plant(history)
        connection.execute(select(recordings)).fetchall()
        assert (tmp_path / "store.db-wal").exists()
        assert PLANTED.encode() not in everything_in(tmp_path)
    assert PLANTED.encode() not in everything_in(tmp_path)
    assert PLANTED.encode("utf-16-le") not in everything_in(tmp_path)


def test_only_the_owner_may_read_the_file(history, tmp_path):
    plant(history)
    with history.connect() as connection:
        connection.execute(select(recordings)).fetchall()
        assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("store.db*")} == {0o600}


def test_a_wrong_key_is_a_sentence_and_changes_nothing(history, tmp_path, capfd):
    plant(history)
    before = everything_in(tmp_path)
    with pytest.raises(BadInput, match="does not belong to this profile's key; nothing was changed"):
        open_database(tmp_path / "store.db", kind="history", key=OTHER)
    assert everything_in(tmp_path) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "damage", [lambda content: content[:5000], lambda content: b"SQLite format 3\0" + content[16:]]
)
def test_a_truncated_or_foreign_file_is_a_sentence_and_is_left_alone(history, tmp_path, damage):
    plant(history)
    file = tmp_path / "store.db"
    file.write_bytes(damage(file.read_bytes()))
    before = file.read_bytes()
    with pytest.raises(BadInput, match="truncated or does not belong"):
        open_database(file, kind="history", key=KEY)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_file_is_never_taken_for_a_new_database(tmp_path, content):
    file = tmp_path / "store.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadInput, match="missing or empty"):
        open_database(file, kind="history", key=KEY)
    assert not file.exists() or file.read_bytes() == b""


def test_a_database_of_a_newer_program_is_refused(history, tmp_path):
    with history.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match=r"newer sottovoce \(schema 9999\)"):
        open_database(tmp_path / "store.db", kind="history", key=KEY)


def test_a_changed_key_opens_the_same_rows_and_the_old_one_none(history, tmp_path):
    plant(history)
    change_key(history, OTHER)
    with open_database(tmp_path / "store.db", kind="history", key=OTHER).connect() as connection:
        assert len(connection.execute(select(recordings)).fetchall()) == 500
    with pytest.raises(BadInput, match="nothing was changed"):
        open_database(tmp_path / "store.db", kind="history", key=KEY)


def test_compacting_leaves_no_page_of_what_was_deleted(history, tmp_path):
    plant(history)
    large = (tmp_path / "store.db").stat().st_size
    with history.begin() as connection:
        connection.execute(recordings.delete())
    compact(history)
    assert (tmp_path / "store.db").stat().st_size < large
    assert not [path for path in tmp_path.glob("store.db-*") if path.stat().st_size]


def test_an_existing_file_is_never_overwritten(tmp_path):
    (tmp_path / "store.db").write_bytes(b"something of somebody")
    with pytest.raises(BadInput, match="exists already"):
        create_database(tmp_path / "store.db", kind="history", key=KEY)
    assert (tmp_path / "store.db").read_bytes() == b"something of somebody"


def test_line_25_what_could_not_be_written_is_not_told_by_the_error(history):
    plant(history)
    with pytest.raises(DatabaseError) as error, history.begin() as connection:
        connection.execute(insert(recordings).values(identity=f"{PLANTED}1", artist=PLANTED, title=PLANTED))
    assert PLANTED not in str(error.value)
