"""Sentence vectors by stored statistics of lyrics: centred, and their strongest directions made weaker.

Raw vectors of a Transformer share a direction, so that unrelated lyrics have a cosine of 0.8 and more, and a few
directions carry most of the rest. Whitening makes all that are kept equal (Su et al., 2021, arXiv:2103.15316; Huang et
al., 2021, arXiv:2104.01767); `power` says how far it goes.
Letters: N texts, D numbers of a raw vector, K of a whitened one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from shared_model.catalogue import Modality
from shared_model.durable import write_atomically
from shared_model.errors import BadInput

FILE: Final = "whitening.safetensors"
"""Its place in the folder of an encoder, which it makes a version of its own."""

PROBE: Final = "The kettle hums, and trams go down to the bay."
"""A text whose raw vector is stored beside the statistics: of another model's vectors they say nothing."""

ALIKE: Final = 0.99
"""Cosine of the probe's raw vectors above which two encoders are one: eight-bit weights are, another model is not."""

METADATA: Final = "sottovoce"
FORMAT: Final = "sottovoce whitening 1"

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitening:
    """mean: (D,) of the raw vectors of a corpus; matrix: (D, K); probe: (D,), the raw vector of `PROBE`."""

    mean: Numbers
    matrix: Numbers
    probe: Numbers

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.mean.shape != self.matrix.shape[:1] or self.probe.shape != self.mean.shape:
            raise BadInput(
                f"whitening: mean {self.mean.shape}, matrix {self.matrix.shape} and probe {self.probe.shape} do not "
                "belong together; fit them anew"
            )
        if not all(np.isfinite(numbers).all() for numbers in (self.mean, self.matrix, self.probe)):
            raise BadInput("whitening: it holds NaN or infinity; fit it anew")

    def of(self, raw: Modality) -> Modality:
        """Raw vectors (N, D) of unit length as (N, K) of unit length; what is absent stays so."""
        whitened = (raw.vectors.astype(np.float64) - self.mean) @ self.matrix.astype(np.float64)
        lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
        present = raw.present & (lengths[:, 0] > 0)
        vectors = np.divide(whitened, lengths, out=np.zeros_like(whitened), where=present[:, None])
        return Modality(vectors=vectors.astype(np.float32), present=present)

    def is_of(self, probe: Numbers) -> bool:
        """Whether an encoder that gives this raw vector (D,) of `PROBE` is the one that the statistics are of."""
        if probe.shape != self.probe.shape:
            return False
        return float(probe @ self.probe) > ALIKE * float(np.linalg.norm(probe) * np.linalg.norm(self.probe))


def fit_whitening(raw: Modality, *, size: int, power: float, probe: Numbers) -> Whitening:
    """The statistics of a corpus.

    size: K, the strongest directions that are kept, at most D and less than the texts; power: from 0 (the directions
    keep their weights: centring alone) to 1 (all weigh the same).

    Raises:
        BadInput: there are no more texts than directions.
    """
    vectors = raw.vectors[raw.present].astype(np.float64)
    if not 1 <= size <= raw.vectors.shape[1] or not 0 <= power <= 1:
        raise ValueError(f"size {size} of {raw.vectors.shape[1]} and power {power} are out of range")
    if len(vectors) <= size:
        raise BadInput(f"whitening: {len(vectors)} texts cannot tell {size} directions; give more than {size}")
    mean = vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(vectors - mean, rowvar=False, bias=True))
    strongest = np.argsort(-variances, kind="stable")[:size]
    kept = directions[:, strongest]
    # an eigenvector's sign is arbitrary: the same corpus gives the same file
    kept *= np.where(kept[np.abs(kept).argmax(axis=0), np.arange(size)] < 0, -1.0, 1.0)
    matrix = kept * (variances[strongest] / variances[strongest[0]]) ** (-power / 2)
    return Whitening(mean=mean.astype(np.float32), matrix=matrix.astype(np.float32), probe=probe.astype(np.float32))


def write_whitening(whitening: Whitening, path: Path, *, about: dict[str, Any]) -> None:
    """about: what is known of the corpus and of the fit, as JSON; read by people. Same numbers, same bytes."""
    tensors = {
        # safetensors writes memory as it lies: columns of a Fortran array would come back as rows
        name: np.ascontiguousarray(numbers)
        for name, numbers in (("mean", whitening.mean), ("matrix", whitening.matrix), ("probe", whitening.probe))
    }
    facts = json.dumps({"format": FORMAT, **about}, sort_keys=True)
    write_atomically(path, save(tensors, metadata={METADATA: facts}))


def read_whitening(path: Path) -> Whitening:
    """Raises BadInput where the file cannot be read, is truncated, or is of another kind."""
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {}).get(METADATA, "{}"))
            if facts.get("format") != FORMAT:
                raise BadInput(f"whitening: {path} is no file of {FORMAT!r}; remove it, or fit it anew")
            return Whitening(**{name: file.get_tensor(name) for name in ("mean", "matrix", "probe")})
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise BadInput(f"whitening: {path} cannot be read; remove it from its folder, or fit it anew") from error
