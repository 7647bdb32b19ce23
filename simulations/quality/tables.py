"""The tables of a quality job, on its page and in the terminal."""

from collections.abc import Iterator, Sequence

from simulations.quality.result_schema import GroupQuality, QualityResult
from simulations.report.content import Cell, Group, Row, Table, plain_table
from simulations.report.result_schema import Metrics
from simulations.report.wording import BIAS, METRICS, UNDEFINED, duration, interval, readable, share

GROUP_METRICS = ("hr_at_10", "mrr_at_20")

BASELINES_NOTE = "fitted on public listeners only, as release 0 is"
CEILINGS_NOTE = "fitted on everyone's plays before the targets"

DIVISIONS = {
    "popularity": ("By popularity of the target", "a tenth of all plays each; decile 1 holds the least played tracks"),
    "listening": ("By plays of the listener", "halves of the listeners"),
    "novelty": ("By novelty of the target", ""),
    "language": ("By language of the lyrics", ""),
}


def recommenders(result: QualityResult) -> Iterator[tuple[str, str, str, Metrics]]:
    """(group, note, name, metrics): the head, then baselines, then ceilings."""
    yield "Model", "trained in the clear", model_name(result), result
    for group, note, rows in (
        ("Baselines", BASELINES_NOTE, result.baselines),
        ("Ceilings", CEILINGS_NOTE, result.ceilings),
    ):
        for name, metrics in rows.items():
            yield group, note, readable(name), metrics


def model_name(result: QualityResult) -> str:
    """What the head is called, with how many seeds its numbers are a mean of."""
    return "release 0" if len(result.seeds) == 1 else f"release 0, {len(result.seeds)} seeds"


def quality(result: QualityResult, *, metrics: Sequence[str] = tuple(METRICS)) -> Table:
    """Every recommender, each metric with its interval."""
    return Table(
        caption="quality with 95% bootstrap intervals over listeners, gains averaged over seeds; – is undefined.",
        head=("", *(METRICS[metric] for metric in metrics)),
        groups=_grouped(
            (group, note, name, tuple(_cell(row, metric) for metric in metrics))
            for group, note, name, row in recommenders(result)
        ),
    )


def bias(result: QualityResult) -> Table:
    """What is recommended, whether or not it was played."""
    return Table(
        caption=(
            "coverage@20: share of the catalogue that stands in anybody's top 20. Popularity percentile: mean of the "
            "top 10, 0.5 being the median track. Gini: 0 when all tracks are recommended equally often, 1 when one is."
        ),
        head=("", *BIAS.values()),
        groups=_grouped(
            (group, note, name, tuple(Cell(text=share(getattr(row, metric))) for metric in BIAS))
            for group, note, name, row in recommenders(result)
        ),
    )


def seeds(result: QualityResult) -> Table:
    """Each training, and how far they lie apart."""
    metrics = {**METRICS, **BIAS}
    rows = [(f"seed {row.seed}", *(share(getattr(row, metric)) for metric in metrics)) for row in result.per_seed]
    if result.deviation is not None:
        rows.append(("deviation", *(_small_share(getattr(result.deviation, metric)) for metric in metrics)))
    return plain_table(
        "each training alone; deviation: standard deviation over seeds (n - 1).", ("", *metrics.values()), rows
    )


def groups(result: QualityResult) -> Table:
    """Quality by group of targets, the blend beside the model."""
    rows = (
        (*DIVISIONS[row.division], row.name, (Cell(text=f"{row.targets:,}"), *_side_by_side(row.model, row.blend)))
        for row in result.groups
    )
    return Table(caption=f"quality by group of targets; {beside(result)}.", head=_paired_head(), groups=_grouped(rows))


def cold_listeners(result: QualityResult) -> Table:
    """Quality with a shortened past."""
    rows = (
        (
            "",
            "",
            "whole past" if row.plays is None else f"latest {row.plays} play{'s' if row.plays > 1 else ''}",
            (Cell(text=f"{row.targets:,}"), *_side_by_side(row.model, row.blend)),
        )
        for row in result.cold_listeners
    )
    return Table(
        caption=f"as if listeners had just installed, first seed; {beside(result)}.",
        head=_paired_head(),
        groups=_grouped(rows),
    )


def cold_tracks(result: QualityResult) -> Table | None:
    """Quality on tracks that one training never met. None where no track was left out."""
    cold = result.cold_tracks
    if cold is None:
        return None
    rows = (
        (group, "", name, (Cell(text=f"{targets:,}"), *(_cell(row, metric) for metric in GROUP_METRICS)))
        for group, targets, unseen, seen in (
            ("All", cold.targets, cold.unseen, cold.seen),
            ("New to the listener", cold.new_targets, cold.unseen_new, cold.seen_new),
        )
        for name, row in (("trained without them", unseen), ("trained with them", seen))
    )
    return Table(
        caption=f"targets that are among {cold.tracks:,} tracks left out of one training; first seed.",
        head=("", "targets", *(METRICS[metric] for metric in GROUP_METRICS)),
        groups=_grouped(rows),
    )


def shares(result: QualityResult) -> Table:
    """What made the recommendations."""
    ordered = sorted(result.shares.items(), key=lambda path: -path[1])
    return plain_table(
        "share of each path in the score of the track that stands first, mean over moments; first seed.",
        ("path", "share"),
        [(readable(path), f"{value:.1%}") for path, value in ordered],
    )


def cost(result: QualityResult) -> Table:
    """Time and memory."""
    used = result.cost
    content = ", ".join(f"{name} {count:,}" for name, count in result.dataset.modalities.items()) or "no content"
    rows = [
        ("time, start to report", f"{duration(used.seconds)} ({duration(used.cpu_seconds)} of CPU)"),
        *((f"stage: {stage}", duration(seconds)) for stage, seconds in used.stages.items()),
        ("peak memory", f"{used.peak_mib:,.0f} MiB"),
        ("numbers in the head", f"{result.head_parameters:,}"),
        ("tracks with", content),
    ]
    return plain_table("what the job used, and on what.", ("", "this job"), rows, words=True)


def beside(result: QualityResult) -> str:
    """Which blend stands beside the model."""
    return f"the blend is {BASELINES_NOTE if result.beside == 'baselines' else CEILINGS_NOTE}"


def _paired_head() -> tuple[str, ...]:
    return ("", "targets", *(f"{METRICS[metric]}{of}" for metric in GROUP_METRICS for of in ("", ", blend")))


def _side_by_side(model: GroupQuality, blend: GroupQuality) -> Iterator[Cell]:
    for metric in GROUP_METRICS:
        yield _cell(model, metric)
        yield _cell(blend, metric)


def _cell(row: Metrics | GroupQuality, metric: str) -> Cell:
    value, low, high = row.measured(metric)
    return Cell(text=share(value), aside=interval(low, high))


def _small_share(value: float | None) -> str:
    """Four decimals: seeds differ little."""
    return UNDEFINED if value is None else f"{value:.4f}"


def _grouped(rows: Iterator[tuple[str, str, str, tuple[Cell, ...]]]) -> tuple[Group, ...]:
    """Rows (group, note, name, cells) under their groups, in order; the model's own row is marked."""
    gathered: dict[tuple[str, str], list[Row]] = {}
    for group, note, name, cells in rows:
        gathered.setdefault((group, note), []).append(Row(name=name, cells=cells, own=group == "Model"))
    return tuple(Group(name=name, note=note, rows=tuple(members)) for (name, note), members in gathered.items())
