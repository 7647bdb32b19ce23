"""JSON with exactly one spelling, so that it can be hashed and signed: sorted keys, no spaces, no floats.

Decimals travel as strings (`decimal`), since no two languages agree on how to print a float.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from shared_model.errors import BadInput

JsonValue = None | bool | int | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

_LARGEST_INTEGER = 2**53
"""JSON readers in other languages keep integers exactly up to here."""


def encode(value: JsonValue) -> bytes:
    """The one spelling of `value`, as UTF-8. Raises TypeError for floats and other types, ValueError for large ints."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(content: bytes, *, what: str) -> Any:
    """The value spelled by `content`. Raises BadInput, naming `what`, unless `encode` would give the same bytes."""
    try:
        value = json.loads(content, parse_float=_refuse_float, parse_constant=_refuse_float)
        canonical = encode(value) == content
    except (ValueError, TypeError, RecursionError):
        canonical = False
    if not canonical:
        raise BadInput(f"{what}: not canonical JSON; it was changed or is not from here: fetch it again")
    return value


def decimal(number: float) -> str:
    """The shortest decimal that reads back as the same float; "infinite" for infinity. Raises ValueError for NaN."""
    if math.isnan(number):
        raise ValueError("NaN has no decimal")
    return "infinite" if math.isinf(number) else repr(float(number))


def _check(value: JsonValue) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError(f"canonical JSON: the integer {value} is beyond 2^53")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"canonical JSON: the key {key!r} is not a string")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise TypeError(f"canonical JSON: {type(value).__name__} is not allowed; write decimals as strings")


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")
