"""The two leaves of a round in the public log: what is going to be done, and what came of it. Never a count.

A leaf is the canonical JSON of its fields, with `kind` and `format`. Hashes are SHA-256 in lower-case hexadecimal.
"""

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from shared_model import canonical_json
from shared_model.books.spelling import read, require_sha256, spell
from shared_model.errors import BadInput
from shared_model.privacy.evaluation_share import MOST_EVALUATION_SHARE
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit
from shared_model.secagg.parameters import SecAggParameters

FORMAT_VERSION = 1
LEAVES, CHECKPOINT, PUBLIC_KEY = "leaves.jsonl", "checkpoint", "key.pub"
"""The files of a log's folder: a leaf a line, the signed note, the vkey."""
UNIFORM = "uniform"
GAUSSIAN, SKELLAM = "gaussian", "skellam"
ACCOUNTED = (GAUSSIAN, SKELLAM, "matrix-factorisation")
"""Of `shared_model.privacy.plan.Mechanism`, which is not imported here, since it brings scipy with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEpsilon:
    """An epsilon >= 0, or infinite, with what it means. trust: whom the noise is taken on the word of."""

    epsilon: float
    unit: Unit
    relation: Relation
    adversary: Adversary
    trust: Trust
    accountant: str

    def __post_init__(self) -> None:
        if not self.epsilon >= 0:
            raise ValueError(f"epsilon is {self.epsilon}; it must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a round is going to do, logged before anyone trains.

    run: names the run; round: from 1; model_sha256: of the parameters that the cohort starts from; code_sha256: of the
    code that both sides run; noise_multiplier z and clip_norm: the noise on the sum has standard deviation z times
    clip_norm; planned_cohort: what the sum is divided by; minimum_cohort: with fewer answers the round is aborted;
    sample_rate: q, each device's chance to be in the round; sampling: how cohorts are drawn; releases: rounds that
    count against a reader of all releases, at most: the run's, or one device's where cohorts are visible;
    epsilon_before and _after: of the run, at `delta`, this round left out and counted; weights: "uniform"; secagg:
    of a round with distributed trust, which is aggregated securely, None otherwise; registry_root: root of the registry
    of nodes, None where there is none; learning_sha256: of how devices are told to learn
    (`shared_model.round_invitation.Learning`), None where nobody is told; evaluation_share: as in the plan, of what
    clip_norm bounds the rest; 0 where devices report no quality.

    Raises ValueError for what cannot be.
    """

    run: str
    round: int
    model_sha256: str
    code_sha256: str
    mechanism: str
    noise_multiplier: float
    clip_norm: float
    planned_cohort: int
    minimum_cohort: int
    sample_rate: float
    sampling: Sampling
    releases: int
    delta: float
    epsilon_before: LoggedEpsilon
    epsilon_after: LoggedEpsilon
    weights: str
    secagg: SecAggParameters | None
    registry_root: str | None
    learning_sha256: str | None
    evaluation_share: float = 0.0

    def __post_init__(self) -> None:
        require_place(self.run, self.round)
        require_sha256("model_sha256", self.model_sha256)
        require_sha256("code_sha256", self.code_sha256)
        require_sha256("registry_root", self.registry_root)
        require_sha256("learning_sha256", self.learning_sha256)
        if not (0 <= self.noise_multiplier < math.inf and 0 < self.clip_norm < math.inf):
            raise ValueError(f"noise_multiplier {self.noise_multiplier} with clip_norm {self.clip_norm} cannot be")
        if not 0 <= self.minimum_cohort <= self.planned_cohort or self.planned_cohort < 1:
            raise ValueError(f"a cohort of {self.planned_cohort} with a minimum of {self.minimum_cohort} cannot be")
        if self.releases < 1:
            raise ValueError(f"releases is {self.releases}; it must be at least 1")
        if (self.epsilon_after.trust is Trust.DISTRIBUTED) != (self.secagg is not None):
            raise ValueError("secagg belongs to a round with distributed trust, and to no other")
        if not 0 <= self.evaluation_share <= MOST_EVALUATION_SHARE or (self.evaluation_share and self.secagg is None):
            raise ValueError(f"evaluation_share {self.evaluation_share} cannot be, or not without distributed trust")
        if self.secagg is not None and (self.secagg.cohort, self.secagg.threshold) != (
            self.planned_cohort,
            self.minimum_cohort,
        ):
            raise ValueError("secagg is of another cohort, or opens sums of another minimum")
        if not (0 < self.sample_rate <= 1 and 0 < self.delta < 1):
            raise ValueError(f"sample_rate {self.sample_rate} with delta {self.delta} cannot be")


class Result(Enum):
    """How a round ended. That fewer than the minimum answered is shown, which no epsilon counts; how many never is."""

    RELEASED = "at least the minimum"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a round. model_sha256: of the parameters after it, those of the intent where it was aborted."""

    run: str
    round: int
    model_sha256: str
    result: Result

    def __post_init__(self) -> None:
        require_place(self.run, self.round)
        require_sha256("model_sha256", self.model_sha256)


Leaf = Intent | Outcome
_SHARE, _NO_SHARE = "evaluation_share", canonical_json.decimal(0.0)
_KINDS: dict[str, type[Intent] | type[Outcome]] = {"intent": Intent, "outcome": Outcome}


def encode_leaf(leaf: Leaf) -> bytes:
    """The bytes that are hashed into the tree. An intent names its evaluation share where it has one, and only there:
    the others are spelled as they were before there was any."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(leaf, cls))
    said = spell(leaf)
    if said.get(_SHARE) == _NO_SHARE:
        del said[_SHARE]
    return canonical_json.encode({"format": FORMAT_VERSION, "kind": kind, **said})


def decode_leaf(content: bytes, *, what: str) -> Leaf:
    """The inverse of `encode_leaf`. Raises BadInput, naming `what`, for anything that it does not write."""
    value = canonical_json.decode(content, what=what)
    cls = _KINDS.get(_pop(value, "kind"))
    if cls is None or _pop(value, "format") != FORMAT_VERSION:
        raise BadInput(
            f"{what}: neither an intent nor an outcome of format {FORMAT_VERSION}; "
            "use the version of sottovoce that wrote it"
        )
    named = _SHARE in value
    if cls is Intent and not named:
        value[_SHARE] = _NO_SHARE
    leaf = read(cls, value, what=what)
    if named and isinstance(leaf, Intent) and not leaf.evaluation_share:
        raise BadInput(f"{what}: it names an evaluation share of nothing, which is never written; it was changed")
    return leaf


def _pop(value: Any, name: str) -> Any:
    item = value.pop(name, None) if isinstance(value, dict) else None
    return item if isinstance(item, str | int) else None


@lru_cache(maxsize=64)  # one run has one name, in each of its leaves
def _is_name(run: str) -> bool:
    return 0 < len(run) <= 64 and run.isascii() and run.replace("-", "").replace("_", "").isalnum()


def require_place(run: str, number: int) -> None:
    """Raises ValueError for a name or a round that no leaf can have."""
    if not _is_name(run):
        raise ValueError("run must be 1 to 64 letters, digits, hyphens and underscores")
    if number < 1:
        raise ValueError(f"round is {number}; it must be at least 1")
