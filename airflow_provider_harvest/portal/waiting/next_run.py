"""When a portal will next harvest a source by itself, learned from its cron and its past jobs.

udata's API does not return the time zone in which its scheduler reads crons: it is learned from past jobs.
Called by the run operator and the sensor when they wait for the portal's own run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.cron import Schedule
from airflow_provider_harvest.portal.text.words import clock_time, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The newest jobs are used first, since summer time may have begun, then some more, since people start jobs, too.
_NEWEST, _LOOKED_AT = 5, 10
#: How many of them must agree before an offset is used.
_MUST_AGREE = 3
#: Seconds after a tick in which its job is still expected, if past ones were not later.
OVERDUE = 3600.0
#: A job that began later than this many seconds after a tick was not started by that tick, or its queue was very long.
_MAX_QUEUE = 3 * 3600.0
#: A job may show a time this much before the tick that started it: its worker has another clock than the scheduler.
_EARLY = timedelta(seconds=30)
#: Offsets of real time zones, in minutes; UTC first, since Celery's default is UTC and ties go to the first.
_OFFSETS = sorted(range(-12 * 60, 14 * 60 + 1, 30), key=lambda minutes: (abs(minutes), -minutes))


@dataclass(frozen=True)
class Expectation:
    """When the portal's own run of a source is due.

    :param cron: its cron.
    :param due: seconds since the epoch of the next tick.
    :param overdue: the tick before it, if it is so recent that its job may still be about to begin.
    :param offset: minutes by which the portal's scheduler is ahead of UTC; None if past jobs do not show it.
    :param delays: seconds from their tick to the beginning of the last jobs, newest first.
    """

    cron: str
    due: float
    offset: int | None
    delays: tuple[float, ...] = ()
    overdue: float | None = None


def expect(cron: str, begins: Sequence[datetime], now: float) -> Expectation | None:
    """Return when the next run is due, None if the cron does not fire within five years.

    :param cron: the source's cron.
    :param begins: when its past jobs began, newest first.
    :param now: seconds since the epoch by the portal's clock.
    :raises HarvestInvalidInput: for a cron that Celery could not read.
    """
    schedule = Schedule.parse(cron)
    recent = [begin.astimezone(timezone.utc) for begin in begins[:_LOOKED_AT]]
    offset = _learn_offset(schedule, recent[:_NEWEST])
    if offset is None:
        offset = _learn_offset(schedule, recent)
    due = next_tick(cron, offset, now)
    if due is None:
        return None
    started = [] if offset is None else [_started_by(schedule, begin, offset) for begin in recent[:_NEWEST]]
    delays = tuple(found[1] for found in started if found is not None)
    return Expectation(schedule.text, due, offset, delays, _overdue(schedule, recent, now, offset, delays))


def next_tick(cron: str, offset: int | None, now: float) -> float | None:
    """Return when a cron fires next, in seconds since the epoch; None if it does not within five years.

    :param cron: as Celery reads it.
    :param offset: minutes by which the portal is ahead of UTC; None takes UTC.
    :param now: seconds since the epoch by the portal's clock.
    :raises HarvestInvalidInput: for a cron that Celery could not read.
    """
    ahead = timedelta(minutes=offset or 0)
    tick = Schedule.parse(cron).next_after(datetime.fromtimestamp(now, tz=timezone.utc) + ahead)
    return None if tick is None else (tick - ahead).timestamp()


def _overdue(
    schedule: Schedule, begins: Sequence[datetime], now: float, offset: int | None, delays: Sequence[float]
) -> float | None:
    """Return the last tick if no job has begun since and one still may: as late as the last ones, or within an hour."""
    ahead = timedelta(minutes=offset or 0)
    tick = _tick_at(schedule, datetime.fromtimestamp(now, tz=timezone.utc) + ahead)
    if tick is None:
        return None
    last = tick - ahead
    late = max([OVERDUE, *delays])
    has_begun = any(begin >= last - _EARLY for begin in begins)
    return None if has_begun or now - last.timestamp() > late else last.timestamp()


def describe(expectation: Expectation, now: float, fails_at: float | None, deferred: bool) -> str:
    """Return the log line about what a task waits for.

    :param expectation: when the run is due.
    :param now: seconds since the epoch.
    :param fails_at: when the wait is given up; None never.
    :param deferred: whether it waits without a worker slot.
    """
    about = "" if expectation.offset is not None else "about "
    due = f"{about}{clock_time(expectation.due, now)} (in {spell(expectation.due - now)})"
    overdue = expectation.overdue
    late = "" if overdue is None else f"due since {about}{clock_time(overdue, now)} ({spell(now - overdue)}), "
    runs = f"The portal runs this source by cron `{expectation.cron}`; {late}next {due}"
    if expectation.delays:
        jobs = "its last job" if len(expectation.delays) == 1 else f"its last {len(expectation.delays)} jobs"
        runs += f"; {jobs} began {_between(expectation.delays)} after that"
    sentences = [f"{runs}."]
    if deferred:
        sentences.append("Deferred: no worker slot is used.")
    if fails_at is not None:
        sentences.append(f"Fails at {clock_time(fails_at, now)}.")
    return " ".join(sentences)


def _between(delays: Sequence[float]) -> str:
    """Return the shortest and the longest delay as a person would say it: ``2 to 41 min``."""
    least, most = spell(min(delays)), spell(max(delays))
    if least == most:
        return most
    number, *unit = least.split(" ")
    same_unit = len(unit) == 1 and most.split(" ")[1:] == unit
    return f"{number if same_unit else least} to {most}"


def _learn_offset(schedule: Schedule, begins: Sequence[datetime]) -> int | None:
    """Return the offset under which the past jobs began soonest after a tick; None if they do not agree on one.

    Jobs that were started by hand, one after the other, agree on anything: only jobs of different ticks count.
    """
    best: tuple[float, int] | None = None
    for minutes in _OFFSETS:
        by_tick: dict[datetime, float] = {}
        for begin in begins:
            found = _started_by(schedule, begin, minutes)
            if found is not None:
                by_tick[found[0]] = found[1]  # the oldest comes last: the one that the tick started
        if len(by_tick) < max(_MUST_AGREE, (len(begins) + 1) // 2):
            continue
        score = median(by_tick.values())
        if best is None or score < best[0]:
            best = (score, minutes)
    return best[1] if best else None


def _started_by(schedule: Schedule, begin: datetime, minutes: int) -> tuple[datetime, float] | None:
    """Return the tick that may have started a job, under an offset, and how many seconds later the job began; None if
    it began too late for that."""
    local = begin + timedelta(minutes=minutes)
    tick = _tick_at(schedule, local + _EARLY)
    if tick is None:
        return None
    delay = max(0.0, (local - tick).total_seconds())
    return (tick, delay) if delay <= _MAX_QUEUE else None


def _tick_at(schedule: Schedule, when: datetime) -> datetime | None:
    """Return the last tick at or before a time."""
    return schedule.previous_before(when + timedelta.resolution)
