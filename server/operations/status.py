"""How a federation stands, from its files alone: it may be asked whether or not the coordinator runs."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

from server import checkpoint
from server.deployment.deployment import is_halted, read_deployment
from server.distribution.releases import Releases
from server.keys.signing import release_verifier
from server.operations.deployed import deployment_folder
from server.place import Place
from server.registry.database import open_registry
from server.registry.registry import Registry
from server.round import RoundState
from server.settings import Settings
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import population_spent
from shared_model.privacy.spent import PrivacySpent, Trust
from shared_model.quality.pooled import federated_evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """round: the last that was finished, of `rounds`; devices: that may take part; spent: the population's, with delta,
    unit, relation and trust; release: number of the newest one, None before the first; release_round: the last round
    that it has learned in, None where it is made of public data alone; quality: as
    `shared_model.quality.pooled.federated_evaluation` has it, None where the plan has no share for it."""

    round: int
    rounds: int
    aborted: int
    devices: int
    spent: PrivacySpent
    trust: Trust
    release: int | None
    release_round: int | None
    parameters_sha256: str | None
    halted: bool
    quality: dict[str, Any] | None

    def as_json(self) -> dict[str, object]:
        """For `status --json`; an infinite epsilon is the text "infinite"."""
        epsilon = self.spent.epsilon
        return {
            "round": self.round,
            "rounds": self.rounds,
            "aborted": self.aborted,
            "devices": self.devices,
            "epsilon": "infinite" if epsilon is not None and math.isinf(epsilon) else epsilon,
            "delta": self.spent.delta,
            "unit": self.spent.unit.value,
            "relation": self.spent.relation.value,
            "adversary": self.spent.adversary.value,
            "trust": self.trust.value,
            "accountant": self.spent.accountant,
            "release": self.release,
            "release_round": self.release_round,
            "parameters_sha256": self.parameters_sha256,
            "halted": self.halted,
            "quality": self.quality,
        }


def read_status(place: Place, settings: Settings) -> Status:
    """Raises BadInput where a file of it is damaged."""
    folder = deployment_folder(place)
    begun = (folder / "deployment.json").exists()
    plan = read_deployment(folder).plan if begun else settings.plan.plan()
    state = checkpoint.latest(folder / "rounds") if begun else None
    done = state.round if state else 0
    release = Releases(place.releases).newest(release_verifier(place, settings))
    return Status(
        round=done,
        rounds=plan.rounds,
        aborted=sum(record.update_norm is None for record in state.records) if state else 0,
        devices=len(Registry(open_registry(place.registry)).devices()),
        spent=population_spent(plan, rounds=done).quoted,
        trust=plan.trust,
        release=release.number if release else None,
        release_round=release.learned.round if release and release.learned else None,
        parameters_sha256=hashlib.sha256(state.vector.numpy().tobytes()).hexdigest() if state else None,
        halted=is_halted(folder),
        quality=_quality(plan, state),
    )


def _quality(plan: PrivacyPlan, state: RoundState | None) -> dict[str, Any] | None:
    if not plan.evaluation_share or state is None:
        return None
    sums = [record.quality for record in state.records if record.quality]
    return federated_evaluation(plan, size=len(state.vector), sums=sums)
