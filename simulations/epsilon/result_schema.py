"""What the result.json of an epsilon job holds, checked when it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from simulations.report.result_schema import (
    Count,
    DatasetFacts,
    Metrics,
    NonNegative,
    Record,
    Share,
    Usage,
    parse_record,
    read_content,
)

Interval = tuple[float, float, float]
"""A mean, and the ends of its 95 % interval by listener."""


class StartRow(Record):
    """What a part of the table starts from, and what lies beyond it.

    release_0: trained without the listener's own past; release_0_personal: with it, which costs no privacy: the bar;
    federated_off: the same pairs without noise; everyone: all that everybody played before the targets.
    """

    public_kept: Share
    public_listeners: Count
    pairs_heard: Count
    release_0: Metrics
    release_0_personal: Metrics
    federated_off: Metrics
    everyone: Metrics
    gain_off: dict[str, Interval]


class EpsilonRow(Metrics):
    """Private transitions at one epsilon; the metrics are means over releases.

    epsilon, delta: of the population, against who reads the release; epsilon_device: by a device's own count, at the
    same delta; listeners: the population that was planned for; extrapolated: whether it is more than there were;
    released: pairs above the threshold, mean over releases; gain: over release_0_personal; short_of_off: of
    federated_off less the row.
    """

    public_kept: Share
    listeners: Count
    extrapolated: bool
    epsilon: NonNegative
    delta: Annotated[float, Field(gt=0, lt=1)]
    epsilon_device: NonNegative
    unit: Literal["device"]
    relation: Literal["add-or-remove-one"]
    trust: Literal["central"]
    adversary: Literal["release reader"]
    mechanism: str
    noise_multiplier: NonNegative
    pairs: Count
    threshold: NonNegative
    released: NonNegative
    release_0: Share
    release_0_personal: Share
    federated_off: Share
    gain: dict[str, Interval]
    short_of_off: dict[str, Interval]


class EpsilonResult(Record):
    """One epsilon job."""

    schema_version: Literal[1] = Field(alias="schema")
    kind: Literal["epsilon"]
    scenario: str
    title: str
    simulated: bool
    dataset: DatasetFacts
    seed: Count
    noise_seeds: Count
    starts: Annotated[tuple[StartRow, ...], Field(min_length=1)]
    by_epsilon: Annotated[tuple[EpsilonRow, ...], Field(min_length=1)]
    verdict: tuple[str, ...]
    disclosure: Annotated[tuple[str, ...], Field(min_length=1)]
    cost: Usage


def parse_epsilon(content: Mapping[str, object], *, source: str) -> EpsilonResult:
    """`content` as the result of an epsilon job. Raises BadInput with the first field that is wrong."""
    return parse_record(EpsilonResult, content, source=source)


def load_epsilon(path: Path) -> EpsilonResult:
    """Read a result.json. Raises BadInput when it cannot be read, is no JSON object, or breaks the schema."""
    return parse_epsilon(read_content(path), source=str(path))


def is_epsilon(content: Mapping[str, object]) -> bool:
    """Whether a result.json says that it comes from an epsilon job."""
    return content.get("kind") == "epsilon"
