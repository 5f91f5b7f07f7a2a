"""Celery's crontab rules, and when a cron fires; pure, used by the client before it sends a cron and by the waits.

Facts come from running Celery 5.3.1, 5.4.0 and 5.7.0, which udata 9.2.4, 13.0.0 and 16.6.1 to 17.18.0 install.
They differ from cron(5) and from Airflow: day of month AND day of week must both match, Sunday is 0 and never 7,
a range may wrap (``22-3``), ``5/10`` does not exist.

Reading is as lenient as Celery, since others set crons too (:meth:`Schedule.parse`); sending is strict
(:func:`check_cron`): only what every one of these versions reads, and reads alike.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import show_value

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How far :meth:`Schedule.next_after` and :meth:`Schedule.previous_before` search, in days: five years.
SEARCH_DAYS = 5 * 366

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_STOPS_ALL = "one such cron stops every periodic task of the portal"


class InvalidCron(HarvestInvalidInput):
    """The string is not a cron by Celery's rules, never fires, or would be misread."""


@dataclass(frozen=True)
class _Field:
    """One of the five fields of a cron, and its allowed values."""

    name: str
    low: int
    high: int
    allowed: str

    @property
    def every(self) -> range:
        return range(self.low, self.high + 1)


_FIELDS = (
    _Field("minute", 0, 59, "0 to 59, as in 0 or 0,30 or */15 or 10-50/20"),
    _Field("hour", 0, 23, "0 to 23, as in 4 or 0,12 or */6 or 22-3"),
    _Field("day of month", 1, 31, "1 to 31, as in 1 or 1,15 or 1-7 or */10"),
    _Field("month", 1, 12, "1 to 12, as in 1 or 3,9 or */3"),
    _Field("day of week", 0, 6, "0 (Sunday) to 6 or names, as in 0 or 1-5 or mon,thu"),
)
_MONTH, _WEEKDAY = _FIELDS[3], _FIELDS[4]

# Celery matches only the beginning of an item: "1-5-7" is 1-5, and "*/2-5" is */2.
_RANGE_OR_STAR = re.compile(r"(?:(?P<first>\w+)-(?P<last>\w+)|\*)(?P<slash>/(?P<step>\w*))?")
_PLAIN_ITEM = re.compile(r"\*(/\d+)?|(\d+|[a-z]+)(-(\d+|[a-z]+)(/\d+)?)?", re.ASCII | re.IGNORECASE)


# --- reading a cron as Celery does -----------------------------------------------------------------------------


def _named(name: str) -> int | None:
    """Find a name by its first three letters, a month before a weekday, in any field."""
    for names, first in ((MONTHS, 1), (WEEKDAYS, 0)):
        for number, full_name in enumerate(names, first):
            if full_name[:3] == name[:3].lower():
                return number
    return None


def _number(text: str, field: _Field) -> int:
    """Return one number or name of a field.

    :raises ValueError: says why not.
    """
    if text.startswith("-"):
        raise ValueError(f"{_show(text)} is negative")
    try:
        number: int | None = int(text)
    except ValueError:
        number = _named(text)
    if number is None:
        stepped = re.fullmatch(r"(\d+)/(\d+)", text)
        hint = f"; write {stepped[1]}-{field.high}/{stepped[2]}" if stepped else ""
        raise ValueError(f"{_show(text)} is neither a number nor a name that Celery knows{hint}")
    if number not in field.every:
        sunday = "; Sunday is 0" if field is _WEEKDAY and number == 7 else ""
        raise ValueError(f"{text[:60]} is not in {field.low} to {field.high}{sunday}")
    return number


def _item(text: str, field: _Field) -> list[int]:
    """Return the numbers that one item of a field means, in Celery's order, on which a step depends.

    :raises ValueError: says why not.
    """
    if not text:
        raise ValueError("there is nothing before or after a comma")
    match = _RANGE_OR_STAR.match(text)
    if match is None or (match["first"] is None and not match["slash"] and text != "*"):
        return [_number(text, field)]
    numbers = list(field.every)
    if match["first"] is not None:
        first, last = _number(match["first"], field), _number(match["last"], field)
        wraps = last < first
        numbers = [*range(first, field.high + 1), *range(field.low, last + 1)] if wraps else [*range(first, last + 1)]
    if not match["slash"]:
        return numbers
    try:
        return numbers[:: int(match["step"])]
    except ValueError:  # no number, or a step of zero
        raise ValueError(f"the step {_show(match['step'])} after / is not a number from 1 on") from None


def _numbers(text: str, field: _Field) -> tuple[int, ...]:
    return tuple(sorted({number for item in text.split(",") for number in _item(item, field)}))


# --- when it fires ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """A cron that was read, and when it fires.

    All times are on the portal's wall clock. Celery's is UTC unless the portal set another zone, which the API
    does not return. Pass an aware time in the portal's (fixed) offset, or a naive one: the returned time has the
    same ``tzinfo``, and nothing is converted in between.

    :param text: the cron, its fields separated by single blanks, safe to show.
    :param minutes: sorted numbers of the minutes at which it fires; so on for the other four fields.
    :param weekdays: 0 is Sunday, 6 is Saturday.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read a cron as leniently as Celery 5.7.0 does, for example the ``schedule`` of a source.

        :param text: minute, hour, day of month, month, day of week.
        :raises InvalidCron: if Celery refuses it. A source may also have a schedule that is not a cron
            ("every 6 hours"), set by the portal's staff.
        """
        return _parsed(text)

    def next_after(self, when: datetime) -> datetime | None:
        """Return the first tick later than ``when``, None if none follows within five years."""
        earliest = when.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in self._days_from(earliest.date()):
            index = bisect_left(self._times, earliest.time()) if day == earliest.date() else 0
            if index < len(self._times):
                return datetime.combine(day, self._times[index], tzinfo=when.tzinfo)
        return None

    def previous_before(self, when: datetime) -> datetime | None:
        """Return the last tick earlier than ``when``, None if there was none for five years."""
        latest = when.replace(second=0, microsecond=0)
        if latest.timetz() == when.timetz():
            latest -= timedelta(minutes=1)
        for day in self._days_from(latest.date(), backwards=True):
            index = bisect_right(self._times, latest.time()) if day == latest.date() else len(self._times)
            if index > 0:
                return datetime.combine(day, self._times[index - 1], tzinfo=when.tzinfo)
        return None

    @cached_property
    def _times(self) -> tuple[time, ...]:
        return tuple(time(hour, minute) for hour in self.hours for minute in self.minutes)

    def _days_from(self, start: date, *, backwards: bool = False) -> Iterator[date]:
        """Yield the days on which it fires, ``start`` included, in order, for :data:`SEARCH_DAYS`."""
        step = -1 if backwards else 1
        for year in range(start.year, start.year + step * (SEARCH_DAYS // 365 + 2), step):
            for month in self.months[::step]:
                if year == start.year and (month - start.month) * step < 0:
                    continue
                for number in self.days[::step]:
                    try:
                        day = date(year, month, number)
                    except ValueError:  # such as 31 April
                        continue
                    distance = (day - start).days * step
                    if distance > SEARCH_DAYS:
                        return
                    if distance >= 0 and day.isoweekday() % 7 in self.weekdays:
                        yield day


@lru_cache(maxsize=1024)  # a portal's sources have few different crons, and each pass reads all of them
def _parsed(text: str) -> Schedule:
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise InvalidCron(
            f"The cron {_show(text)} has {len(fields)} fields instead of five: minute, hour, day of month, "
            "month, day of week; for example 0 4 * * 1-5."
        )
    numbers = []
    for field_text, field in zip(fields, _FIELDS, strict=True):
        try:
            numbers.append(_numbers(field_text, field))
        except ValueError as error:
            raise _wrong(fields, field, str(error), f"Celery cannot read it, and {_STOPS_ALL}.") from None
    # Celery reads only the beginning of a range, so anything may follow it: shown as one visible line.
    schedule = Schedule(plain(" ".join(fields)), *numbers)
    if not any(day <= _DAYS_IN_MONTH[month - 1] for month in schedule.months for day in schedule.days):
        # Up to Celery 5.4 this cron is accepted, and the beat fails when it computes the next tick.
        raise InvalidCron(
            f"The cron {_show(schedule.text)} never fires: none of its months has such a day. "
            f"Celery finds no next time for it, and {_STOPS_ALL}."
        )
    return schedule


# --- what may be sent ------------------------------------------------------------------------------------------


def check_cron(text: str) -> str:
    """Return a cron that may be sent to any portal, its fields separated by single blanks.

    It must be read, and read alike, by Celery 5.3.1 to 5.7.0. So it is refused if Celery refuses it, if it never fires
    (``0 0 31 2 *``), if it has month names (unknown up to 5.4.0), and if Celery reads it only by accident (``1-5-7``,
    ``monkey``, ``1_0``, a name outside the day of week, digits of other scripts).

    :param text: minute, hour, day of month, month, day of week.
    :raises InvalidCron: says which field is wrong, why, what is allowed, and what it would do to the portal.
    """
    if not isinstance(text, str):
        raise InvalidCron(f"A cron must be a string such as '0 4 * * *', not {type(text).__name__}.")
    if not text.strip():
        raise InvalidCron(
            "The cron is empty. Portals read that as * * * * *: a harvest every minute. "
            "To stop the harvests of a source, unschedule it."
        )
    if not text.isascii() or not text.replace("\t", " ").isprintable():
        raise InvalidCron(f"The cron {_show(text)} must be one line of ASCII characters, as in 0 4 * * 1-5.")
    if any(quote in text for quote in "'\"`"):
        raise InvalidCron(
            f"The cron {_show(text)} must be given without quotes in it: portals store them as part of a field."
        )
    macro = text.strip().lower()
    if macro.startswith("@"):
        instead = f"write {_MACROS[macro]} instead" if macro in _MACROS else "write five fields, as in 0 4 * * *"
        raise InvalidCron(f"The cron {_show(text)} is unknown to udata and Celery: {instead}.")
    schedule = Schedule.parse(text)
    for field_text, field in zip(schedule.text.split(), _FIELDS, strict=True):
        for item in field_text.split(","):
            _check_plain(item, field, schedule.text.split())
    return schedule.text


def _check_plain(item: str, field: _Field, fields: list[str]) -> None:
    """Refuse an item that Celery does not read in every version, or reads in another way than intended."""
    if not _PLAIN_ITEM.fullmatch(item):
        why = f"{_show(item)} is not *, a number, a range, or one of them with a step"
        raise _wrong(fields, field, why, "Celery would accept it, but read something else.")
    for name in re.findall("[a-z]+", item.lower()):
        if field is _MONTH and any(name in (month, month[:3]) for month in MONTHS):
            why = f"{name} must be written as {_named(name)}"
            raise _wrong(fields, field, why, f"Celery up to 5.4.0 cannot read names of months, and {_STOPS_ALL}.")
        if field is not _WEEKDAY or not any(name in (day, day[:3]) for day in WEEKDAYS):
            why = f"{name} does not belong there"
            raise _wrong(fields, field, why, "Celery reads only its first three letters, and reads it as a number.")


def _wrong(fields: list[str], field: _Field, why: str, consequence: str) -> InvalidCron:
    shown = _show(" ".join(fields))
    return InvalidCron(
        f"The cron {shown} is wrong in its field {field.name} ({plain(fields[_FIELDS.index(field)], 60)}): {why}. "
        f"Allowed there: {field.allowed}. {consequence}"
    )


def _show(text: str) -> str:
    return show_value(text, 60)
