"""settings.toml: what the owner of the device may choose. Every setting has a default; nothing personal is in it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from client.eligibility.preferences import EligibilitySettings
from client.music_library.encoder_settings import EncoderSettings
from shared_model.durable import write_atomically
from shared_model.errors import BadInput

_CENTURY_DAYS = 36_525


class RetentionSettings(BaseModel):
    """What deletes itself when the profile is next opened; nothing by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listens_days: int | None = Field(
        None, ge=1, le=_CENTURY_DAYS, description="Plays older than so many days are deleted."
    )
    answers_days: int | None = Field(
        None, ge=1, le=_CENTURY_DAYS, description="Check-ins older than so many days are deleted."
    )


NO_LIMITS = RetentionSettings()


class Settings(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoders: EncoderSettings = EncoderSettings()
    eligibility: EligibilitySettings = EligibilitySettings()
    retention: RetentionSettings = NO_LIMITS
    release: Path | None = Field(
        None, description="File of the model release to recommend with. Default: the federation's, or the starter."
    )


def read_settings(path: Path) -> Settings:
    """Raises BadInput where the file is no TOML or holds what is no setting. A missing file means the defaults."""
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"settings: {path} cannot be read ({error}); mend that line, or remove the file") from error
    except ValidationError as error:
        raise BadInput(f"settings: {path}: {_fault(error)}") from error


def change_setting(path: Path, name: str, value: str) -> Settings:
    """One change, as `change_settings`."""
    return change_settings(path, {name: value})


def change_settings(path: Path, changes: Mapping[str, str]) -> Settings:
    """Set each name (dots for nesting) to a TOML value, or take it away with an empty one: all of them, or none.

    Raises BadInput, with the file unchanged, where one of them cannot be.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"settings: {path} cannot be read ({error}); mend that line, or remove the file") from error
    for name, value in changes.items():
        _put(content, name, value)
    try:
        settings = Settings.model_validate(content)
        written = tomli_w.dumps(content).encode()
    except ValidationError as error:
        raise BadInput(f"settings: {_fault(error)}") from error
    except UnicodeEncodeError as error:
        raise BadInput("settings: a value is not Unicode; give the file or folder another name") from error
    write_atomically(path, written)
    path.chmod(0o600)
    return settings


def _put(content: dict[str, Any], name: str, value: str) -> None:
    *sections, last = name.split(".")
    section = content
    for each in sections:
        section = section.setdefault(each, {})
        if not isinstance(section, dict):
            raise BadInput(f"settings: {name}: {each} is no section; `sottovoce-client settings` lists them")
    if value:
        section[last] = _toml_value(value)
    else:
        section.pop(last, None)


def _toml_value(value: str) -> object:
    """A TOML value; what is none is meant as text."""
    try:
        content = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):  # also of numbers and brackets beyond Python's bounds
        return value
    return content["value"] if len(content) == 1 else value


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}; `sottovoce-client settings` lists what there is"
