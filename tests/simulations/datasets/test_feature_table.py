import bz2
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.catalogue import Catalogue
from shared_model.errors import BadInput
from simulations.datasets.feature_table import find_table, read_features, with_features

ROWS = {"a": 0, "b": 1, "c": 2}
TABLE = "id\t0\t1\t2\nb\t1.5\t-2\t1e-3\nx\t9\t9\t9\na\t0\t0\t1\n"


def written(folder: Path, content: str, name: str = "id_bert.tsv") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_vectors_stand_in_the_rows_of_their_tracks_and_the_rest_is_absent(tmp_path: Path) -> None:
    found = read_features(written(tmp_path, TABLE), ROWS)
    assert found.present.tolist() == [True, True, False]
    np.testing.assert_allclose(found.vectors, [[0, 0, 1], [1.5, -2, 1e-3], [0, 0, 0]])


def test_a_packed_table_is_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "id_bert.tsv.bz2"
    packed.write_bytes(bz2.compress(TABLE.encode()))
    assert find_table(tmp_path, "id_bert") == packed
    plain = read_features(written(tmp_path, TABLE), ROWS)
    np.testing.assert_array_equal(read_features(packed, ROWS).vectors, plain.vectors)


@given(vectors=st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=4, max_size=4), min_size=1, max_size=6))
def test_numbers_come_back_as_they_were_written(tmp_path_factory, vectors: list[list[float]]) -> None:
    lines = [f"{row}\t" + "\t".join(map(repr, vector)) for row, vector in enumerate(vectors)]
    file = written(tmp_path_factory.mktemp("table"), "\n".join(["id\ta\tb\tc\td", *lines]) + "\n")
    found = read_features(file, {str(row): row for row in range(len(vectors))})
    np.testing.assert_array_equal(found.vectors, np.array(vectors, np.float32))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1 is not `id`"),
        ("track\t0\t1\n", "line 1 is not `id`"),
        ("id\n", "line 1 is not `id`"),
        ("id\t0\t1\na\t1\n", r"line 2 has 1 numbers or NaN, not 2"),
        ("id\t0\t1\na\t1\t2\t3\n", r"line 2 has 3 numbers"),
        ("id\t0\t1\na\t1\tnan\n", "NaN"),
        ("id\t0\t1\na\t1\tinf\n", "NaN"),
        ("id\t0\t1\na\t1\tone\n", "line 2 holds what is no number"),
        ("id\t0\t1\na\t1\t2\nb\t1\t1\na\t1\t2\n", "line 4 describes track a a second time"),
    ],
)
def test_a_table_that_is_none_is_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_features(written(tmp_path, content), ROWS)


def test_a_file_that_ends_early_or_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    packed = tmp_path / "id_bert.tsv.bz2"
    packed.write_bytes(bz2.compress(("id\t0\n" + "a\t1\n" * 1000).encode())[:-20])
    with pytest.raises(BadInput, match="cannot be read to its end"):
        read_features(packed, {})
    (tmp_path / "latin.tsv").write_bytes(b"id\t0\n\xff\t1\n")
    with pytest.raises(BadInput, match="is not UTF-8 text"):
        read_features(tmp_path / "latin.tsv", ROWS)
    with pytest.raises(BadInput, match=r"holds neither id_audio\.tsv nor id_audio\.tsv\.bz2"):
        find_table(tmp_path, "id_audio")


def test_modalities_are_around_their_mean_and_what_is_missing_is_never_zero_vectors_that_count(tmp_path: Path) -> None:
    unknown = np.full(3, -1)
    catalogue = Catalogue(name="three", track_ids=["a", "b", "c"], artist=unknown, album=unknown, modalities={})
    written(tmp_path, TABLE)
    found = with_features(catalogue, tmp_path, {"lyrics": "id_bert"}).modalities["lyrics"]
    assert found.present.tolist() == [True, True, False]
    np.testing.assert_allclose(np.linalg.norm(found.vectors[:2], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found.vectors[0], -found.vectors[1], atol=1e-6)  # two of them, around their mean
    written(tmp_path, "id\t0\nz\t1\n")
    with pytest.raises(BadInput, match="none of its ids is a track that is played"):
        with_features(catalogue, tmp_path, {"lyrics": "id_bert"})
