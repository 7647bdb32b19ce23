"""Vectors of tracks in a table of text: `id` and numbers, a track a line, plain or packed by bzip2."""

import bz2
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue, Modality
from shared_model.encoders.centring import centre, present_mean
from shared_model.errors import BadInput

KEY = "id"


def find_table(folder: Path, stem: str) -> Path:
    """`stem`.tsv or `stem`.tsv.bz2 in the folder. Raises BadInput where there is neither."""
    for suffix in (".tsv", ".tsv.bz2"):
        file = folder / f"{stem}{suffix}"
        if file.is_file():
            return file
    raise BadInput(f"{folder}: holds neither {stem}.tsv nor {stem}.tsv.bz2; fetch it, or name another table")


def read_features(file: Path, rows: Mapping[str, int]) -> Modality:
    """The vectors of the tracks in `rows` (id to row), as they stand; absent where the table has no line of a track.

    Raises:
        BadInput: the file cannot be read or ends early, its header is another, or a line of a track that is wanted is
            of another length, holds what is no number, NaN or infinity, or comes twice.
    """
    with opened(file) as lines:
        header = next(lines, "").rstrip("\r\n").split("\t")
        size = len(header) - 1
        if header[0] != KEY or size < 1:
            raise BadInput(f"{file}: line 1 is not `{KEY}` and then a column a number; give a table of that form")
        vectors = np.zeros((len(rows), size), dtype=np.float32)
        present = np.zeros(len(rows), dtype=np.bool_)
        for number, line in enumerate(lines, start=2):
            key, _, numbers = line.rstrip("\r\n").partition("\t")
            row = rows.get(key)
            if row is None:
                continue
            if present[row]:
                raise BadInput(f"{file}: line {number} describes track {key} a second time; remove one of the two")
            vectors[row] = _vector(numbers, size, where=f"{file}: line {number}")
            present[row] = True
    return Modality(vectors=vectors, present=present)


def with_features(catalogue: Catalogue, folder: Path, stems: Mapping[str, str]) -> Catalogue:
    """The catalogue with a modality for each table, around its mean and of unit length, as every catalogue's are.

    stems: by modality, the table's name without .tsv or .tsv.bz2; the tracks' ids are those of the tables. A modality
    is of one table, so that vectors of two encoders are never compared.

    Raises:
        BadInput: as `find_table` and `read_features`, or no track of the catalogue stands in a table.
    """
    rows = {track: row for row, track in enumerate(catalogue.track_ids)}
    modalities = {}
    for name, stem in stems.items():
        file = find_table(folder, stem)
        raw = read_features(file, rows)
        if not raw.present.any():
            raise BadInput(f"{file}: none of its ids is a track that is played; are the ids of another kind?")
        modalities[name] = centre(raw, present_mean(raw))
    return replace(catalogue, modalities=modalities)


@contextmanager
def opened(file: Path) -> Iterator[TextIO]:
    """The lines of a table, unpacked as they are read. Raises BadInput where it cannot be read, or ends early."""
    try:
        packed = file.suffix == ".bz2"
        with bz2.open(file, "rt", encoding="utf-8") if packed else file.open(encoding="utf-8") as lines:
            yield lines
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: is not UTF-8 text; fetch it again") from error
    except (OSError, EOFError) as error:
        raise BadInput(f"{file}: cannot be read to its end ({error}); fetch it again") from error


def _vector(numbers: str, size: int, *, where: str) -> NDArray[np.float32]:
    try:
        vector = np.array(numbers.split("\t"), dtype=np.float32)
    except ValueError as error:
        raise BadInput(f"{where} holds what is no number; fetch the file again") from error
    if len(vector) != size or not np.isfinite(vector).all():
        raise BadInput(f"{where} has {len(vector)} numbers or NaN, not {size} numbers; fetch the file again")
    return vector
