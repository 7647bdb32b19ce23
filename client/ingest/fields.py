"""The fields of an entry as checked values. Each raises Fault with the field's name, never with what it holds."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from client.ingest.entry import Fault

LONGEST_MS = 24 * 24 * 3600 * 1000
"""24 days: ListenBrainz takes no longer recording."""
_MILLISECONDS_FROM = 10**11
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)

Fields = Mapping[str, object]


def fields(value: object) -> Fields:
    """An object of JSON."""
    if not isinstance(value, dict):
        raise Fault("is not an object")
    return value


def inner(holder: Fields, key: str) -> Fields:
    """The object under a key; empty where there is none."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def text(holder: Fields, key: str) -> str | None:
    """A name, or None where it is missing, null or empty."""
    value = holder.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Fault(f"has no text in {key!r}")
    if "\0" in value:
        raise Fault(f"has a NUL in {key!r}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Fault(f"has text that is not UTF-8 in {key!r}") from None
    return value


def required(holder: Fields, key: str) -> str:
    """A name that has to be there."""
    value = text(holder, key)
    if value is None:
        raise Fault(f"has no {key!r}")
    return value


def length_ms(holder: Fields, key: str, *, unit_ms: int = 1) -> int | None:
    """A length, or None where it is missing, null or longer than 24 days. unit_ms: what the field counts in."""
    value = holder.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise Fault(f"has no length in {key!r}")
    return int(value * unit_ms) if value * unit_ms <= LONGEST_MS else None


def unix_s(holder: Fields, key: str) -> int:
    """Unix seconds, given as a number or its digits; what would be a year after 5138 is milliseconds."""
    value = _moment(holder, key)
    return value if value < _MILLISECONDS_FROM else value // 1000


def unix_ms(holder: Fields, key: str) -> int:
    """Unix milliseconds, where nothing else can be meant; what would be before 1973 is none."""
    value = _moment(holder, key)
    if value < _MILLISECONDS_FROM:
        raise Fault(f"has no time in {key!r}")
    return value


def _moment(holder: Fields, key: str) -> int:
    value = holder.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if value is None or value == "":
        raise Fault(f"has no {key!r}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**15:
        raise Fault(f"has no time in {key!r}")
    return int(value)


def utc_s(value: str, key: str) -> int:
    """Unix seconds of an ISO 8601 time; one without a zone is UTC, wherever this runs."""
    try:
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Fault(f"has no time in {key!r}") from None


def day_month_year_s(value: str, key: str) -> int:
    """Unix seconds of `14 Nov 2023, 22:13`, UTC, with or without comma and seconds, in whatever locale this runs.

    Without seconds it is the middle of the minute, within 30 s of the truth: the same play told to the second is found.
    """
    match = _DAY_MONTH_YEAR.fullmatch(value.strip())
    if match is None or match[2].lower() not in _MONTHS:
        raise Fault(f"has no time in {key!r}")
    month = _MONTHS.index(match[2].lower()) + 1
    try:
        moment = datetime(
            int(match[3]), month, int(match[1]), int(match[4]), int(match[5]), int(match[6] or 30), tzinfo=UTC
        )
    except ValueError:
        raise Fault(f"has no time in {key!r}") from None
    return int(moment.timestamp())


def mbid(value: object) -> str | None:
    """A MusicBrainz id, or None for whatever is none."""
    return value.lower() if isinstance(value, str) and _MBID.fullmatch(value.lower()) else None


def isrc(value: object) -> str | None:
    """An ISRC without its hyphens, or None for whatever is none."""
    bare = value.replace("-", "").upper() if isinstance(value, str) else ""
    return bare if _ISRC.fullmatch(bare) else None
