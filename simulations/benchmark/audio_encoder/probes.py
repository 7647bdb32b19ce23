"""Questions to vectors, all answered by cosine around their own mean, or by a linear fit.

Letters: N rows, D numbers of a row.
"""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

FOLDS: Final = 10
RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1e3)


def around_mean(vectors: Vectors, mean: Vectors) -> Vectors:
    """(N, D) around `mean` (D,) and of unit length, as catalogues hold them."""
    centred = vectors - mean
    scaled: Vectors = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return scaled


def ranks(queries: Vectors, gallery: Vectors) -> NDArray[np.int64]:
    """(N,): how many rows of the gallery (N, D) are more like a query than its own row is; equals count half."""
    mean = gallery.mean(axis=0)
    scores = around_mean(queries, mean) @ around_mean(gallery, mean).T
    own = np.diagonal(scores)[:, None]
    better, equal = (scores > own).sum(axis=1), (scores == own).sum(axis=1) - 1
    places: NDArray[np.int64] = better + (equal + 1) // 2
    return places


def nearest_has_same_label(vectors: Vectors, labels: Sequence[Hashable]) -> NDArray[np.bool_]:
    """(N,): whether the nearest other row has the row's label."""
    unit = around_mean(vectors, vectors.mean(axis=0))
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    nearest = scores.argmax(axis=1)
    return np.array([labels[one] == labels[int(other)] for one, other in enumerate(nearest)])


def chance_of_same_label(labels: Sequence[Hashable]) -> float:
    """How often another row, drawn at random, has the row's label."""
    counts = [labels.count(one) - 1 for one in labels]
    return float(np.mean(counts)) / (len(labels) - 1)


def centroid_accuracy(vectors: Vectors, labels: Sequence[Hashable], groups: Sequence[Hashable]) -> float:
    """How often the nearer of the labels' mean vectors is the row's own, the means taken without the row's group."""
    unit = around_mean(vectors, vectors.mean(axis=0))
    kinds = sorted(set(labels), key=str)
    right = []
    for group in sorted(set(groups), key=str):
        inside = np.array([one == group for one in groups])
        centres = np.stack([unit[~inside & np.array([one == kind for one in labels])].mean(axis=0) for kind in kinds])
        found = (around_mean(unit[inside], 0 * centres[0]) @ around_mean(centres, 0 * centres[0]).T).argmax(axis=1)
        right += [
            kinds[place] == labels[row] for place, row in zip(found, np.flatnonzero(inside).tolist(), strict=True)
        ]
    return float(np.mean(right))


def explained_by_ridge(vectors: Vectors, targets: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """R^2 of a linear fit on groups that it was not fitted on, in ten folds; the penalty is chosen within the others.

    targets: (N,); groups: (N,) whose row it is. Below 0: worse than the mean; 0 where all targets are equal.
    """
    if targets.var() == 0:
        return 0.0
    predicted = np.empty(len(targets))
    for fold in range(FOLDS):
        test = groups % FOLDS == fold
        if not test.any():
            continue
        inner = groups % FOLDS == (fold + 1) % FOLDS
        errors = [
            np.square(_ridge(vectors, targets, fit=~test & ~inner, ask=inner & ~test, penalty=penalty) - targets[inner])
            for penalty in RIDGES
        ]
        best = RIDGES[int(np.argmin([error.mean() for error in errors]))]
        predicted[test] = _ridge(vectors, targets, fit=~test, ask=test, penalty=best)
    return float(1 - np.square(predicted - targets).mean() / targets.var())


def _ridge(
    vectors: Vectors, targets: NDArray[np.float64], *, fit: NDArray[np.bool_], ask: NDArray[np.bool_], penalty: float
) -> NDArray[np.float64]:
    mean, deviation = vectors[fit].mean(axis=0), np.maximum(vectors[fit].std(axis=0), 1e-12)
    known, asked = (vectors[fit] - mean) / deviation, (vectors[ask] - mean) / deviation
    level = targets[fit].mean()
    gram = known.T @ known + penalty * len(known) / 100 * np.eye(known.shape[1])
    answer: NDArray[np.float64] = level + asked @ np.linalg.solve(gram, known.T @ (targets[fit] - level))
    return answer
