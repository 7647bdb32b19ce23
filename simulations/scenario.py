"""What a run is: a TOML file, checked when it is read. docs/scenarios.md shows every field."""

import copy
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from shared_model.errors import BadInput
from simulations.epsilon.scenario import EpsilonScenario
from simulations.quality.scenario import QualityScenario
from simulations.scenario_sections import (
    Count,
    DatasetSection,
    EvaluationSection,
    ModelSection,
    PretrainingSection,
    PrivacySection,
    Section,
    Seed,
    SimulatedListenersSection,
    TrainingSection,
)

SHIPPED = Path(__file__).parent / "scenarios"
"""The scenario files that come with the package."""


class Variant(Section):
    """One of several runs to compare."""

    name: str = Field(description="what the comparison calls it", min_length=1)
    set: dict[str, Any] = Field(default_factory=dict, description="settings that differ, by dotted name")


class Scenario(Section):
    """A run, or several variants of one."""

    kind: Literal["federated"] = Field("federated", description="release 0, then rounds on private listeners")
    title: str = Field(description="a line for the head of the report")
    seed: Seed = Field(0, description="fixes listeners, learning and noise")
    rounds: Count | None = Field(None, description="federated rounds; left out when the plan solves for it")
    cohort: Count = Field(description="listeners invited a round, on average")
    dataset: DatasetSection
    simulated_listeners: SimulatedListenersSection = SimulatedListenersSection()
    model: ModelSection = ModelSection()
    pretraining: PretrainingSection = PretrainingSection()
    training: TrainingSection = TrainingSection()
    privacy: PrivacySection = PrivacySection()
    evaluation: EvaluationSection = EvaluationSection()
    variants: tuple[Variant, ...] = Field((), description="several runs to compare, each with what it sets")

    @model_validator(mode="after")
    def _two_of_three(self) -> "Scenario":
        privacy = self.privacy
        given = [privacy.epsilon is not None, privacy.noise_multiplier is not None, self.rounds is not None]
        if privacy.mechanism != "off" and sum(given) != 2:
            raise ValueError("give exactly two of rounds, privacy.epsilon and privacy.noise_multiplier")
        if privacy.mechanism != "gaussian" and self.rounds is None:
            raise ValueError(f"rounds is needed when privacy.mechanism is {privacy.mechanism}")
        if privacy.mechanism == "off" and privacy.trust != "central":
            raise ValueError(f"privacy.trust {privacy.trust} adds no noise when privacy.mechanism is off; leave it out")
        if privacy.honest is not None and privacy.trust != "distributed":
            raise ValueError("privacy.honest needs privacy.trust distributed")
        if privacy.evaluation_share and privacy.trust != "distributed":
            raise ValueError("privacy.evaluation_share needs privacy.trust distributed")
        if privacy.protocol == "full" and privacy.trust != "distributed":
            raise ValueError("privacy.protocol full needs privacy.trust distributed")
        if privacy.mechanism == "matrix-factorisation" and privacy.trust == "distributed":
            raise ValueError("privacy.trust distributed has noise of its own; leave privacy.mechanism out")
        if privacy.mechanism == "off" and privacy.clipping == "adaptive":
            raise ValueError("privacy.clipping adaptive clips nothing when privacy.mechanism is off; leave it out")
        if privacy.mechanism == "off" and privacy.example_level is not None:
            raise ValueError(
                "privacy.example_level needs a privacy.mechanism, since updates leave unclipped where it is off; "
                "leave it out"
            )
        if privacy.bands != 1 and privacy.mechanism != "matrix-factorisation":
            raise ValueError("privacy.bands needs privacy.mechanism matrix-factorisation")
        return self


AnyScenario = Scenario | QualityScenario
ReadScenario = AnyScenario | EpsilonScenario
_S = TypeVar("_S", Scenario, QualityScenario, EpsilonScenario)


def shipped_scenarios() -> tuple[str, ...]:
    """Names of the scenario files that come with the package."""
    names = (file.name for file in SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_scenario(name: str, settings: Sequence[str]) -> ReadScenario:
    """The scenario called `name`, or in the file of that path, with `settings` ("privacy.epsilon=2") laid over it.

    Its `kind` says which of the three it is. Raises BadInput for an unknown scenario or kind, malformed TOML, an
    unknown key or a value out of range.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if name not in shipped_scenarios():
            raise BadInput(
                f"scenario: there is none called '{name}'; give one of {', '.join(shipped_scenarios())}, "
                "or the path of a .toml file"
            )
        path = SHIPPED / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"scenario: {path} cannot be read ({error.strerror}); check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"scenario: {path} is not valid TOML: {error}") from error
    content = laid_over(content, dict(_setting(text) for text in settings))
    kind = content.get("kind", "federated")
    if kind == "federated":
        return checked(Scenario, content, where=str(name))
    if kind == "quality":
        return checked(QualityScenario, content, where=str(name))
    if kind == "epsilon":
        return checked(EpsilonScenario, content, where=str(name))
    raise BadInput(f"scenario {name}: kind is {kind!r}; set it to federated, quality or epsilon")


def read_learning(name: str, settings: Sequence[str]) -> AnyScenario:
    """As `read_scenario`, of an epsilon scenario the job in the clear whose release 0 it starts from."""
    scenario = read_scenario(name, settings)
    return scenario.in_the_clear() if isinstance(scenario, EpsilonScenario) else scenario


def checked(model: type[_S], content: Mapping[str, Any], *, where: str) -> _S:
    """Raises BadInput naming the first wrong setting."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        known = "; docs/scenarios.md lists all settings" if first["type"] == "extra_forbidden" else ""
        raise BadInput(f"scenario {where}: {place + ': ' if place else ''}{problem}{known}") from error


def laid_over(content: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `content` with each dotted setting put in its place; a value of None takes the setting away."""
    result: dict[str, Any] = copy.deepcopy(dict(content))
    for dotted, value in settings.items():
        *sections, key = dotted.split(".")
        place = result
        for section in sections:
            if place.get(section) is None:  # an optional section that was left out
                place[section] = {}
            place = place[section]
            if not isinstance(place, dict):
                raise BadInput(f"setting {dotted}: {section} is a value, not a section; see docs/scenarios.md")
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    return result


def _setting(text: str) -> tuple[str, Any]:
    """A "key=value" of the command line; the value is read as TOML, and as a plain string when it is none."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"--set {text}: write it as key=value, such as --set privacy.epsilon=2")
    if value.strip() == "":
        return key.strip(), None
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
