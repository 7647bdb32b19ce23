import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared_model.errors import BadInput
from simulations.datasets.song_facts import (
    EMBEDDED,
    SongFacts,
    build_song_facts,
    cycle_places,
    load_song_facts,
    songs_by_cycle,
)

_SHARED = Path(__file__).parents[4] / "shared" / "data" / "lieder"

_SONGS = [
    {
        "id": "a",
        "title": "1 Erstes",
        "composer": "Anna Ohm",
        "composer_died": "1893",
        "words": 4,
        "audio": "audio/a.wav",
        "lyrics": "Nacht, Nacht und Stille",
        "lang": "de",
        "lang_langid": "de",
    },
    {
        "id": "b",
        "title": "2 Zweites",
        "composer": "Anna Ohm",
        "composer_died": "",
        "words": 2,
        "audio": None,
        "lyrics": "la la",
        "lang": None,
        "lang_langid": "fr",
    },
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "audio").mkdir(parents=True)
    (folder / "songs.jsonl").write_text("\n".join(json.dumps(song) for song in _SONGS) + "\n")
    time_s = np.arange(48_000) / 24_000
    soundfile.write(folder / "audio" / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * time_s) * (1 - time_s % 0.5), 24_000)
    return folder


def _built(source: Path, out: Path) -> tuple[SongFacts, ...]:
    build_song_facts(source, out, advance=lambda _: None)
    return load_song_facts(out)


def test_facts_are_drawn_from_the_songs_in_their_order(source, tmp_path):
    first, second = _built(source, tmp_path / "songs.json")
    assert (first.id, first.title, first.composer, first.words) == ("a", "1 Erstes", "Anna Ohm", 4)
    assert (first.language, first.era, first.cycle, first.place) == ("de", "1875", 0, 0)
    assert first.themes["night"] == 0.5
    assert first.score is not None
    assert first.score.register == 69
    assert (second.id, second.language, second.era, second.score, second.place) == ("b", None, None, None, 1)


def test_the_file_has_a_song_a_line_and_no_word_of_the_lyrics(source, tmp_path):
    _built(source, tmp_path / "songs.json")
    content = (tmp_path / "songs.json").read_text()
    assert len(content.splitlines()) == len(_SONGS) + 2
    assert "Stille" not in content


def test_building_twice_gives_the_same_bytes(source, tmp_path):
    for name in ("one.json", "two.json"):
        _built(source, tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_progress_ends_with_all_songs(source, tmp_path):
    shares: list[float] = []
    build_song_facts(source, tmp_path / "songs.json", advance=shares.append)
    assert shares == [0.5, 1.0]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "songs.jsonl").unlink(), "cannot be read"),
        (lambda folder: (folder / "songs.jsonl").write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda folder: (folder / "songs.jsonl").write_text('{"id": "a"}\n'), "line 1 of .*title"),
        (lambda folder: (folder / "songs.jsonl").write_text("no json\n"), "line 1 of"),
        (lambda folder: (folder / "audio" / "a.wav").write_bytes(b"RIFF"), "a.wav cannot be decoded"),
        (lambda folder: (folder / "audio" / "a.wav").unlink(), "a.wav cannot be decoded"),
    ],
)
def test_a_broken_source_is_refused_and_nothing_is_written(source, tmp_path, spoil, reason):
    spoil(source)
    with pytest.raises(BadInput, match=reason):
        build_song_facts(source, tmp_path / "songs.json", advance=lambda _: None)
    assert not (tmp_path / "songs.json").exists()


def test_a_refused_line_never_shows_its_lyrics(source, tmp_path):
    (source / "songs.jsonl").write_text(json.dumps(_SONGS[0] | {"words": "many", "lyrics": "secret verse"}) + "\n")
    with pytest.raises(BadInput) as refusal:
        build_song_facts(source, tmp_path / "songs.json", advance=lambda _: None)
    assert "words" in str(refusal.value)
    assert "secret verse" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lyrics": "Nacht"}, "lyrics"),
        ({"language": "tlh"}, "language"),
        ({"words": -1}, "words"),
        ({"themes": {"love": 0.1}}, "themes"),
        ({"id": "b"}, "twice"),
        ({"score": {"onset_rate": 1.0}}, "score"),
    ],
)
def test_malformed_facts_are_refused(source, tmp_path, change, reason):
    out = tmp_path / "songs.json"
    _built(source, out)
    songs = json.loads(out.read_text())
    out.write_text(json.dumps([songs[0] | change, songs[1]]))
    with pytest.raises(BadInput, match=reason):
        load_song_facts(out)


@pytest.mark.parametrize("content", [None, b"", b"[", b"{}"])
def test_a_missing_or_truncated_file_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "songs.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="datasets build lieder"):
        load_song_facts(path)


def _cycles(*titles: str, composer: str = "Anna Ohm") -> list[tuple[int, int] | None]:
    return cycle_places([(composer, title) for title in titles])


def test_neighbours_with_ascending_numbers_are_a_cycle_until_the_numbers_start_again():
    assert _cycles("1 A", "2 B", "3 C", "1 D", "2 E") == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_songs_sorted_as_file_names_are_put_in_the_order_of_their_numbers():
    assert _cycles("10 J", "11 K", "1 A", "2 B", "3a C", "3b D") == [(0, 4), (0, 5), (0, 0), (0, 1), (0, 2), (0, 3)]


def test_unnumbered_songs_single_songs_and_far_numbers_are_no_cycle():
    assert _cycles("A", "1 B", "C", "40 D", "9 E") == [None] * 5


def test_a_cycle_never_spans_composers():
    assert cycle_places([("Anna Ohm", "1 A"), ("Carl Volt", "2 B")]) == [None, None]


def test_the_embedded_songs_have_known_facts():
    facts = load_song_facts(EMBEDDED)
    assert len(facts) == 1_341
    assert sum(song.score is None for song in facts) == 13
    winterreise = next(
        songs for songs in songs_by_cycle(facts).values() if any("Leiermann" in facts[song].title for song in songs)
    )
    assert [facts[song].title.split()[0] for song in winterreise] == [str(number) for number in range(1, 25)]
    assert {facts[song].composer for song in winterreise} == {"Franz Schubert"}


@pytest.mark.integration
@pytest.mark.skipif(not _SHARED.exists(), reason="needs the songs beside the checkout")
def test_the_embedded_facts_are_those_of_the_songs_and_hold_no_lyric():
    songs = [json.loads(line) for line in (_SHARED / "songs.jsonl").read_text().split("\n") if line]
    facts = load_song_facts(EMBEDDED)
    assert [song["id"] for song in songs] == [fact.id for fact in facts]
    assert [song["lang"] for song in songs] == [fact.language for fact in facts]
    lines = EMBEDDED.read_text().splitlines()[1:-1]
    for song, line in zip(songs, lines, strict=True):
        words = song["lyrics"].split()
        # six words in a row would be a quotation, unless the title, which may stay, quotes it itself
        quotations = {" ".join(words[start : start + 6]) for start in range(len(words) - 5)}
        title_free = line.replace(json.dumps(song["title"], ensure_ascii=False), "")
        assert not any(quotation in title_free for quotation in quotations), song["id"]


@pytest.mark.integration
@pytest.mark.skipif(not _SHARED.exists(), reason="needs the songs beside the checkout")
def test_the_embedded_facts_are_what_the_source_builds(tmp_path):
    """On every 100th song, as all of them take minutes; cycles need the neighbours and are left out."""
    lines = (_SHARED / "songs.jsonl").read_text().split("\n")[::100]
    (tmp_path / "songs.jsonl").write_text("\n".join(line for line in lines if line) + "\n")
    (tmp_path / "audio").symlink_to(_SHARED / "audio")
    stored = {song.id: song for song in load_song_facts(EMBEDDED)}
    for song in _built(tmp_path, tmp_path / "songs.json"):
        assert (song.themes, song.words) == (stored[song.id].themes, stored[song.id].words)
        # decoders of Opus differ in the last bits
        assert song.score == stored[song.id].score or asdict(song.score) == pytest.approx(
            asdict(stored[song.id].score), abs=0.1
        )
