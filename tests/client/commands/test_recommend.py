import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from client.checkin.record import save
from client.checkin.shipped import instrument_named
from client.consent.purpose import Purpose
from client.ingest.import_history import import_history
from client.music_library.library import NewVector, TrackRow, write_track
from client.profile import open_profile
from client.recommend import ask
from tests.client.prepared import typed

EXPORT = Path(__file__).parents[2] / "fixtures" / "spotify" / "extended.zip"


def grant(folder: Path, *purposes: Purpose) -> None:
    with open_profile(folder) as profile:
        for purpose in purposes:
            profile.consents.decide(purpose, granted=True, at_s=1)


@pytest.fixture
def listener(folder: Path) -> Path:
    """Agreed to learning from listening, and imported an export."""
    grant(folder, Purpose.LISTENING)
    with open_profile(folder) as profile:
        import_history(
            EXPORT, "auto", history=profile.history, consent=profile.consents.listening(), clock=lambda: 1_700_000_000
        )
    return folder


def own(folder: Path, path: str, artist: str, title: str, *, vectors: tuple[NewVector, ...] = ()) -> None:
    row = TrackRow(
        path=path,
        size_bytes=1,
        modified_ns=1,
        content_sha256=vectors[0].content_sha256 if vectors else None,
        lyrics_sha256=None,
        artist=artist,
        title=title,
        album=None,
        recording_mbid=None,
        isrc=None,
        duration_ms=61_000,
        fault=None,
        lyrics_language=None,
    )
    with open_profile(folder) as profile, profile.history.begin() as connection:
        write_track(connection, row, list(vectors))


def answered(folder: Path) -> None:
    with open_profile(folder) as profile:
        mood = profile.mood_for_writing()
        save(mood, instrument_named("affective_slider"), {"pleasure": 0.9, "arousal": 0.1}, at_s=int(time.time()) - 60)


def recommend(folder: Path, *arguments: object):
    return typed("recommend", *arguments, "--dir", folder)


def found(folder: Path, *arguments: object):
    ran = recommend(folder, *arguments, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_the_next_tracks_are_told_and_each_is_explained(listener: Path) -> None:
    ran = recommend(listener, "-n", 3, "--explain")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) == 6
    assert all(line.startswith(f"{number:>3}  ") and " - " in line for number, line in enumerate(lines[::2], start=1))
    assert all(line.startswith("     ") for line in lines[1::2])
    assert len(recommend(listener, "-n", 3).out.splitlines()) == 3


def test_json_says_what_it_was_made_from(listener: Path) -> None:
    answer = found(listener, "--explain", "-n", 5)
    assert answer["payload"]["count"] == len(answer["payload"]["mbids"]) == 5
    assert answer["about"] == {
        "release": "starter",
        "release_simulated": True,
        "head": "release",
        "from": "catalogue",
        "plays": answer["about"]["plays"],
        "mood": "not used",
        "mood_effect": False,
        "left_out": {},
    }
    assert answer["about"]["plays"] > 60
    assert all(each["reason"]["words"] for each in answer["payload"]["mbids"])


def test_repeats_were_played_and_discoveries_were_not(listener: Path) -> None:
    repeats = found(listener, "--novelty", "repeats", "-n", 200, "--from", "anywhere", "--explain")["payload"]["mbids"]
    discoveries = found(listener, "--novelty", "discoveries", "-n", 50, "--explain")["payload"]["mbids"]
    assert 20 < len(repeats) < 60
    assert all(each["reason"]["plays"] > 0 for each in repeats if "plays" in each["reason"])
    assert all(each["reason"]["plays"] == 0 for each in discoveries if "plays" in each["reason"])
    names = [{(each["artist_name"], each["track_name"]) for each in listed} for listed in (repeats, discoveries)]
    assert not names[0] & names[1]


def test_own_files_come_first_where_there_are_any(listener: Path) -> None:
    heard = found(listener, "--novelty", "repeats", "-n", 1)["payload"]["mbids"][0]
    own(listener, "/music/a b/Füchse.flac", "Somebody", "Füchse\nund Gänse")
    own(listener, "/music/known.flac", heard["artist_name"].upper(), heard["track_name"])
    answer = found(listener)
    assert answer["about"]["from"] == "library"
    assert {each["path"] for each in answer["payload"]["mbids"]} == {"/music/a b/Füchse.flac", "/music/known.flac"}
    playlist = recommend(listener, "--format", "m3u8")
    assert (playlist.code, playlist.err) == (0, "")
    assert "#EXTINF:61,Somebody - Füchse und Gänse\n/music/a b/Füchse.flac\n" in playlist.out
    jspf = json.loads(recommend(listener, "--format", "jspf").out)
    assert {track["location"][0] for track in jspf["playlist"]["track"]} == {
        "file:///music/a%20b/F%C3%BCchse.flac",
        "file:///music/known.flac",
    }
    xspf = ET.fromstring(recommend(listener, "--format", "xspf").out)  # noqa: S314 - our own
    assert {each.text for each in xspf.iter("{http://xspf.org/ns/0/}location")} == {
        "file:///music/a%20b/F%C3%BCchse.flac",
        "file:///music/known.flac",
    }


def test_vectors_of_another_encoder_are_not_mixed_with_the_releases_and_that_is_said(listener: Path) -> None:
    other = NewVector(
        content_sha256="ab" * 32, encoder="audio_vae sha256:another", modality="audio", vector=np.ones(64, np.float32)
    )
    own(listener, "/music/one.flac", "Somebody", "One", vectors=(other,))
    ran = recommend(listener)
    assert (ran.code, ran.out) == (0, "  1  Somebody - One\n")
    assert ran.err.startswith("recommend: 1 of your tracks have audio of another encoder than the release's, and count")


def test_tracks_without_a_file_are_left_out_of_a_playlist_of_lines_and_that_is_said(listener: Path) -> None:
    ran = recommend(listener, "--format", "m3u8", "-n", 3)
    assert len(ran.out.splitlines()) == 2
    assert ran.err == "recommend: 3 of 3 tracks have no file here and are left out; --from library\n"


def test_nothing_left_is_no_fault(listener: Path) -> None:
    ran = recommend(listener, "--from", "library")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing to recommend" in ran.err
    assert found(listener, "--from", "library")["payload"]["mbids"] == []


def test_before_anything_was_played_the_release_speaks(folder: Path) -> None:
    grant(folder, Purpose.LISTENING)
    ran = recommend(folder, "-n", 2, "--explain")
    assert ran.out.count("simulated listeners played it ") == 2


def test_without_consent_nothing_is_recommended_and_nothing_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "read_shelf", None)
    monkeypatch.setattr(ask, "read_plays", None)
    monkeypatch.setattr(ask, "states_for_model", None)
    grant(folder, Purpose.MOOD)
    ran = recommend(folder)
    assert (ran.code, ran.out) == (3, "")
    assert "consent grant listening" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--json", "--format", "m3u8"), "--json and --format m3u8 ask for two documents"),
        (("--json", "--format", "text"), "--json and --format text ask for two documents"),
        (("--mood", "happy"), "'happy' is not one of"),
        (("--mood", "shift"), "belongs to a shift"),
        (("--valence", "0.5"), "only to a shift"),
        (("--mood", "shift", "--valence", "2"), "2.0 is not in the range"),
        (("--mood", "shift", "--valence", "nan"), "from -1 to 1"),
        (("--diversity", "1.5"), "1.5 is not in the range"),
        (("--diversity", "nan"), "give 0 to 1"),
        (("-n", "0"), "0 is not in the range"),
        (("--format", "pls"), "'pls' is not one of"),
        (("--from", "cloud"), "'cloud' is not one of"),
    ],
)
def test_what_cannot_be_is_a_sentence(listener: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = recommend(listener, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_json_may_be_asked_for_twice(listener: Path) -> None:
    assert "payload" in json.loads(recommend(listener, "--json", "--format", "json").out)


def test_a_mood_without_consent_is_not_used_and_may_not_be_shifted(listener: Path) -> None:
    answered(listener)
    assert found(listener)["about"]["mood"] == "not used"
    ran = recommend(listener, "--mood", "shift", "--valence", "0.5")
    assert (ran.code, ran.out) == (3, "")
    assert "consent grant mood" in ran.err


@pytest.mark.parametrize(
    ("arguments", "used"),
    [((), "match"), (("--mood", "shift", "--arousal", "-1"), "shift"), (("--mood", "ignore"), "not used")],
)
def test_a_mood_is_used_as_wished_and_what_it_changed_is_told(listener: Path, arguments, used: str) -> None:
    grant(listener, Purpose.MOOD)
    answered(listener)
    about = found(listener, *arguments)["about"]
    assert (about["mood"], about["mood_effect"]) == (used, False)  # the starter knows no moods
    err = recommend(listener, *arguments).err
    assert ("your mood changed nothing" in err) == (used != "not used")


def test_the_state_that_the_head_sees_is_the_wished_one(listener: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(listener, Purpose.MOOD)
    assert found(listener)["about"]["mood"] == "not used"  # nobody has answered
    answered(listener)
    seen = []
    real = ask.Recommender.recommend
    monkeypatch.setattr(
        ask.Recommender,
        "recommend",
        lambda self, *a, state, **k: seen.append(state) or real(self, *a, state=state, **k),
    )
    found(listener)
    found(listener, "--mood", "shift", "--arousal", "0.5")
    found(listener, "--mood", "ignore")
    assert seen[0][:2].tolist() == pytest.approx([0.8, -0.8])
    assert seen[1][:2].tolist() == pytest.approx([0.8, 0.5])
    assert seen[2] is None


PROGRAM = """
import json, sys
from client.cli import main
sys.argv = ["sottovoce-client", *sys.argv[1:]]
try:
    main()
finally:
    slow = [name for name in ("torch", "transformers", "flwr", "soundfile") if name in sys.modules]
    print(json.dumps(slow), file=sys.stderr)
"""


@pytest.mark.integration
def test_recommending_imports_no_torch(listener: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, "recommend", "--json", "--explain", "--dir", str(listener)]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(ran.stderr.splitlines()[-1]) == []
    assert json.loads(ran.stdout)["payload"]["count"] == 10


def test_the_words_of_the_command_line_are_read_without_anything_slow() -> None:
    program = (
        "import sys, client.commands.recommend, client.commands.tune\n"
        "print([name for name in ('numpy', 'scipy', 'sqlalchemy', 'torch') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[]\n"
