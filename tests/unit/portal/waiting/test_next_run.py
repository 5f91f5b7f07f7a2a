"""When a portal's own run is due: learned from its cron and its past jobs, since its time zone is not in the API."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.waiting.next_run import Expectation, describe, expect

MIDNIGHT = "0 0 * * *"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def daily(newest: str, count: int, delay_minutes: float = 2) -> list[datetime]:
    """Jobs of so many days, newest first, each so long after its tick."""
    return [utc(newest) + timedelta(minutes=delay_minutes, days=-n) for n in range(count)]


def at_once(newest: str, *seconds: float) -> list[datetime]:
    """Jobs of some days, newest first, each so many seconds after its tick."""
    return [utc(newest) + timedelta(seconds=delay, days=-n) for n, delay in enumerate(seconds)]


def by_hand(count: int) -> list[datetime]:
    """Jobs of one afternoon, newest first, which no midnight has started."""
    return [utc("2026-03-01 12:17") + timedelta(minutes=-7 * n) for n in range(count)]


NOW = utc("2026-03-02 02:05")


@pytest.mark.parametrize(
    "cron, begins, offset, due",
    [
        pytest.param(MIDNIGHT, daily("2026-03-02 00:00", 5), 0, "2026-03-03 00:00", id="UTC"),
        pytest.param(MIDNIGHT, daily("2026-03-01 23:00", 5), 60, "2026-03-02 23:00", id="an hour ahead"),
        pytest.param(MIDNIGHT, daily("2026-03-01 05:00", 5), -300, "2026-03-02 05:00", id="five hours behind"),
        pytest.param(MIDNIGHT, daily("2026-03-01 18:30", 5), 330, "2026-03-02 18:30", id="five and a half ahead"),
        pytest.param(MIDNIGHT, daily("2026-03-01 23:00", 2), None, "2026-03-03 00:00", id="too few jobs"),
        pytest.param(MIDNIGHT, [], None, "2026-03-03 00:00", id="no jobs"),
        pytest.param("0 * * * *", daily("2026-03-02 01:00", 5), 0, "2026-03-02 03:00", id="hourly"),
        pytest.param(
            "0 6 * * 1",
            [utc("2026-02-23 05:03") - timedelta(weeks=n) for n in range(4)],
            60,
            "2026-03-02 05:00",
            id="weekly",
        ),
        pytest.param(
            MIDNIGHT,
            [utc("2026-03-02 01:50") - timedelta(minutes=10 * n) for n in range(10)],
            None,
            "2026-03-03 00:00",
            id="jobs that somebody started one after the other",
        ),
        pytest.param(
            MIDNIGHT,
            sorted([*daily("2026-03-01 23:00", 6), utc("2026-03-01 14:10"), utc("2026-02-27 09:20")], reverse=True),
            60,
            "2026-03-02 23:00",
            id="some started by hand",
        ),
        pytest.param(
            MIDNIGHT,
            [*by_hand(5), *daily("2026-02-28 23:00", 5)],
            60,
            "2026-03-02 23:00",
            id="the newest started by hand",
        ),
        pytest.param(
            MIDNIGHT, [*by_hand(4), *daily("2026-02-28 23:00", 4)], 60, "2026-03-02 23:00", id="half started by hand"
        ),
        pytest.param(
            MIDNIGHT, [*by_hand(4), *daily("2026-02-28 23:00", 3)], None, "2026-03-03 00:00", id="most started by hand"
        ),
    ],
)
def test_when_the_next_run_is_due(cron: str, begins: list[datetime], offset: int | None, due: str) -> None:
    expectation = expect(cron, begins, NOW.timestamp())
    assert expectation is not None
    assert expectation.offset == offset
    assert datetime.fromtimestamp(expectation.due, tz=timezone.utc) == utc(due)


@pytest.mark.parametrize(
    "before, after, offset",
    [
        pytest.param("2026-03-28 23:00", "2026-03-31 22:00", 120, id="into summer time"),
        pytest.param("2026-10-24 22:00", "2026-10-27 23:00", 60, id="out of summer time"),
    ],
)
def test_a_change_of_the_clocks_is_followed_after_three_runs(before: str, after: str, offset: int) -> None:
    begins = [*daily(after, 3), *daily(before, 7)]
    expectation = expect(MIDNIGHT, begins, begins[0].timestamp() + 3600)
    assert expectation is not None
    assert expectation.offset == offset


@pytest.mark.parametrize(
    "cron, begins, offset, delays",
    [
        pytest.param(MIDNIGHT, at_once("2026-03-02 00:00", 0, 0, 0), 0, (0, 0, 0), id="UTC"),
        pytest.param(MIDNIGHT, at_once("2026-03-01 23:00", 0, 0, 0), 60, (0, 0, 0), id="an hour ahead"),
        pytest.param(MIDNIGHT, at_once("2026-03-01 18:30", 0, 0, 0), 330, (0, 0, 0), id="five and a half ahead"),
        pytest.param(MIDNIGHT, at_once("2026-03-01 05:00", 0, 0, 0), -300, (0, 0, 0), id="five hours behind"),
        pytest.param("30 0 * * *", at_once("2026-03-02 00:30", 0, 0, 0), 0, (0, 0, 0), id="at half past"),
        pytest.param("0 * * * *", at_once("2026-03-02 01:00", 0, 0, 0), 0, (0, 0, 0), id="hourly"),
        pytest.param("*/20 * * * *", at_once("2026-03-02 01:20", 0, 0, 0), 0, (0, 0, 0), id="every 20 minutes"),
        pytest.param(
            MIDNIGHT, at_once("2026-03-02 00:00", 0, 2, 0, 0.001, 1), 0, (0, 2, 0, 0.001, 1), id="some at once"
        ),
        pytest.param(
            MIDNIGHT, at_once("2026-03-02 00:00", -1, -29, 3), 0, (0, 0, 3), id="the worker's clock is behind"
        ),
        pytest.param(MIDNIGHT, at_once("2026-03-01 23:00", -1, -29, 3), 60, (0, 0, 3), id="that, and an hour ahead"),
    ],
)
def test_a_job_may_begin_at_its_tick_or_seconds_before(
    cron: str, begins: list[datetime], offset: int, delays: tuple[float, ...]
) -> None:
    """Scheduler and worker have clocks of their own; the next offset, half an hour away, must not fit better."""
    expectation = expect(cron, begins, NOW.timestamp())
    assert expectation is not None
    assert expectation.offset == offset
    assert expectation.delays == pytest.approx(delays)


@pytest.mark.parametrize(
    "newest, now, due, overdue",
    [
        pytest.param("2026-03-01 00:00:02", "2026-03-01 23:59:59", "2026-03-02", None, id="a second before the tick"),
        pytest.param("2026-03-01 00:00:02", "2026-03-02 00:00:00", "2026-03-03", "2026-03-02", id="at the tick"),
        pytest.param("2026-03-01 00:00:02", "2026-03-02 00:00:01", "2026-03-03", "2026-03-02", id="a second after it"),
        pytest.param("2026-03-01 00:00:02", "2026-03-02 01:00:00", "2026-03-03", "2026-03-02", id="an hour after it"),
        pytest.param("2026-03-01 00:00:02", "2026-03-02 01:00:01", "2026-03-03", None, id="later than its job begins"),
        pytest.param(
            "2026-03-01 02:00:00", "2026-03-02 02:00:00", "2026-03-03", "2026-03-02", id="as late as the last"
        ),
        pytest.param("2026-03-01 11:00:00", "2026-03-02 01:00:01", "2026-03-03", None, id="the last started by hand"),
        pytest.param("2026-03-02 00:00:00", "2026-03-02 00:05:00", "2026-03-03", None, id="its job began at the tick"),
        pytest.param(
            "2026-03-01 23:59:30", "2026-03-02 00:05:00", "2026-03-03", None, id="... seconds before the tick"
        ),
        pytest.param(
            "2026-03-01 23:58:00",
            "2026-03-02 00:05:00",
            "2026-03-03",
            "2026-03-02",
            id="one was started by hand before",
        ),
    ],
)
def test_whether_a_run_is_overdue(newest: str, now: str, due: str, overdue: str | None) -> None:
    begins = [utc(newest), *daily("2026-02-28 00:00", 4)]
    expectation = expect(MIDNIGHT, begins, utc(now).timestamp())
    assert expectation is not None
    assert expectation.due == utc(due).timestamp()
    assert expectation.overdue == (None if overdue is None else utc(overdue).timestamp())


def test_a_run_is_overdue_by_the_portals_own_time() -> None:
    expectation = expect(MIDNIGHT, daily("2026-02-28 23:00", 5), utc("2026-03-01 23:05").timestamp())
    assert expectation is not None
    assert (expectation.offset, expectation.overdue) == (60, utc("2026-03-01 23:00").timestamp())


def test_a_job_that_was_started_by_hand_long_after_a_run_has_no_delay() -> None:
    begins = [
        utc("2026-03-01 03:00:01"),
        *daily("2026-03-01 00:00", 2, delay_minutes=180),
        *daily("2026-02-27 00:00", 2),
    ]
    expectation = expect(MIDNIGHT, begins, NOW.timestamp())
    assert expectation is not None
    assert expectation.delays == (3 * 3600, 3 * 3600, 120, 120)


def test_a_run_may_wait_long_in_the_portals_queue() -> None:
    expectation = expect(MIDNIGHT, [utc("2026-03-02 00:41"), *daily("2026-03-01 00:00", 4)], NOW.timestamp())
    assert expectation is not None
    assert expectation.delays == (41 * 60, 120, 120, 120, 120)


def test_jobs_started_by_hand_after_a_run_do_not_hide_it() -> None:
    """The scheduled run is the first after its tick, and shows the time zone."""
    by_hand = [begin + timedelta(minutes=40) for begin in daily("2026-03-01 23:00", 5)]
    expectation = expect(MIDNIGHT, sorted([*daily("2026-03-01 23:00", 5), *by_hand], reverse=True), NOW.timestamp())
    assert expectation is not None
    assert expectation.offset == 60


def test_delays_are_not_reported_if_the_time_zone_is_not_known() -> None:
    expectation = expect(MIDNIGHT, daily("2026-03-01 23:00", 2), NOW.timestamp())
    assert expectation == Expectation(MIDNIGHT, utc("2026-03-03 00:00").timestamp(), None, ())


def test_times_of_any_zone_are_taken_as_what_they_are() -> None:
    tokyo = timezone(timedelta(hours=9))
    begins = [begin.astimezone(tokyo) for begin in daily("2026-03-02 00:00", 5)]
    expectation = expect(MIDNIGHT, begins, NOW.timestamp())
    assert expectation is not None
    assert expectation.offset == 0


@pytest.mark.parametrize("cron", ["0 0 31 2 *", "99 * * * *", "every 6 hours"])
def test_a_schedule_that_celery_cannot_run_is_refused(cron: str) -> None:
    with pytest.raises(HarvestInvalidInput):
        expect(cron, [], NOW.timestamp())


DUE = utc("2026-03-03 00:00").timestamp()
FAILS = utc("2026-03-03 03:00").timestamp()


@pytest.mark.parametrize(
    "delays, offset, fails_at, deferred, text",
    [
        pytest.param(
            (120.0, 300.0, 41 * 60.0, 180.0, 240.0),
            0,
            FAILS,
            True,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last 5 jobs began 2 to 41 min after that. Deferred: no worker slot is used. "
            "Fails at Tue 03 Mar 03:00 UTC.",
            id="a past that tells",
        ),
        pytest.param(
            (),
            None,
            FAILS,
            False,
            "The portal runs this source by cron `0 0 * * *`; next about Tue 03 Mar 00:00 UTC (in 21 h 55 min). "
            "Fails at Tue 03 Mar 03:00 UTC.",
            id="a past that does not",
        ),
        pytest.param(
            (4.0,),
            0,
            None,
            True,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last job began 4 s after that. Deferred: no worker slot is used.",
            id="no end",
        ),
        pytest.param(
            (5.0, 3 * 60.0),
            0,
            None,
            False,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last 2 jobs began 5 s to 3 min after that.",
            id="different units",
        ),
        pytest.param(
            (3 * 60.0, 65 * 60.0, 3 * 60.0),
            0,
            None,
            False,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last 3 jobs began 3 min to 1 h 5 min after that.",
            id="hours and minutes",
        ),
        pytest.param(
            (65 * 60.0, 125 * 60.0),
            0,
            None,
            False,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last 2 jobs began 1 h 5 min to 2 h 5 min after that.",
            id="the same minutes",
        ),
        pytest.param(
            (7.0, 7.0),
            0,
            None,
            False,
            "The portal runs this source by cron `0 0 * * *`; next Tue 03 Mar 00:00 UTC (in 21 h 55 min); "
            "its last 2 jobs began 7 s after that.",
            id="always the same",
        ),
    ],
)
def test_what_a_task_waits_for_as_text(
    delays: tuple[float, ...], offset: int | None, fails_at: float | None, deferred: bool, text: str
) -> None:
    expectation = Expectation(MIDNIGHT, DUE, offset, delays)
    assert describe(expectation, NOW.timestamp(), fails_at, deferred) == text


def test_a_run_later_today_needs_no_day() -> None:
    expectation = Expectation("0 4 * * *", utc("2026-03-02 04:00").timestamp(), 0)
    assert "next 04:00 UTC (in 1 h 55 min)." in describe(expectation, NOW.timestamp(), None, False)
