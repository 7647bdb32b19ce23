from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.music_library.lyrics_beside import Lyrics, embedded_lyrics
from client.music_library.tags import Tags, named_by_place, normalised_isrc, normalised_mbid, read_tags

ALBUM = Path(__file__).parents[2] / "fixtures" / "music" / "Wandering Clerks" / "Grey Windows"
MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
WORDS = "the kettle hums, the window's grey\nand trams go down to the bay"


def test_id3_tags_are_read_with_the_recording_of_musicbrainz() -> None:
    tags = read_tags(ALBUM / "id3.mp3")
    assert (tags.artist, tags.title, tags.album) == ("Wandering Clerks", "Kettle", "Grey Windows")
    assert (tags.recording_mbid, tags.isrc) == (MBID, "DEA123456789")
    assert tags.duration_ms == pytest.approx(2500, abs=100)


def test_vorbis_comments_are_read() -> None:
    tags = read_tags(ALBUM / "vorbis comments.flac")
    assert (tags.artist, tags.title, tags.recording_mbid, tags.isrc) == ("Ünlaut", "Höfe", MBID, "DEA123456789")


@pytest.mark.parametrize("name", ["id3.mp3", "sylt.mp3", "vorbis comments.flac", "unsynced.ogg", "tags only.m4a"])
def test_embedded_lyrics_of_every_kind_are_the_same_words(name: str) -> None:
    assert embedded_lyrics(read_tags(ALBUM / name).lyrics) == Lyrics(words=WORDS, language=None)


def test_an_embedded_text_that_says_instrumental_is_no_lyrics() -> None:
    assert embedded_lyrics(read_tags(ALBUM / "instrumental.opus").lyrics) is None


def test_mp4_tags_are_read_with_the_recording_of_musicbrainz() -> None:
    tags = read_tags(ALBUM / "tags only.m4a")
    assert (tags.title, tags.recording_mbid) == ("Tags", MBID)


@pytest.mark.parametrize("name", ["shopping list.mp3", "empty.opus", "cut in its header.ogg", "absent.ogg"])
def test_broken_files_have_no_tags(name: str) -> None:
    assert read_tags(ALBUM.parents[1] / name) == Tags()


@given(content=st.binary(max_size=300), suffix=st.sampled_from([".mp3", ".ogg", ".flac", ".m4a", ".wav", ".wma"]))
def test_any_bytes_are_a_file_with_or_without_tags(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("tags") / f"a{suffix}"
    path.write_bytes(b"ID3\x04\0\0" + content)
    read_tags(path)
    path.write_bytes(content)
    read_tags(path)


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("Kettle.mp3", ("Unknown artist", "Kettle")),
        ("Clerks/Kettle.mp3", ("Clerks", "Kettle")),
        ("Clerks/Windows/03 Kettle.mp3", ("Clerks", "Kettle")),
        ("Pop/Clerks/Windows/1-03. Kettle.mp3", ("Clerks", "Kettle")),
        ("Sampler/07 - Clerks - Kettle - Live.mp3", ("Clerks", "Kettle - Live")),
        ("1999.mp3", ("Unknown artist", "1999")),
    ],
)
def test_a_file_without_tags_is_named_by_its_place(place: str, names: tuple[str, str]) -> None:
    named = named_by_place(Tags(), Path("/music") / place, root=Path("/music"))
    assert (named.artist, named.title) == names


def test_tags_come_before_the_place() -> None:
    path = Path("/music/Clerks/Windows/03 - Kettle.mp3")
    assert named_by_place(Tags(title="Hums"), path, root=Path("/music")).title == "Hums"
    assert named_by_place(Tags(title="Hums"), path, root=Path("/music")).artist == "Clerks"


@given(stem=st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_every_name_gives_an_artist_and_a_title(stem: str) -> None:
    named = named_by_place(Tags(), Path("/music") / f"{stem}.mp3", root=Path("/music"))
    assert named.artist.strip()
    assert named.title.strip()


def test_ids_are_normalised() -> None:
    assert normalised_isrc("de-a12-34-56789") == "DEA123456789"
    assert normalised_isrc("DE-A12") is None
    assert normalised_mbid(f" {MBID.upper()}\n") == MBID
    assert normalised_mbid("unknown") is None
