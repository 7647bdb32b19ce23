"""Frozen dataclasses to canonical JSON and back: every field, no other, each in exactly one spelling.

Numbers with a fraction are strings (`canonical_json.decimal`); enums are their values; tuples are lists.
"""

import math
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args, get_origin

from shared_model.canonical_json import JsonValue, decimal
from shared_model.errors import BadInput

T = TypeVar("T")


def spell(value: Any) -> dict[str, JsonValue]:
    """For `canonical_json.encode`."""
    return {name: write(getattr(value, name)) for name, write, _ in _table(cast(Any, type(value)))}


def read(cls: type[T], value: Any, *, what: str) -> T:
    """The inverse of `spell`. Raises BadInput, naming `what` and the field, for anything that `spell` never writes."""
    try:
        return _read(cls, value)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{what}: {error}; it was changed, or another version of sottovoce wrote it") from error


def require_sha256(name: str, text: str | None) -> None:
    """Raises ValueError unless `text` is None or 64 lower-case hexadecimal digits."""
    if text is not None and (len(text) != 64 or text.strip("0123456789abcdef")):
        raise ValueError(f"{name} is not a SHA-256 in lower-case hexadecimal")


_Row = tuple[str, Callable[[Any], JsonValue], Callable[[Any], Any]]


@lru_cache(maxsize=32)
def _table(cls: Hashable) -> tuple[_Row, ...]:
    return tuple((field.name, *_both_ways(field.type)) for field in fields(cast(Any, cls)))


def _read(cls: type[T], value: Any) -> T:
    if not isinstance(value, Mapping):
        raise ValueError(f"{cls.__name__.lower()} is not an object")
    table = _table(cast(Any, cls))
    if len(value) != len(table) or any(name not in value for name, _, _ in table):
        names = {name for name, _, _ in table}
        missing, unknown = sorted(names - value.keys()), sorted(value.keys() - names)
        raise ValueError(f"field {missing[0]!r} is missing" if missing else f"field {unknown[0]!r} is unknown")
    read_fields = {}
    for name, _, reader in table:
        try:
            read_fields[name] = reader(value[name])
        except (ValueError, TypeError) as error:
            raise ValueError(f"field {name!r}: {error}") from error
    return cls(**read_fields)


def _both_ways(kind: Any) -> tuple[Callable[[Any], JsonValue], Callable[[Any], Any]]:
    if kind is float:
        return decimal, _float
    if kind is None or kind is types.NoneType:
        return _same, _none
    if kind in (str, int):
        return _same, _exactly(kind)
    if get_origin(kind) is types.UnionType:
        (some,) = (each for each in get_args(kind) if each is not types.NoneType)
        write, reader = _both_ways(some)
        return (lambda item: None if item is None else write(item)), (
            lambda item: None if item is None else reader(item)
        )
    if get_origin(kind) is tuple:
        write, reader = _both_ways(get_args(kind)[0])
        return (lambda items: [write(item) for item in items]), _all(reader)
    if is_dataclass(kind):
        return spell, lambda item: _read(cast(type[Any], kind), item)
    if issubclass(kind, Enum):
        return (lambda item: str(item.value)), kind
    raise TypeError(f"no spelling for {kind}")


def _same(item: Any) -> Any:
    return item


def _none(item: Any) -> None:
    if item is not None:
        raise ValueError("it must be null")


def _exactly(kind: type) -> Callable[[Any], Any]:
    def reader(item: Any) -> Any:
        if type(item) is not kind:  # True is an int too
            raise ValueError(f"{item!r} is not {'a text' if kind is str else 'a whole number'}")
        return item

    return reader


def _all(reader: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read_all(items: Any) -> tuple[Any, ...]:
        if not isinstance(items, list):
            raise ValueError("it must be a list")
        return tuple(reader(item) for item in items)

    return read_all


def _float(text: Any) -> float:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a decimal in quotes")
    number = math.inf if text == "infinite" else float(text)
    if math.isnan(number) or decimal(number) != text:
        raise ValueError(f"{text!r} is not the one spelling of a decimal")
    return number
