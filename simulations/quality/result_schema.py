"""What the result.json of a quality job holds, checked when it is read. `docs/report.md` explains every field."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulations.report.result_schema import (
    BaselineName,
    Count,
    Intervals,
    Metrics,
    NonNegative,
    Record,
    Share,
    Usage,
    Weight,
    parse_record,
    read_content,
)


class QualityDataset(Record):
    """Sizes of what the job ran on; modalities counts the tracks that have each one."""

    name: str
    tracks: Count
    central: bool
    learned_listeners: Count
    scored_listeners: Count
    targets: Count
    new_targets: Count
    modalities: dict[str, Count]


class GroupQuality(Intervals):
    """Ranking quality over some of the targets; None where there is none."""

    hr_at_10: Share | None
    hr_at_10_low: Share | None
    hr_at_10_high: Share | None
    mrr_at_20: Share | None
    mrr_at_20_low: Share | None
    mrr_at_20_high: Share | None


class Points(Record):
    """The metrics without intervals."""

    hr_at_10: NonNegative | None
    hr_at_20: NonNegative | None
    ndcg_at_10: NonNegative | None
    mrr_at_20: NonNegative | None
    new_hr_at_10: NonNegative | None
    new_mrr_at_20: NonNegative | None
    coverage_at_20: NonNegative | None
    popularity_percentile: NonNegative | None
    gini: NonNegative | None


class SeedQuality(Points):
    """One training."""

    seed: Count


class GroupRow(Record):
    """One group of targets, and the two recommenders on it."""

    division: Literal["popularity", "listening", "novelty", "language"]
    name: str
    targets: Count
    model: GroupQuality
    blend: GroupQuality


class ColdTrackRow(Record):
    """Targets that are cold tracks: by a head that never met them, and by the one that did.

    `_new`: those of them that the listener had not played before either; the others can be foreseen from the own past.
    """

    tracks: Count
    targets: Count
    new_targets: Count
    unseen: GroupQuality
    unseen_new: GroupQuality
    seen: GroupQuality
    seen_new: GroupQuality


class ColdListenerRow(Record):
    """Targets with a shortened past; plays None: with all of it."""

    plays: Count | None
    targets: Count
    model: GroupQuality
    blend: GroupQuality


class QualityResult(Metrics):
    """One quality job. Its own metrics are those of the head, gains averaged over seeds: the headline."""

    schema_version: Literal[1] = Field(alias="schema")
    kind: Literal["quality"]
    scenario: str
    title: str
    simulated: bool
    dataset: QualityDataset
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    per_seed: tuple[SeedQuality, ...]
    deviation: Points | None
    head_parameters: Count
    baselines: dict[BaselineName, Metrics]
    ceilings: dict[BaselineName, Metrics]
    beside: Literal["baselines", "ceilings"]
    groups: tuple[GroupRow, ...]
    cold_tracks: ColdTrackRow | None
    cold_listeners: tuple[ColdListenerRow, ...]
    shares: dict[str, Weight]
    verdict: tuple[str, ...]
    disclosure: Annotated[tuple[str, ...], Field(min_length=1)]
    cost: Usage

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if tuple(row.seed for row in self.per_seed) != self.seeds:
            raise ValueError("per_seed must hold each of seeds once, in order")
        if (self.deviation is None) != (len(self.seeds) == 1):
            raise ValueError("deviation must be null for one seed, and for one seed only")
        if "blend" not in getattr(self, self.beside):
            raise ValueError(f"beside is {self.beside}, which hold no blend")
        return self


def parse_quality(content: Mapping[str, object], *, source: str) -> QualityResult:
    """`content` as the result of a quality job. Raises BadInput with the first field that is wrong."""
    return parse_record(QualityResult, content, source=source)


def load_quality(path: Path) -> QualityResult:
    """Read a result.json. Raises BadInput when it cannot be read, is no JSON object, or breaks the schema."""
    return parse_quality(read_content(path), source=str(path))


def is_quality(content: Mapping[str, object]) -> bool:
    """Whether a result.json says that it comes from a quality job."""
    return content.get("kind") == "quality"
