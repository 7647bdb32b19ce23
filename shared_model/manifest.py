"""What a release says about itself: the plan it was trained under, what was spent, and where its noise came from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from shared_model.canonical_json import JsonValue, decimal
from shared_model.errors import BadInput
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import OPERATING_SYSTEM
from shared_model.privacy.spent import PrivacySpent

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Facts about one release; the hash of its tensors is added when it is signed.

    catalogue: name of the catalogue; head: what is needed to build the head, without floats; rounds: rounds behind this
    release, 0 for release 0; spent: every number that was promised, each with its kind; noise: the label of the
    randomness; simulated: whether the listeners were invented.
    """

    catalogue: str
    head: Mapping[str, JsonValue]
    plan: PrivacyPlan
    rounds: int
    spent: tuple[PrivacySpent, ...]
    noise: str
    simulated: bool

    @property
    def may_be_promoted(self) -> bool:
        """Only with noise that nobody can draw again, and of listeners who exist: whatever is not known is a no."""
        noised = self.plan.mechanism is not Mechanism.OFF and self.noise == OPERATING_SYSTEM
        return noised and self.simulated is False

    def to_json(self) -> dict[str, JsonValue]:
        """For `canonical_json.encode`."""
        return {
            "format": FORMAT_VERSION,
            "catalogue": self.catalogue,
            "head": self.head,
            "plan": _fields_to_json(self.plan),
            "rounds": self.rounds,
            "spent": [_fields_to_json(spent) for spent in self.spent],
            "noise": self.noise,
            "simulated": self.simulated,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Manifest":
        """The inverse of `to_json`. Raises BadInput for another format version or what cannot be a manifest."""
        if value.get("format") != FORMAT_VERSION:
            raise BadInput(
                f"manifest: format {value.get('format')!r}, and this version reads {FORMAT_VERSION}; "
                "use the version of sottovoce that wrote it"
            )
        try:
            return cls(
                catalogue=value["catalogue"],
                head=value["head"],
                plan=PrivacyPlan(**_fields_from_json(PrivacyPlan, value["plan"])),
                rounds=value["rounds"],
                spent=tuple(PrivacySpent(**_fields_from_json(PrivacySpent, spent)) for spent in value["spent"]),
                noise=value["noise"],
                simulated=value["simulated"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"manifest: {error!r} where a field of format {FORMAT_VERSION} should be") from error


_DECIMAL_TYPES = (float, float | None)


def _fields_to_json(value: PrivacyPlan | PrivacySpent) -> dict[str, JsonValue]:
    return {field.name: _spelled(field.type, getattr(value, field.name)) for field in fields(value)}


def _spelled(kind: Any, item: Any) -> JsonValue:
    if isinstance(item, Enum):
        return str(item.value)
    return decimal(item) if kind in _DECIMAL_TYPES and item is not None else item


def _fields_from_json(cls: type[PrivacyPlan | PrivacySpent], value: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {field.name: field.type for field in fields(cls)}
    return {name: _read(kinds[name], item) for name, item in value.items()}


def _read(kind: Any, item: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(item)
    if kind in _DECIMAL_TYPES and item is not None:
        return math.inf if item == "infinite" else float(item)
    return item
