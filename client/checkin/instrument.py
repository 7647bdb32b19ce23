"""A questionnaire or a pair of sliders, as a TOML file says it: items, scale, scoring, licence and interval."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from client.checkin.scoring import Scoring, combine
from shared_model.errors import BadInput

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Item(_Part):
    """One question. ends: what the two ends of a slider mean, lowest first."""

    id: _Name
    text: _Text
    ends: tuple[_Text, _Text] | None = None


class Scale(_Part):
    """What an answer may be. step: None where any number between the ends may be given. labels: lowest first."""

    minimum: float
    maximum: float
    step: float | None = Field(None, gt=0)
    labels: tuple[_Text, ...] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """The answers to choose from; none where the scale is continuous."""
        if self.step is None:
            return ()
        return tuple(self.minimum + i * self.step for i in range(round((self.maximum - self.minimum) / self.step) + 1))

    def allows(self, value: float) -> bool:
        """Whether it is an answer. NaN never is."""
        return value in self.values if self.step else self.minimum <= value <= self.maximum


class Help(_Part):
    """At which score, on the worse side, the local help page is shown, and who says so."""

    at: float
    source: _Text


class Instrument(_Part):
    """`read` makes one, checked.

    copyright: the line that its licence asks to be shown. range: lowest and highest score. alternative_to: name of
    the instrument that is asked unless this one was chosen before; the two share one interval.
    """

    name: _Name
    version: int = Field(ge=1)
    title: _Text
    source: _Text
    licence: _Text
    copyright: _Text
    alternative_to: _Name | None = None
    interval_days: float = Field(gt=0)
    period: _Text
    instruction: _Text
    scoring: Scoring
    range: tuple[float, float] | None = None
    higher_means: _Text
    higher_is: Literal["better", "worse", "neither"] = "neither"
    scale: Scale
    help: Help | None = None
    items: tuple[Item, ...] = Field(min_length=1)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From any file: which licences may be shipped is `client.checkin.shipped`'s concern.

        Raises BadInput where it is no such file.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadInput(f"instrument: {path} cannot be read as TOML ({error})") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise BadInput(f"instrument: {path}: {place}: {first['msg']}; see docs/checkins.md for the form") from error

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        scale, count = self.scale, len(self.items)
        if scale.minimum >= scale.maximum:
            raise ValueError("the scale's minimum must be below its maximum")
        if scale.labels and len(scale.labels) != len(scale.values):
            raise ValueError(f"the scale has {len(scale.values)} values and {len(scale.labels)} labels")
        if len({item.id for item in self.items}) != count:
            raise ValueError("two items have the same id")
        lowest, highest = (combine(self.scoring, [end] * count) for end in (scale.minimum, scale.maximum))
        scored = None if lowest is None or highest is None else (lowest, highest)
        if self.range != scored:
            raise ValueError(f"range is {self.range}, but items, scale and scoring give {scored}")
        if self.help is not None:
            if scored is None or not scored[0] <= self.help.at <= scored[1]:
                raise ValueError("help.at is no score of this instrument")
            if self.higher_is == "neither":
                raise ValueError('help needs higher_is = "better" or "worse"')
        return self
