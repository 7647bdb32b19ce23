"""settings.toml: what the operator chooses. Every setting has a default; no secret is in it.

The `[plan]` is read once, when the coordinator is made: a run's plan never changes, and devices check that it does not.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from server.countable import require_countable
from shared_model.errors import BadInput, Refused
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.spent import Relation, Sampling, Trust
from shared_model.wire.address import is_ip, joined, require_host
from shared_model.wire.invitation import require_federation

_STRICT = ConfigDict(extra="forbid", frozen=True)
_Port = Annotated[int, Field(ge=1, le=65_535)]


def _federation(name: str) -> str:
    require_federation(name)
    return name


def _host(host: str) -> str:
    require_host(host)
    return host


def _listen(host: str) -> str:
    if not is_ip(host):
        raise ValueError(f"{host!r} is no IP address")
    return host


class PlanSettings(BaseModel):
    """What every round does and may cost a device; `shared_model.privacy.plan.PrivacyPlan` has the last word.

    A deployed plan always has a cap, so that none is without noise.
    """

    model_config = _STRICT

    population: int = Field(10_000, description="A public constant, never the number of devices that are connected.")
    cohort: int = Field(100, description="Devices in a round, expected; every sum is divided by it.")
    minimum_cohort: int = Field(50, description="With fewer answers a round is aborted.")
    rounds: int = Field(200, description="Rounds of the run.")
    clip_norm: float = Field(0.5, description="Bound on what one device adds to a sum.")
    noise_multiplier: float = Field(1.0, description="Standard deviation of the noise on a sum over the clip norm.")
    delta: float = Field(1e-6, description="Delta of every epsilon; below one over the population.")
    max_participations: int = Field(10, description="How often one device takes part, at most.")
    device_cap: float = Field(20.0, description="Epsilon that one device may spend, by its own count.")
    mechanism: Mechanism = Field(Mechanism.GAUSSIAN, description="What is done to a sum.")
    bands: int = Field(1, description="Of the matrix factorisation.")
    honest: int = Field(
        0, description="With distributed trust: devices of every sum that are honest and stay, whose noise is counted."
    )
    evaluation_share: float = Field(
        0.0, description="With distributed trust: quality's part of what a round may tell; 0 for none."
    )
    clipping: Clipping = Field(Clipping.FLAT, description="How the clip norm is found.")
    trust: Trust = Field(Trust.CENTRAL, description="Who adds the noise.")
    sampling: Sampling = Field(Sampling.POISSON, description="How cohorts are drawn.")
    relation: Relation = Field(Relation.ADD_OR_REMOVE_ONE, description="What neighbouring means.")

    def plan(self) -> PrivacyPlan:
        """Raises BadInput or Refused where there is no such plan."""
        return PrivacyPlan(**{name: getattr(self, name) for name in type(self).model_fields})


class LearningSettings(BaseModel):
    """How devices learn in a round, and how far the coordinator steps; devices have limits of their own for it."""

    model_config = _STRICT

    learning_rate: float = Field(0.003, gt=0, le=1, description="Rate of a device's plain SGD.")
    batch_size: int = Field(16, ge=1, le=1_000, description="Examples a step.")
    epochs: int = Field(1, ge=1, le=100, description="Passes over a device's examples.")
    rank: int = Field(8, ge=1, le=64, description="Rank of the adapter's updates.")
    examples: int = Field(64, ge=1, le=2_000, description="Examples of each device, a public number for all.")
    candidates: int = Field(32, ge=2, le=200, description="Tracks that a play is told apart from.")
    server_learning_rate: float = Field(1.0, gt=0, description="Rate of the coordinator's step.")
    server_momentum: float = Field(0.9, ge=0, lt=1, description="Its momentum.")


class Ports(BaseModel):
    """Where devices and the operator's tools connect."""

    model_config = _STRICT

    distribution: _Port = Field(9443, description="Enrolment, releases and the round log, over gRPC with TLS.")
    superlink: _Port = Field(9092, description="Flower's SuperLink: the rounds, over HTTPS.")
    metrics: _Port = Field(9464, description="Health and metrics, of this host alone.")


class RoundSettings(BaseModel):
    """When rounds happen."""

    model_config = _STRICT

    deadline_s: float = Field(600.0, gt=0, le=86_400, description="A round ends then with the answers that came.")
    pause_s: float = Field(60.0, ge=0, le=2_592_000, description="Between the end of a round and the next one.")


class ReleaseSettings(BaseModel):
    """When devices are given what the rounds have learned; it costs no privacy beyond that of the rounds."""

    model_config = _STRICT

    every_rounds: int = Field(
        10, ge=1, le=100_000, description="A release after so many rounds, and one after the last."
    )


class Settings(BaseModel):
    """All of them."""

    model_config = _STRICT

    federation: Annotated[str, AfterValidator(_federation)] = Field(
        "sottovoce", description="Name of the federation: in invitations, and of its log."
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (), description="Names and addresses of this host, as devices call it; the first is in invitations."
    )
    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "127.0.0.1", description="The IP address to listen at; 0.0.0.0 or :: for all."
    )
    plan: PlanSettings = PlanSettings()
    learning: LearningSettings = LearningSettings()
    ports: Ports = Ports()
    rounds: RoundSettings = RoundSettings()
    releases: ReleaseSettings = ReleaseSettings()

    @property
    def host(self) -> str:
        """What devices call this host."""
        return self.hosts[0] if self.hosts else "localhost"

    @property
    def distribution_address(self) -> str:
        """host:port, as devices see it."""
        return joined(self.host, self.ports.distribution)

    @property
    def superlink_address(self) -> str:
        """host:port, as devices see it."""
        return joined(self.host, self.ports.superlink)


def read_settings(path: Path) -> Settings:
    """Raises BadInput where the file cannot be read or holds what is no setting; BadInput or Refused for a plan that
    cannot be."""
    try:
        return _checked(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"settings: {path} cannot be read ({error}); mend it") from error


def settings_from(changes: Iterable[str], *, hosts: Iterable[str]) -> Settings:
    """The defaults with `KEY=VALUE` laid over them (dots for nesting). Raises as `read_settings`."""
    content: dict[str, Any] = {}
    named = list(hosts)
    if named:
        content |= {"hosts": named, "listen": "0.0.0.0"}  # noqa: S104  it was given a name that others call it by
    for change in changes:
        name, separator, value = change.partition("=")
        if not separator:
            raise BadInput(f"settings: {change!r} is not KEY=VALUE; nothing was made")
        _put(content, name.strip(), value.strip())
    return _checked(content)


def toml(settings: Settings) -> bytes:
    """Every setting, defaults included, so that a newer program's defaults never change a running federation."""
    return tomli_w.dumps(settings.model_dump(mode="json")).encode()


def _checked(content: Mapping[str, Any]) -> Settings:
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(f"settings: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if len(set(settings.ports.model_dump().values())) != len(Ports.model_fields):
        raise BadInput("settings: two ports are the same; give each service one of its own")
    try:
        require_countable(settings.plan.plan())
    except (BadInput, Refused) as error:
        raise type(error)(f"settings: {error}") from error
    return settings


def _put(content: dict[str, Any], name: str, value: str) -> None:
    *sections, last = name.split(".")
    section = content
    for each in sections:
        section = section.setdefault(each, {})
        if not isinstance(section, dict):
            raise BadInput(f"settings: {name}: {each} is no section")
    try:
        section[last] = tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):  # what is no TOML value is meant as text
        section[last] = value
