"""The tables of one run's page."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from simulations.report.content import Cell, Group, Row, Table, plain_table
from simulations.report.privacy_words import device_terms, epsilon_or_reason, example_terms, terms
from simulations.report.result_schema import Attention, PrivacyFacts, Result, Shares
from simulations.report.wording import (
    BIAS,
    METRICS,
    UNDEFINED,
    QualityRow,
    duration,
    epsilon,
    interval,
    model_name,
    quality_rows,
    readable,
    share,
    size,
)

GROUP_NOTES = {
    "models": "the head of this project",
    "baselines": "fitted on public listeners only, as release 0 is",
    "ceilings": "fitted on everyone's plays before the targets, without any privacy",
}


def quality(result: Result, *, metrics: Sequence[str] = tuple(METRICS)) -> Table:
    """Every recommender, each metric with its interval, all targets and new ones."""
    rows = list(quality_rows(result))
    return Table(
        caption="quality with 95% bootstrap intervals over listeners; – is undefined.",
        head=("", *(METRICS[metric] for metric in metrics)),
        groups=tuple(_grouped(rows, lambda row: tuple(_measured(row, metric) for metric in metrics))),
    )


def bias(result: Result) -> Table:
    """What is recommended, whether or not it was played."""
    rows = list(quality_rows(result))
    return Table(
        caption=(
            "coverage@20: share of the catalogue that stands in anybody's top 20. Popularity percentile: mean of the "
            "top 10, 0.5 being the median track. Gini: 0 when all tracks are recommended equally often, 1 when one is."
        ),
        head=("", *BIAS.values()),
        groups=tuple(_grouped(rows, lambda row: tuple(Cell(text=share(getattr(row.metrics, name))) for name in BIAS))),
    )


def plan(result: Result) -> Table:
    """The privacy plan and what the run did with it."""
    privacy = result.privacy
    rows = [
        ("epsilon, PLD", f"{epsilon_or_reason(result.epsilon_pld, result)} ({terms(result)}, {privacy.adversary})"),
        ("epsilon, RDP", f"{epsilon_or_reason(result.epsilon_rdp, result)} ({terms(result)}, {privacy.adversary})"),
        ("epsilon, device", f"{epsilon_or_reason(result.epsilon_device, result)} ({device_terms(result)}, own count)"),
        *_one_window(privacy),
        ("mechanism", privacy.mechanism + (f", {privacy.bands} bands" if privacy.bands > 1 else "")),
        ("accountants", ", ".join(privacy.accountants) or "none"),
        ("noise multiplier", f"{privacy.noise_multiplier:.4g}"),
        ("noise", privacy.noise or "none"),
        (
            "clip norm",
            UNDEFINED if privacy.clip_norm is None else f"{privacy.clip_norm:.4g} ({_clipping(privacy)})",
        ),
        ("sample rate", f"{privacy.sample_rate:.4g} a round"),
        ("planned and minimum cohort", f"{privacy.planned_cohort:,} and {privacy.minimum_cohort:,} devices"),
    ]
    return plain_table("the privacy plan and what the run did with it.", ("", "this run"), rows, words=True)


def _one_window(privacy: PrivacyFacts) -> list[tuple[str, str]]:
    level = privacy.example_level
    return [] if level is None else [("epsilon, one window", f"{epsilon(level.epsilon)} ({example_terms(level)})")]


def _clipping(privacy: PrivacyFacts) -> str:
    start = "at the start; it follows the median, " if privacy.clipping == "adaptive" else ""
    return f"{start}L2, all released tensors"


def cost(result: Result) -> Table:
    """Time, memory, bytes, and what would be needed to find this run again."""
    used, updates = result.cost, result.cost.client_updates
    sent = sum(point.bytes_up or 0 for point in result.curve)
    received = sum(point.bytes_down or 0 for point in result.curve)
    rate = f"{updates / used.cpu_seconds:,.1f} a CPU second over the whole run" if used.cpu_seconds else UNDEFINED
    rows = [
        ("time, start to report", f"{duration(used.seconds)} ({duration(used.cpu_seconds)} of CPU)"),
        *((f"stage: {readable(stage)}", duration(seconds)) for stage, seconds in used.stages.items()),
        ("peak memory", f"{used.peak_mib:,.0f} MiB"),
        ("client updates", f"{updates:,} ({rate})"),
        ("bytes, all devices and rounds", f"{size(sent)} up, {size(received)} down"),
        (
            "numbers trained in rounds",
            f"{result.trainable_parameters:,} of {result.head_parameters:,} (trainable: {result.trainable})",
        ),
        (
            "tracks with",
            ", ".join(f"{name} {count:,}" for name, count in result.dataset.modalities.items()) or "no content",
        ),
        ("model sha256", result.model_sha256),
    ]
    return plain_table("what the run used, and on what.", ("", "this run"), rows, words=True)


def curve_quality(result: Result, metric: str) -> Table:
    """The numbers of one quality-by-round figure."""
    models = ("federated_private", "federated")
    rows = [
        (str(point.round), *(share(getattr(getattr(point, model), metric, None)) for model in models))
        for point in result.curve
        if point.federated_private is not None or point.federated is not None
    ]
    return plain_table(
        f"{METRICS[metric]} by round.", ("round", *(model_name(model, result) for model in models)), rows
    )


def curve_privacy(result: Result) -> Table:
    """Epsilon, cohort and the two norms by round."""
    rows = [
        (
            str(point.round),
            UNDEFINED if point.epsilon_pld is None else epsilon(point.epsilon_pld),
            UNDEFINED if point.epsilon_rdp is None else epsilon(point.epsilon_rdp),
            UNDEFINED if point.cohort is None else f"{point.cohort:,}",
            UNDEFINED if point.update_norm is None else f"{point.update_norm:.4g}",
            UNDEFINED if point.noise_norm is None else f"{point.noise_norm:.4g}",
        )
        for point in result.curve
    ]
    head = ("round", "epsilon, PLD", "epsilon, RDP", "cohort", "update norm", "noise norm")
    return plain_table(f"epsilon after each round ({terms(result)}), cohort and norms.", head, rows)


def curve_bytes(result: Result) -> Table:
    """Bytes by round."""
    rows = [
        (str(point.round), *(UNDEFINED if sent is None else f"{sent:,}" for sent in (point.bytes_up, point.bytes_down)))
        for point in result.curve
    ]
    return plain_table("bytes by round, all devices of the cohort.", ("round", "up", "down"), rows)


def attention(content: Attention, modality: str) -> Table:
    """Mean attention weights, one row a mood group."""
    weights = getattr(content, modality)
    head = ("plays ago", *(str(position + 1) for position in range(len(weights[0]))))
    rows = [(group, *map(share, row)) for group, row in zip(content.groups, weights, strict=True)]
    return plain_table(f"mean attention weights, {modality}.", head, rows)


def shares(content: Shares) -> Table:
    """Mean fusion weights, one row a mood group."""
    rows = [(group, *map(share, row)) for group, row in zip(content.groups, content.weights, strict=True)]
    return plain_table(
        "mean share of each path in the first recommendation.", ("", *map(readable, content.paths)), rows
    )


def _measured(row: QualityRow, metric: str) -> Cell:
    value, low, high = row.metrics.measured(metric)
    return Cell(text=share(value), aside=interval(low, high))


def _grouped(rows: Sequence[QualityRow], cells: Callable[[QualityRow], tuple[Cell, ...]]) -> Iterator[Group]:
    for name, members in groupby(rows, key=lambda row: row.group):
        body = tuple(Row(name=row.name, cells=cells(row), own=row.headline) for row in members)
        yield Group(name=name.capitalize(), note=GROUP_NOTES[name], rows=body)
