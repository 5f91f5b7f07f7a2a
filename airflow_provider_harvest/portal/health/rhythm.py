"""Whether a source has missed runs of its own cron; used by the rules.

udata does not report the time zone in which its scheduler reads crons. Over whole periods that hardly matters: a job
is compared with the tick nearest to its beginning, in whichever zone, and periods are counted from there.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import Schedule

if TYPE_CHECKING:
    from datetime import datetime

#: A run that is due gets one period to wait in the portal's queue and to end, but no less and no more than this.
_LEAST_GRACE, _MOST_GRACE = timedelta(hours=1), timedelta(hours=6)
#: No time zone moves a tick farther than this.
_FARTHEST_ZONE = timedelta(hours=14)


def silent_from(cron: str, begun: datetime, periods: int) -> datetime | None:
    """Return from when on a source counts as silent; None for a cron that cannot be read or never fires.

    :param cron: the source's cron.
    :param begun: when its last finished job began, by the portal's clock.
    :param periods: how many runs must have been due since.
    """
    schedule = _read(cron)
    if schedule is None:
        return None
    tick = _nearest_tick(schedule, begun.astimezone(timezone.utc))
    for _ in range(periods):
        later = None if tick is None else schedule.next_after(tick)
        if later is None:
            return None
        tick = later
    assert tick is not None  # noqa: S101 - for the type checker: there is at least one period
    following = schedule.next_after(tick)
    period = following - tick if following else _MOST_GRACE
    return tick + min(_MOST_GRACE, max(_LEAST_GRACE, period))


def _nearest_tick(schedule: Schedule, when: datetime) -> datetime | None:
    before = schedule.previous_before(when + timedelta(seconds=1))
    after = schedule.next_after(when)
    if before is None or after is None:
        return None
    return after if after - when < min(when - before, _FARTHEST_ZONE) else before


@lru_cache(maxsize=2048)
def _read(cron: str) -> Schedule | None:
    """Read a cron once for all sources that have it: most have the portal's default."""
    try:
        return Schedule.parse(cron)
    except HarvestInvalidInput:
        return None
