"""On tiny files of the documented layout; the full set was never at hand."""

import bz2
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from shared_model.errors import BadInput
from simulations import cli
from simulations.datasets.lastfm_1k import LASTFM_1K
from simulations.datasets.music4all_onion import EVENTS, NEWEST, read_music4all_onion

START_S = 1_580_000_000
HEADER = "user_id\ttrack_id\ttimestamp"


def line(listener: int, second: int, track: str) -> str:
    at = datetime.fromtimestamp(START_S + second, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{listener}\t{track}\t{at}"


def written(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{EVENTS}.tsv.bz2").write_bytes(bz2.compress("\n".join([HEADER, *lines, ""]).encode()))
    return folder


def tracks_of(folder: Path) -> list[str]:
    catalogue, (history,) = read_music4all_onion(folder, name="onion")
    return [catalogue.track_ids[track] for track in history.tracks]


def test_plays_come_out_oldest_first_with_their_start_in_utc(tmp_path: Path) -> None:
    newest_first = [line(7, 60 * minute, f"track{minute % 2}") for minute in reversed(range(40))]
    catalogue, (history,) = read_music4all_onion(written(tmp_path, newest_first), name="onion")
    assert history.listener == "7"
    assert history.started_at_s is not None
    assert history.started_at_s.tolist() == [START_S + 60 * minute for minute in range(40)]
    assert [catalogue.track_ids[track] for track in history.tracks[:3]] == ["track0", "track1", "track0"]


def test_of_plays_with_one_stamp_the_lower_line_came_first(tmp_path: Path) -> None:
    lines = [line(7, minute // 2, f"track{minute % 2}") for minute in reversed(range(40))]
    assert tracks_of(written(tmp_path, lines)) == ["track0", "track1"] * 20


@pytest.mark.parametrize("plays", [NEWEST - 1, 4 * NEWEST, 11 * NEWEST + 5])
def test_of_many_plays_the_newest_are_kept_whatever_their_order(tmp_path: Path, plays: int) -> None:
    lines = [line(7, second // 2, f"track{second % 3}") for second in reversed(range(plays))]
    expected = [f"track{second % 3}" for second in range(plays)][-NEWEST:]
    assert tracks_of(written(tmp_path / "file", lines)) == expected
    mixed = [lines[place] for place in np.random.default_rng(0).permutation(plays)]
    _, (history,) = read_music4all_onion(written(tmp_path / "mixed", mixed), name="onion")
    assert history.started_at_s is not None
    assert (np.diff(history.started_at_s) >= 0).all()
    assert history.started_at_s[0] >= START_S + (plays - NEWEST) // 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1 is not the header"),
        (b"user_id\ttrack_id\tcount\n", "line 1 is not the header"),
        (f"{HEADER}\n1\tt\n".encode(), "line 2 is no listener, track and time"),
        (f"{HEADER}\n1\tt\tyesterday\n".encode(), "line 2 is no listener, track and time"),
        (f"{HEADER}\n{line(1, 0, 't')}\n".encode(), "give a larger log"),
    ],
)
def test_a_table_that_is_none_is_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / f"{EVENTS}.tsv").write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read_music4all_onion(tmp_path, name="onion")


def test_a_folder_without_plays_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds neither userid_trackid_timestamp"):
        read_music4all_onion(tmp_path, name="onion")


SMALL = ["pretraining.epochs=1", "pretraining.candidates=44", "evaluation.resamples=10", "seeds=[0]"]


def run(monkeypatch, capsys, *arguments: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["sottovoce-simulate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def listening() -> list[list[int]]:
    draw = np.random.default_rng(3)
    return [[int((start + step * draw.integers(1, 3)) % 40) for step in range(70)] for start in range(12)]


def features(folder: Path, stem: str, ids: list[str], size: int) -> None:
    draw = np.random.default_rng(len(stem))
    rows = [f"{track}\t" + "\t".join(f"{number:.4f}" for number in draw.normal(size=size)) for track in ids]
    text = "\n".join(["\t".join(["id", *map(str, range(size))]), *rows, ""])
    (folder / f"{stem}.tsv.bz2").write_bytes(bz2.compress(text.encode()))


def test_a_scenario_runs_on_it_with_both_modalities(monkeypatch, capsys, tmp_path: Path) -> None:
    folder = written(
        tmp_path / "onion",
        [
            line(listener, 60 * step, f"t{track:02}")
            for listener, own in enumerate(listening())
            for step, track in reversed(list(enumerate(own)))
        ],
    )
    ids = [f"t{track:02}" for track in range(40)]
    features(folder, "id_bert", ids[:30], 24)
    features(folder, "id_ivec1024", ids, 16)
    settings = [word for each in ("dataset.name=music4all-onion", *SMALL) for word in ("--set", each)]
    command = ("run", "lastfm-half", "--data", folder, "--out", tmp_path / "run", *settings)
    code, out, err = run(monkeypatch, capsys, *command, "--json")
    assert code == 0, err
    modalities = json.loads(out)["dataset"]["modalities"]
    assert modalities["lyrics"] < modalities["audio"]
    code, _, err = run(monkeypatch, capsys, *command[:-2], "--set", "dataset.audio_features=id_maest")
    assert (code, "id_maest.tsv" in err or "run lies there" in err) == (2, True)


def test_a_scenario_runs_on_last_fm_1k_beside_tables_of_ones_own(monkeypatch, capsys, tmp_path: Path) -> None:
    lines = []
    for listener, own in enumerate(listening()):
        for step, track in reversed(list(enumerate(own))):
            at = datetime.fromtimestamp(START_S + 60 * step, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            lines.append(f"user_{listener:06}\t{at}\t\tClara\tmbid-{track:02}\tSong {track}")
    # the reader takes the newest fifth of each chronology, so that there must be five times as much
    folder = tmp_path / "enriched"
    folder.mkdir()
    older = []
    for listener in range(12):
        mine = [one for one in lines if one.startswith(f"user_{listener:06}\t")]
        older += mine + [one.replace("2020-", f"20{year}-") for year in (19, 18, 17, 16) for one in mine]
    (folder / LASTFM_1K).write_text("\n".join(older) + "\n")
    features(folder, "id_bert", [f"mbid-{track:02}" for track in range(40)], 24)
    settings = ["dataset.name=lastfm-1k-features", 'dataset.audio_features=""', *SMALL]
    command = ["run", "lastfm-half", "--data", folder, "--out", tmp_path / "run"]
    command += [word for each in settings for word in ("--set", each)]
    code, out, err = run(monkeypatch, capsys, *command, "--json")
    assert code == 0, err
    assert set(json.loads(out)["dataset"]["modalities"]) == {"lyrics"}
