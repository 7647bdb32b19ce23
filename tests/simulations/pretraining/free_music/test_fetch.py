import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared_model.errors import BadInput
from simulations.pretraining.free_music import fetch as fetching
from simulations.pretraining.free_music.fetch import fetch, read_index
from simulations.pretraining.free_music.packages import FreePackage

COPYRIGHT = """Files: *
License: GPL-3+

Files: base/music/strict.ogg
License: GPL-2

Files: base/music/no-trade.ogg
License: CC-BY-NC-3.0
"""


def package(**others: object) -> FreePackage:
    about = {"name": "a-music", "role": "training", "folder": "usr/share/a/base", "source_folder": "base/music"}
    return FreePackage(**{**about, "archive": ("0.pk3", "music"), **others})  # type: ignore[arg-type]


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """apt-get and dpkg-deb of an archive of one package; what was downloaded of it."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name, seconds in [("long", 31), ("short", 5), ("strict", 31), ("no-trade", 31)]:
        tone = 0.1 * np.sin(np.arange(8_000 * seconds) / 9)
        with soundfile.SoundFile(sounds / f"{name}.ogg", "w", 8_000, 1, "VORBIS", format="OGG") as file:
            for part in np.split(tone, seconds):
                file.write(part)
    downloaded: list[str] = []

    def run(command: list[str], *, cwd: str, **_: object) -> None:
        if command[0] == "apt-get":
            if command[2] == "absent":
                raise subprocess.CalledProcessError(100, command)
            downloaded.append(command[2])
            (Path(cwd) / f"{command[2]}_1_all.deb").touch()
            return
        whole = Path(cwd) / command[3]
        for name in ("usr/share/doc/a-music", "usr/share/a/base"):
            (whole / name).mkdir(parents=True)
        (whole / "usr/share/doc/a-music/copyright").write_text(COPYRIGHT)
        with zipfile.ZipFile(whole / "usr/share/a/base/0.pk3", "w") as packed:
            for sound in sounds.iterdir():
                packed.write(sound, f"music/{sound.name}")
                packed.write(sound, f"effects/{sound.name}")

    monkeypatch.setattr(fetching.subprocess, "run", run)
    monkeypatch.setattr(fetching, "PACKAGES", (package(),))
    return downloaded


def test_music_is_listed_whose_licence_permits_training_and_which_is_no_jingle(
    debian: list[str], tmp_path: Path
) -> None:
    tracks = fetch(tmp_path / "cache")
    assert [Path(track.path).name for track in tracks] == ["long.ogg"]
    assert tracks[0].licence == "GPL-3+"
    assert abs(tracks[0].seconds - 31) < 0.1
    assert (tmp_path / "cache" / tracks[0].path).is_file()
    assert read_index(tmp_path / "cache") == tracks


def test_what_is_held_out_may_be_measured_under_more_licences(
    debian: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PACKAGES", (package(role="held out"),))
    assert {Path(track.path).name for track in fetch(tmp_path / "cache")} == {"long.ogg", "strict.ogg"}


def test_what_is_there_is_not_fetched_again(debian: list[str], tmp_path: Path) -> None:
    assert fetch(tmp_path / "cache") == fetch(tmp_path / "cache")
    assert debian == ["a-music"]


def test_a_package_that_apt_does_not_have_is_told_and_leaves_nothing(
    debian: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PACKAGES", (package(name="absent"),))
    with pytest.raises(BadInput, match="cannot download absent; on Debian run `apt-get update`, elsewhere unpack it"):
        fetch(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_without_an_index_and_one_of_another_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is missing or of another version; run"):
        read_index(tmp_path)
    (tmp_path / "music.json").write_text(json.dumps([{"path": "a"}]))
    with pytest.raises(BadInput, match="is missing or of another version; run"):
        read_index(tmp_path)
