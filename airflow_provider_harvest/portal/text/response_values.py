"""Reads single values of a response; one of another type than udata's counts as none. Used by :mod:`..models`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pendulum

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.text.untrusted import plain

#: Up to here a number of items is exact as a float, too.
_MAX_COUNT = 2**53
#: An odd time outside these years is moved to them: at the ends of the calendar no day can be added to it.
_FIRST_YEAR, _LAST_YEAR = 1000, 9000


def parse_time(value: Any) -> datetime | None:  # noqa: ANN401  # of a response
    """Return an API time as an aware UTC datetime, None if there is none.

    Releases from 6.1 on return UTC with an offset; a time without one is read as UTC. Milliseconds are what a portal
    keeps: the response to a write shows microseconds, which later ones do not.

    :raises HarvestProtocolError: if the string is not a time.
    """
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value).astimezone(timezone.utc) if "+" in value else _parse_slowly(value)
    except (TypeError, ValueError, OverflowError):
        parsed = _parse_slowly(value)
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        parsed = parsed.replace(year=_FIRST_YEAR if parsed.year < _FIRST_YEAR else _LAST_YEAR, month=1, day=1)
    finer = parsed.microsecond % 1000
    return parsed.replace(microsecond=parsed.microsecond - finer) if finer else parsed


def _parse_slowly(value: Any) -> datetime:  # noqa: ANN401  # of a response
    """Read a time that is not plain ISO with an offset; only the plain form takes the 20 times faster way."""
    try:
        parsed: object = pendulum.parse(str(value))
        if isinstance(parsed, datetime):
            return datetime.fromtimestamp(parsed.timestamp(), tz=timezone.utc)
    except (ValueError, OverflowError, TypeError, OSError) as error:  # OverflowError: beyond the years 1 to 9999
        raise HarvestProtocolError(f"expected a time, got {str(value)[:40]!r}") from error
    raise HarvestProtocolError(f"expected a time, got {str(value)[:40]!r}")


def entries_of(value: object) -> list[Any]:
    """Return the entries of a list; a value in place of a list counts as its one entry, so nothing is lost."""
    return value if isinstance(value, list) else [value] if value else []


def object_of(data: object, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise HarvestProtocolError(f"expected {what}, got {type(data).__name__}")
    return data


def block(value: object) -> dict[str, Any]:
    """Return an object inside a response; anything else in its place has no fields."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """Return what people wrote: a name, a comment, an address."""
    return value if value is None or isinstance(value, str) else str(value)


def count_of(value: Any) -> int:  # noqa: ANN401  # of a response
    """Return a number of items; nothing in its place counts as 0.

    :raises ValueError: for what counts nothing: a negative number would hide others in a sum, a fraction or a bool is
        no count, and one too large for a float cannot be compared with a share. TypeError and OverflowError likewise.
    """
    number = int(value or 0)
    is_whole = not isinstance(value, bool) and (not isinstance(value, float) or number == value)
    if not is_whole or not 0 <= number <= _MAX_COUNT:
        raise ValueError("not a number of items")
    return number


def filled(value: object) -> object:
    return None if value in ("", {}) else value


def flag_of(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def token_of(value: object) -> str | None:
    """Return an id, a status or another word that the portal itself makes: one line without control characters."""
    return None if value is None else plain(value)
