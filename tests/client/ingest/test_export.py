import struct
import zipfile
from pathlib import Path

import pytest

from client.ingest import export
from client.ingest.entry import Malformed
from client.ingest.export import opened_export
from client.ingest.formats import FormatName, kind_of
from shared_model.errors import BadInput

NAME = "Streaming_History_Audio_2024_0.json"


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def names(source: Path) -> list[str]:
    with opened_export(source) as files:
        return [file.name for file in files]


def test_files_come_in_the_order_of_their_numbers(tmp_path):
    files = {f"my/{place}/endsong_{number}.json": b"" for place in (1, 2) for number in (10, 9)}
    listed = [f"{place}/endsong_{number}.json" for place in (1, 2) for number in (9, 10)]
    assert names(zipped(tmp_path / "a.zip", files)) == listed
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert names(tmp_path / "my") == listed


def test_a_bomb_is_refused_before_anything_is_stored(tmp_path, run, stored):
    bomb = zipped(tmp_path / "bomb.zip", {"endsong_0.json": b"[]", NAME: b"[" + b" " * 300_000_000})
    with pytest.raises(BadInput, match=r"bomb\.zip unpacks to more than an export does"):
        run(bomb)
    assert stored() == []


def test_a_bomb_that_lies_of_its_size_gives_no_more_than_it_said(tmp_path):
    path = zipped(tmp_path / "lie.zip", {NAME: b"[" + b" " * 50_000_000})
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02") + 24
    path.write_bytes(content[:at] + struct.pack("<I", 1000) + content[at + 4 :])
    with opened_export(path) as [file]:
        assert list(kind_of(file, FormatName.SPOTIFY).parse(file)) == [
            Malformed(NAME, "is damaged or encrypted after entry 0; the rest of it was not read")
        ]


def test_what_is_really_read_is_bounded(tmp_path):
    path = zipped(tmp_path / "a.zip", {NAME: b"[" + b" " * 5_000_000})
    with opened_export(path) as [file]:
        file.on_read(export._RATIO_FREE_BYTES)
        with pytest.raises(BadInput, match="unpacks to more"):
            file.on_read(200 * path.stat().st_size + 1)


def test_many_members_and_a_huge_table_of_contents_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "many.zip", {f"{number}.json": b"" for number in range(50)})
    monkeypatch.setattr(export, "MOST_FILES", 49)
    with pytest.raises(BadInput, match="unpacks to more"):
        names(path)
    monkeypatch.setattr(export, "_DIRECTORY_BYTES", 1000)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # never asked
    with pytest.raises(BadInput, match="unpacks to more"):
        names(path)


def test_archives_in_archives_are_not_opened(tmp_path, run):
    inner = zipped(tmp_path / "inner.zip", {NAME: b"[]"}).read_bytes()
    with pytest.raises(BadInput, match="holds no history of any format that is known"):
        run(zipped(tmp_path / "outer.zip", {"inner.zip": inner}))


def test_a_path_that_leads_out_leads_nowhere(tmp_path, run):
    source = zipped(tmp_path / "a.zip", {f"../../{NAME}": b"[]", f"/etc/{NAME}": b"[]"})
    before = sorted(tmp_path.parent.iterdir())
    assert run(source).counts.read == 0
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_name_cannot_write_to_the_terminal(tmp_path):
    found = names(zipped(tmp_path / "a.zip", {"\x1b[31mred\u202e.json": b"", "b" * 300: b""}))
    assert set(found) == {"?[31mred?.json", "..." + "b" * 117}


def test_a_damaged_member_is_counted_and_the_others_are_read(tmp_path, run):
    good = b'[{"ts": "2024-01-01T10:00:00Z", "ms_played": 200000, "master_metadata_track_name": "T",' + (
        b' "master_metadata_album_artist_name": "A"}]'
    )
    path = zipped(tmp_path / "a.zip", {"endsong_0.json": good, NAME: good}, zipfile.ZIP_STORED)
    content = path.read_bytes()
    at = content.index(b"10:00")
    path.write_bytes(content[:at] + b"11" + content[at + 2 :])
    counts = run(path).counts
    assert counts.malformed == 1
    assert counts.faults == (
        "spotify: endsong_0.json is damaged or encrypted after entry 0; the rest of it was not read",
    )
    assert counts.imported == 1


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 40])
def test_what_only_begins_like_a_zip_is_refused(tmp_path, content, run):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadInput, match=r"import: a\.zip"):
        run(tmp_path / "a.zip")


def test_what_is_not_there_or_holds_no_history_is_refused(tmp_path, run):
    with pytest.raises(BadInput, match="there is no"):
        run(tmp_path / "missing.zip")
    (tmp_path / "letter.json").write_text('{"dear": "reader"}')
    for name in FormatName:
        with pytest.raises(BadInput, match="holds no history of any format that is known"):
            run(tmp_path / "letter.json", name)


def test_links_are_not_followed(tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "secret.json").write_text("[]")
    (tmp_path / "export" / "endsong_0.json").symlink_to(tmp_path / "secret.json")
    assert names(tmp_path / "export") == []


def test_two_formats_at_once_are_refused_and_one_can_be_named(tmp_path, run, fixtures):
    for name in ("spotify/endsong_0.json", "lastfm/pages.json"):
        (tmp_path / Path(name).name).write_bytes((fixtures / name).read_bytes())
    with pytest.raises(BadInput, match=r"several formats \(lastfm, spotify\); name one instead of auto"):
        run(tmp_path)
    assert run(tmp_path, FormatName.SPOTIFY).counts.imported == 30
