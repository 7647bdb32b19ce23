"""What result.json holds, checked when it is read. `docs/report.md` explains every field.

Quality numbers are shares in 0..1, or None where undefined (a data set without new targets has no new_hr_at_10).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared_model.errors import BadInput

SCHEMA = 1

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1 + 1e-6)]  # a mean of float32 softmax outputs may end just above 1
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
BaselineName = Literal["popularity", "personal_popularity", "bigram", "item_knn", "blend"]


class Record(BaseModel):
    """A part of result.json: immutable, without unknown fields, without NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measured(NamedTuple):
    """A metric with its bootstrap interval over listeners; None where undefined."""

    value: float | None
    low: float | None
    high: float | None


class Intervals(Record):
    """Metrics that have an interval; each stands beside its `_low` and `_high`."""

    def measured(self, metric: str) -> Measured:
        """The metric of that name (one of those with `_low` and `_high`) with its interval."""
        return Measured(*(getattr(self, metric + end) for end in ("", "_low", "_high")))


class Metrics(Intervals):
    """Ranking quality of one recommender over all targets, and over the listener's new tracks (`new_`)."""

    hr_at_10: Share | None
    hr_at_10_low: Share | None
    hr_at_10_high: Share | None
    hr_at_20: Share | None
    hr_at_20_low: Share | None
    hr_at_20_high: Share | None
    ndcg_at_10: Share | None
    ndcg_at_10_low: Share | None
    ndcg_at_10_high: Share | None
    mrr_at_20: Share | None
    mrr_at_20_low: Share | None
    mrr_at_20_high: Share | None
    new_hr_at_10: Share | None
    new_hr_at_10_low: Share | None
    new_hr_at_10_high: Share | None
    new_mrr_at_20: Share | None
    new_mrr_at_20_low: Share | None
    new_mrr_at_20_high: Share | None
    coverage_at_20: Share | None
    popularity_percentile: Share | None
    gini: Share | None


class DatasetFacts(Record):
    """Sizes of what the scenario ran on; modalities counts the tracks that have each one."""

    name: str
    tracks: Count
    public_listeners: Count
    private_listeners: Count
    targets: Count
    new_targets: Count
    modalities: dict[str, Count]


class Models(Record):
    """The four recommenders that share the head; None where the scenario did not train one."""

    release_0: Metrics
    local_only: Metrics | None
    federated: Metrics | None
    federated_private: Metrics


class ExampleLevelFacts(Record):
    """What one training window has spent on the busiest device: another unit than the rest of the file speaks of."""

    epsilon: NonNegative
    delta: Annotated[float, Field(gt=0, lt=1)]
    unit: Literal["example"]
    relation: Literal["add-or-remove-one"]
    adversary: Literal["server"]
    noise_multiplier: NonNegative
    clip_norm: NonNegative
    sample_rate: Share
    steps: Count
    epsilon_cap: NonNegative
    accountant: str


class PrivacyFacts(Record):
    """What the plan promised and what the run did with it; norms are L2, over everything released."""

    mechanism: Literal["gaussian", "skellam", "matrix-factorisation", "off"]
    bands: Count = 1
    clipping: Literal["flat", "adaptive"] = "flat"
    unit: Literal["device", "example"]
    relation: Literal["add-or-remove-one", "replace-one", "zero-out"]
    trust: Literal["central", "distributed", "local"]
    adversary: Literal["release reader", "server"]
    accountants: tuple[str, ...]
    noise_multiplier: NonNegative
    clip_norm: NonNegative | None
    sample_rate: Share
    planned_cohort: Count
    honest: Count = 0
    minimum_cohort: Count
    max_participations: Count | None
    most_participations: Count
    device_cap: NonNegative | None
    declined_invitations: Count
    noise: str | None
    example_level: ExampleLevelFacts | None = None


class RoundQuality(Record):
    """Quality of one model after one round."""

    hr_at_10: Share | None
    mrr_at_20: Share | None
    new_hr_at_10: Share | None


class CurvePoint(Record):
    """One round; round 0 is release 0, before any training. Quality is None where a round was not evaluated."""

    round: Count
    federated_private: RoundQuality | None
    federated: RoundQuality | None
    epsilon_pld: NonNegative | None
    epsilon_rdp: NonNegative | None
    cohort: Count | None
    update_norm: NonNegative | None
    noise_norm: NonNegative | None
    bytes_up: Count | None
    bytes_down: Count | None


class Attention(Record):
    """Mean temporal attention by mood group: one row a group, one weight a recency position, the latest play first."""

    groups: tuple[str, ...]
    lyrics: tuple[tuple[Weight, ...], ...] | None = None
    audio: tuple[tuple[Weight, ...], ...] | None = None

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        for name, rows in (("lyrics", self.lyrics), ("audio", self.audio)):
            if rows and (len(rows) != len(self.groups) or len({len(row) for row in rows}) != 1):
                raise ValueError(f"{name} must have one row for each group, all of one length")
        return self


class GroupQuality(Intervals):
    """Of one mood group, as devices reported it; None where the noise leaves nothing to say."""

    group: str
    hr_at_10: Share | None
    hr_at_10_low: Share | None
    hr_at_10_high: Share | None
    ndcg_at_10: Share | None
    ndcg_at_10_low: Share | None
    ndcg_at_10_high: Share | None


class FederatedEvaluation(Record):
    """Quality out of the noised sums of `rounds` rounds; each interval is of the noise, at 95 %."""

    rounds: Count
    groups: tuple[GroupQuality, ...]


class Shares(Record):
    """Mean share of each path in the score of the first recommendation: one row a mood group, one column a path."""

    groups: tuple[str, ...]
    paths: tuple[str, ...]
    weights: tuple[tuple[Weight, ...], ...]

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if len(self.weights) != len(self.groups) or any(len(row) != len(self.paths) for row in self.weights):
            raise ValueError("weights must have one row for each group and one column for each path")
        return self


class Usage(Record):
    """What a run used, start to report. `peak_mib` is resident memory; `stages` are wall seconds."""

    seconds: NonNegative
    cpu_seconds: NonNegative
    peak_mib: NonNegative
    stages: dict[str, NonNegative]


class Cost(Usage):
    """What a run with rounds used."""

    client_updates: Count


class Result(Metrics):
    """One run. Its own metrics repeat those of `models.federated_private`: the headline."""

    schema_version: Literal[1] = Field(alias="schema")
    scenario: str
    variant: str | None
    title: str
    simulated: bool
    dataset: DatasetFacts
    engine: str
    seed: int
    rounds: Count
    cohort: Count
    trainable: str
    trainable_parameters: Count
    head_parameters: Count
    models: Models
    baselines: dict[BaselineName, Metrics]
    ceilings: dict[BaselineName, Metrics]
    epsilon_pld: NonNegative | None
    epsilon_rdp: NonNegative | None
    epsilon_device: NonNegative | None
    epsilon_reason: str | None = None
    delta: Annotated[float, Field(gt=0, lt=1)]
    privacy: PrivacyFacts
    curve: tuple[CurvePoint, ...] = ()
    attention: Attention | None = None
    shares: Shares | None = None
    federated_evaluation: FederatedEvaluation | None = None
    verdict: tuple[str, ...]
    disclosure: Annotated[tuple[str, ...], Field(min_length=1)]
    model_sha256: str
    cost: Cost

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in Metrics.model_fields:
            if getattr(self, name) != getattr(self.models.federated_private, name):
                raise ValueError(f"{name} is not that of models.federated_private")
        missing = None in (self.epsilon_pld, self.epsilon_rdp, self.epsilon_device)
        if missing and self.epsilon_reason is None:
            raise ValueError("an epsilon is null, so epsilon_reason must say why")
        if self.privacy.mechanism == "off" and self.epsilon_pld is not None:
            raise ValueError("mechanism is off, so epsilon_pld must be null")
        if self.privacy.mechanism == "off" and self.privacy.example_level is not None:
            raise ValueError("mechanism is off, so privacy.example_level must be null")
        rounds = [point.round for point in self.curve]
        if rounds != sorted(set(rounds)):
            raise ValueError("curve must hold each round once, in order")
        return self


_R = TypeVar("_R", bound=Record)


def parse_result(content: Mapping[str, object], *, source: str) -> Result:
    """`content` as a Result. `source` names it in the message. Raises BadInput with the first field that is wrong."""
    return parse_record(Result, content, source=source)


def parse_record(model: type[_R], content: Mapping[str, object], *, source: str) -> _R:
    """`content` as a result of the kind `model`. Raises BadInput with the first field that is wrong."""
    if content.get("schema") != SCHEMA:
        raise BadInput(
            f"{source}: schema {content.get('schema')!r}, this version reads {SCHEMA}; run the scenario again"
        )
    try:
        # through JSON, since that is what was or will be on disk: a NaN or a numpy number is found here
        return model.model_validate_json(json.dumps(content))
    except TypeError as error:
        raise BadInput(f"{source}: {error}; only JSON values may stand in a result") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise BadInput(f"{source}: {where}: {first['msg']}; see docs/report.md, or run the scenario again") from error


def load_result(path: Path) -> Result:
    """Read a result.json. Raises BadInput when it cannot be read, is no JSON object, or breaks the schema."""
    return parse_result(read_content(path), source=str(path))


def read_content(path: Path) -> dict[str, Any]:
    """A result.json of either kind, not yet checked. Raises BadInput when it cannot be read or is no JSON object."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); give the folder of a finished run") from error
    except ValueError as error:
        raise BadInput(f"{path}: no valid JSON ({error}); run the scenario again") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}: holds no JSON object; run the scenario again")
    return content
