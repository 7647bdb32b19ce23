"""How numbers and names are written, the same in the terminal and on the pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from simulations.report.result_schema import Metrics, Result

METRICS = {
    "hr_at_10": "HR@10",
    "hr_at_20": "HR@20",
    "ndcg_at_10": "NDCG@10",
    "mrr_at_20": "MRR@20",
    "new_hr_at_10": "new HR@10",
    "new_mrr_at_20": "new MRR@20",
}
"""Metrics with an interval, and their headings."""

BIAS = {
    "coverage_at_20": "coverage@20",
    "popularity_percentile": "popularity percentile",
    "gini": "Gini",
}
"""Metrics of what is recommended, whether or not it was played."""

UNDEFINED = "–"

_NAMES = {
    "release_0": "release 0",
    "local_only": "local only",
    "federated": "federated, not private",
    "federated_private": "federated, private",
    "personal_popularity": "personal popularity",
    "item_knn": "item kNN",
    "own_counts": "own counts",
    "own_sequence": "own sequence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One recommender of the quality table. `headline` marks the private federated one."""

    group: str
    name: str
    metrics: Metrics
    headline: bool


def quality_rows(result: Result) -> Iterator[QualityRow]:
    """Models, then baselines, then ceilings, each in the order of the result."""
    for key in ("release_0", "local_only", "federated", "federated_private"):
        metrics = getattr(result.models, key)
        if metrics is not None:
            name = model_name(key, result)
            yield QualityRow(group="models", name=name, metrics=metrics, headline=key == "federated_private")
    for group, rows in (("baselines", result.baselines), ("ceilings", result.ceilings)):
        for name, metrics in rows.items():
            yield QualityRow(group=group, name=readable(name), metrics=metrics, headline=False)


def model_name(key: str, result: Result) -> str:
    """The model's name; a run whose noise was switched off is never called private."""
    if key == "federated_private" and result.privacy.mechanism == "off":
        return "federated, mechanism off"
    return readable(key)


def readable(key: str) -> str:
    """`own_counts` as `own counts`; names without an entry stay as they are."""
    return _NAMES.get(key, key)


def share(value: float | None) -> str:
    """A share in 0..1 with three decimals, or a dash where undefined."""
    return UNDEFINED if value is None else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """`0.176–0.188`, or nothing where undefined."""
    return "" if low is None or high is None else f"{low:.3f}–{high:.3f}"


def epsilon(value: float) -> str:
    """Three decimals, rounded up: a printed guarantee is never stronger than the computed one."""
    return str(Decimal(repr(value)).quantize(Decimal("0.001"), rounding=ROUND_CEILING))


def small(value: float) -> str:
    """`1e-5`: how a delta is written."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def size(size_bytes: float) -> str:
    """`3.2 MiB`, with binary prefixes up to GiB."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


def duration(seconds: float) -> str:
    """`8.3 s` below two minutes, `3 min 05 s` from there."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
