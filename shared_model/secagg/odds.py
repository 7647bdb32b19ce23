"""How likely a random graph fails, by exact hypergeometric tails and a union bound: numbers, not rules of thumb.

Letters: n devices, c of them dishonest, each draws k neighbours; t of the k + 1 holders, those and itself, open a
secret.

*Secrecy* fails with the sum of two chances, after Bell et al. 2020 (arXiv 2009.03106), section 4.

1. Some honest device has 2t - k - 1 dishonest neighbours or more. Otherwise no two camps of honest holders, shown
   different lists of who is in, open both of its secrets; and a device that helps to open anything, for which t - 1 of
   its own neighbours signed the list that it is in, is not opened as a lost one by others.
2. Some set S of m <= (n - c) / 2 honest devices can be opened by itself: as each of them was helped by t - 1 of its own
   neighbours, to whom it proved that it is masked with them (`keys.inclusion_tag`), and who are not opened as lost ones
   by 1, all of these are in S or dishonest. Neighbours are drawn alone, so that one
   set has the chance P[H(n - 1, m - 1 + c, k) >= t - 1]^m, and there are C(n - c, m) of them.

Which devices are said to be lost may be chosen by the server with the graph in its hand: the bound does not ask. What
is opened then has more than (n - c) / 2 honest devices in it; in the complete graph, where everybody's signatures are
seen, it is everyone on the one list: of n devices, t help by it and more than (n + c) / 2 are masked with each, so
that more than c are both.

*Correctness.* s devices stay, the others are lost independently of the graph. A secret of who is lost cannot be opened
with fewer than t of its k neighbours among those that stay; a secret of who stays, and holds a share itself, with fewer
than t - 1.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


@lru_cache(maxsize=64)
def log2_secrecy_failure(devices: int, dishonest: int, *, degree: int, share_threshold: int) -> float:
    """log2 of the chance, at most, that a server with `dishonest` devices opens more than one sum, or one of half of
    the honest devices or fewer. At most 0; minus infinity where it cannot, as in the complete graph with 2t > n + c."""
    honest = devices - dishonest
    if share_threshold < 2 or honest < 1:
        return 0.0
    logs = _log_factorials(devices)
    sizes = np.arange(1, honest // 2 + 1)
    each = _log_tail(logs, devices - 1, sizes - 1 + dishonest, degree, share_threshold - 1)
    sets = logs[honest] - logs[sizes] - logs[honest - sizes]
    with np.errstate(invalid="ignore"):
        parts = sets + sizes * each
    both = 2 * share_threshold - degree - 1
    bought = math.log(honest) + _log_tail(logs, devices - 1, np.array([dishonest]), degree, both)
    return min(0.0, float(np.logaddexp.reduce(np.concatenate((parts, bought)))) / math.log(2))


@lru_cache(maxsize=64)
def log2_correctness_failure(devices: int, survivors: int, *, degree: int, share_threshold: int) -> float:
    """log2 of the chance, at most, that a round with `survivors` of `devices` left cannot be opened."""
    logs, lost, most = _log_factorials(devices), devices - survivors, degree - share_threshold + 1
    chances = [math.log(survivors) + _log_tail(logs, devices - 1, np.array([lost]), degree, most + 1)]
    if lost:
        chances.append(math.log(lost) + _log_tail(logs, devices - 1, np.array([lost - 1]), degree, most))
    return min(0.0, float(np.logaddexp.reduce(np.concatenate(chances))) / math.log(2))


@lru_cache(maxsize=8)
def _log_factorials(largest: int) -> _Floats:
    """log 0! .. log largest!"""
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, largest + 1)))))


def _log_tail(logs: _Floats, total: int, marked: NDArray[np.int64], drawn: int, least: int) -> _Floats:
    """log P[at least `least` of `drawn` without replacement from `total` are among the `marked`], for each of them."""
    if least > drawn:
        return np.full(len(marked), -math.inf)
    hits = np.arange(max(least, 0), drawn + 1)[None, :]
    marked = marked[:, None]
    terms = _log_choose(logs, marked, hits) + _log_choose(logs, total - marked, drawn - hits)
    whole = logs[total] - logs[drawn] - logs[total - drawn]
    return np.asarray(np.minimum(0.0, np.logaddexp.reduce(terms, axis=1) - whole))


def _log_choose(logs: _Floats, total: NDArray[np.int64], part: NDArray[np.int64]) -> _Floats:
    possible = (part >= 0) & (part <= total)
    chosen = np.where(possible, part, 0)
    whole = np.broadcast_to(np.maximum(total, 0), possible.shape)
    return np.where(possible, logs[whole] - logs[chosen] - logs[np.maximum(whole - chosen, 0)], -math.inf)
