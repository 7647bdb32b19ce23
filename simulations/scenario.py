"""What a run is: a TOML file, checked when it is read. Every field is described here; docs/scenarios.md shows it."""

import copy
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared_model.errors import BadInput

SHIPPED = Path(__file__).parent / "scenarios"
"""The scenario files that come with the package."""
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetSection(_Section):
    """Whose listening is replayed."""

    name: Literal["lieder", "listening", "lastfm-1k"] = Field(
        description="`lieder`: the embedded catalogue with simulated listeners; `listening`: a folder with "
        "sequences.tsv and tracks.tsv; `lastfm-1k`: the original Last.fm-1K file. The last two are read from --data"
    )
    public_share: Share = Field(0.5, description="share of real listeners whose plays train release 0 in the clear")
    max_targets: Count = Field(10_000, description="held-out plays that are scored, at most")


class SimulatedListenersSection(_Section):
    """The invented listeners over the embedded catalogue (docs/simulated-listeners.md)."""

    public: Count = Field(400, description="listeners who train release 0 in the clear")
    private: Annotated[int, Field(ge=2)] = Field(1000, description="listeners who take part in rounds")
    mean_plays: Annotated[int, Field(ge=40)] = Field(120, description="plays of a private listener, on average")
    mood_effect: Share = Field(1.0, description="how far mood moves the weight of lyrics, audio and habit; 0: control")


class ModelSection(_Section):
    """The attentive fusion head."""

    modalities: tuple[Literal["lyrics", "audio"], ...] = Field(
        ("lyrics", "audio"), description="content paths; those that the catalogue lacks are left out"
    )
    use_state: bool = Field(True, description="whether the head reads the psychological state")
    trainable: Literal["adapter", "full"] = Field(
        "adapter", description="what rounds train: low-rank updates and the gate, or the whole head"
    )
    rank: Count = Field(8, description="rank of the adapter's updates")
    output: Literal["catalogue", "dense"] = Field(
        "catalogue", description="scores against frozen vectors, or one weight row per track as in the paper"
    )
    width: Count = Field(96, description="width of projections and contexts")
    attention_width: Count = Field(48, description="hidden width of temporal attention")


class PretrainingSection(_Section):
    """Release 0, trained on public listeners in the clear."""

    epochs: Count = Field(2, description="passes over the public examples")
    learning_rate: Positive = Field(0.01, description="peak rate of Adam")
    batch_size: Count = Field(256, description="examples a step")
    max_examples: Count = Field(100, description="latest plays of each public listener that are learned from")


class TrainingSection(_Section):
    """What each client computes in a round."""

    learning_rate: Positive = Field(0.1, description="rate of the local SGD")
    batch_size: Count = Field(16, description="examples a local step")
    epochs: Count = Field(1, description="local passes")
    examples: Count = Field(
        32, description="nominal number of examples of a device, its latest plays: a public constant"
    )
    candidates: Annotated[int, Field(ge=38, le=1024)] = Field(64, description="tracks that a play is told apart from")
    server_learning_rate: Positive = Field(1.0, description="rate of the server's step")
    server_momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="momentum of the server's step")


class PrivacySection(_Section):
    """The plan. Give two of epsilon, noise_multiplier and the scenario's rounds; the third follows."""

    mechanism: Literal["gaussian", "off"] = Field(
        "gaussian", description="`off` trains without clipping and noise: epsilon is then printed as infinite"
    )
    epsilon: Positive | None = Field(None, description="target for readers of releases, at `delta`, solved by PLD")
    noise_multiplier: Positive | None = Field(None, description="noise standard deviation / clip_norm")
    clip_norm: Positive = Field(0.05, description="bound on the L2 norm of a device's update")
    delta: Positive | None = Field(None, description="default: N ** -1.1, N being the number of private listeners")
    minimum_cohort: Annotated[int, Field(ge=0)] = Field(
        0, description="a round with fewer answers is aborted, which shows that few answered; 0 never aborts"
    )
    max_participations: Count | None = Field(
        None, description="rounds a device takes part in, at most; default: twice the expectation, at least 2 more"
    )
    device_cap: Positive | None = Field(None, description="epsilon that a device spends at most, by its own count")


class EvaluationSection(_Section):
    """When and how quality is measured."""

    every: Count = Field(5, description="rounds between evaluations; the last round is always evaluated")
    resamples: Count = Field(1000, description="bootstrap resamples of listeners for each interval")


class Variant(_Section):
    """One of several runs to compare."""

    name: str = Field(description="what the comparison calls it", min_length=1)
    set: dict[str, Any] = Field(default_factory=dict, description="settings that differ, by dotted name")


class Scenario(_Section):
    """A run, or several variants of one."""

    title: str = Field(description="a line for the head of the report")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="fixes listeners, learning and noise")
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
        if privacy.mechanism == "gaussian" and sum(given) != 2:
            raise ValueError("give exactly two of rounds, privacy.epsilon and privacy.noise_multiplier")
        if privacy.mechanism == "off" and self.rounds is None:
            raise ValueError("rounds is needed when privacy.mechanism is off")
        return self


def shipped_scenarios() -> tuple[str, ...]:
    """Names of the scenario files that come with the package."""
    names = (file.name for file in SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_scenario(name: str, settings: Sequence[str]) -> Scenario:
    """The scenario called `name`, or in the file of that path, with `settings` ("privacy.epsilon=2") laid over it.

    Raises BadInput for an unknown scenario, malformed TOML, an unknown key or a value out of range.
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
    return checked(laid_over(content, dict(_setting(text) for text in settings)), where=str(name))


def checked(content: Mapping[str, Any], *, where: str) -> Scenario:
    """Raises BadInput naming the first wrong setting."""
    try:
        return Scenario.model_validate(content)
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
            place = place.setdefault(section, {})
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
