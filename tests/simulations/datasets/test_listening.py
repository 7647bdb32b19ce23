from pathlib import Path

import numpy as np
import pytest

from shared_model.catalogue import UNKNOWN
from shared_model.errors import BadInput
from simulations.datasets.listening import read_listening

TRACKS = "track\tartist\talbum\n70\t9\t-1\n71\t9\t40\n72\t8\t41\n99\t-1\t-1\n"
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "listening"


def folder_with(folder: Path, sequences: str, tracks: str = TRACKS) -> Path:
    (folder / "sequences.tsv").write_text("listener\ttracks\n" + sequences, encoding="utf-8")
    (folder / "tracks.tsv").write_text(tracks, encoding="utf-8")
    return folder


def test_a_folder_becomes_a_catalogue_and_histories_in_play_order(tmp_path):
    sequences = f"ann\t{' '.join(['72', '70'] * 15)}\nbob\t{' '.join(['70', '71', '72'] * 10)}\n"
    catalogue, histories = read_listening(folder_with(tmp_path, sequences), name="tiny")
    assert catalogue.name == "tiny"
    assert catalogue.track_ids == ("70", "71", "72")
    assert catalogue.artist.tolist() == [0, 0, 1]
    assert catalogue.album.tolist() == [UNKNOWN, 0, 1]
    assert catalogue.modalities == {}
    assert [history.listener for history in histories] == ["ann", "bob"]
    assert histories[0].tracks.tolist() == [2, 0] * 15
    assert histories[1].tracks.tolist() == [0, 1, 2] * 10
    assert histories[0].started_at_s is None
    assert histories[0].tracks.dtype == np.int64


@pytest.mark.parametrize(
    ("sequences", "sentence"),
    [
        ("ann\t70 71\nbob\t70 7\n", "line 3 plays track '7', which tracks.tsv beside it does not describe"),
        ("ann\t70  71\n", "line 2 plays track ''"),
        ("ann\t70\nann\t71\n", "line 3 is a second line of the same listener"),
        ("ann 70 71\n", "line 2 has 1 fields, not 2"),
        ("ann\t70\t71\n", "line 2 has 3 fields, not 2"),
        ("", "no listener has 30 plays"),
        ("ann\t70 71\n", "no listener has 30 plays"),
    ],
)
def test_sequences_that_cannot_be_used_are_refused(tmp_path, sequences, sentence):
    with pytest.raises(BadInput, match=sentence) as refusal:
        read_listening(folder_with(tmp_path, sequences), name="tiny")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("tracks", "sentence"),
    [
        ("", r"tracks\.tsv: line 1 is not the header"),
        ("70\t9\t-1\n", "line 1 is not the header track<tab>artist<tab>album"),
        ("track\tartist\talbum\n70\t1\t1\n70\t1\t1\n", "line 3 describes track 70 a second time"),
        ("track\tartist\talbum\n70\t1\n", "line 2 has 2 fields, not 3"),
    ],
)
def test_tracks_that_cannot_be_used_are_refused(tmp_path, tracks, sentence):
    with pytest.raises(BadInput, match=sentence):
        read_listening(folder_with(tmp_path, "ann\t70\n", tracks), name="tiny")


def test_a_folder_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"absent.tracks\.tsv: cannot be read \(No such file or directory\); give"):
        read_listening(tmp_path / "absent", name="tiny")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (folder_with(tmp_path, "") / "sequences.tsv").write_bytes(b"listener\ttracks\nann\t\xff\xfe\n")
    with pytest.raises(BadInput, match="is not UTF-8 text"):
        read_listening(tmp_path, name="tiny")


@pytest.mark.integration
@pytest.mark.parametrize(("log", "listeners", "tracks"), [("lastfm-1k", 892, 16_669), ("30music", 2_834, 39_328)])
def test_real_logs_have_the_published_sizes(log, listeners, tracks):
    if not (SHARED / log).is_dir():
        pytest.skip(f"no {log} beside the checkout")
    catalogue, histories = read_listening(SHARED / log, name=log)
    assert (len(histories), len(catalogue)) == (listeners, tracks)
    assert min(len(history) for history in histories) >= 30
    assert all((np.diff(history.tracks) != 0).all() for history in histories)
