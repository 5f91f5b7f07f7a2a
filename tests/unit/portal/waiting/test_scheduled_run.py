"""The plan of a wait for the portal's own run: when it is due, until when it may begin, what is not waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestSourceNotRunnable
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.waiting.scheduled_run import gives_up_at, until_portal_runs
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from tests.support.fake_portal.scripted import SOURCE_ID, T0, FakeClock, ScriptedClient, instant, portal_of

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0
#: T0 is 02:05 UTC.
TWO_O_CLOCK, MIDNIGHT = T0 - 5 * MINUTE, T0 + 21 * HOUR + 55 * MINUTE
GRACE = 3 * HOUR


def planned(
    schedule: str | None, jobs: list[HarvestJob] | None = None, grace: float | None = GRACE, **plan: Any
) -> tuple[WaitPlan, list[str]]:
    """The plan of a wait that begins at T0, and what was said."""
    client = ScriptedClient(portal_of(FakeClock()))
    source = replace(client.get_source(SOURCE_ID), schedule=schedule)
    wanted = WaitPlan(SOURCE_ID, "waited", **{"begun": T0, "after": T0, **plan})
    said: list[str] = []
    return until_portal_runs(wanted, client, source, jobs or [], grace, said.append)[0], said


def daily(after_midnight: float, time: str) -> list[HarvestJob]:
    """Jobs of five days, each begun so long after midnight UTC, of which only this time is known."""
    begins = [instant(MIDNIGHT - n * DAY + after_midnight) for n in range(1, 6)]
    return [replace(HarvestJob(f"j{n}", "done"), **{time: begin}) for n, begin in enumerate(begins)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given, due, due_again, start_deadline",
    [
        pytest.param({"schedule": "0 0 * * *"}, MIDNIGHT, None, MIDNIGHT + GRACE, id="the next tick"),
        pytest.param({"schedule": "0 0 * * *", "grace": None}, MIDNIGHT, None, None, id="however late it begins"),
        pytest.param(
            {"schedule": "0 2 * * *"},
            TWO_O_CLOCK,
            TWO_O_CLOCK + DAY,
            TWO_O_CLOCK + DAY + GRACE,
            id="the last tick was minutes ago, then the next",
        ),
        pytest.param(
            {"schedule": "0 0 * * *", "jobs": daily(MINUTE - HOUR, "created")},
            MIDNIGHT - HOUR,
            None,
            MIDNIGHT - HOUR + GRACE,
            id="the zone of jobs that were only created",
        ),
        pytest.param(
            {"schedule": "0 0 * * *", "jobs": daily(MINUTE - HOUR, "started")},
            MIDNIGHT - HOUR,
            None,
            MIDNIGHT - HOUR + GRACE,
            id="the zone of jobs that were only started",
        ),
        pytest.param({"schedule": "every day"}, T0 + DAY, None, T0 + DAY + GRACE, id="a schedule that is no cron"),
        pytest.param(
            {"schedule": "every day", "after": T0 + HOUR},
            T0 + DAY + HOUR,
            None,
            T0 + DAY + HOUR + GRACE,
            id="no cron, and a time to come",
        ),
        pytest.param(
            {"schedule": "0 0 * * *", "after": None, "ended_after": T0 - DAY},
            MIDNIGHT,
            None,
            MIDNIGHT + GRACE,
            id="whichever ends next",
        ),
        pytest.param({"schedule": None, "grace": None}, None, None, None, id="no schedule: somebody may start it"),
        pytest.param(
            {"schedule": None, "jobs": [HarvestJob("j", "done", instant(T0), instant(T0))]},
            None,
            None,
            None,
            id="no schedule, and the job is there",
        ),
    ],
)
def test_when_the_portals_own_run_is_waited_for(
    given: dict[str, Any], due: float | None, due_again: float | None, start_deadline: float | None
) -> None:
    plan, said = planned(**given)
    assert (plan.due, plan.due_again, plan.start_deadline) == (due, due_again, start_deadline)
    assert plan.cron == (given["schedule"] if due and given["schedule"] != "every day" else None)
    assert any("started by hand" in line for line in said) == (not given["schedule"] and "jobs" not in given)


@pytest.mark.parametrize(
    "schedule, cron, offset",
    [("0 0 * * *", "0 0 * * *", 60), ("0 0 29 2 1", "0 0 29 2 1", None), ("every day", None, None), (None, None, None)],
)
def test_a_job_that_is_there_is_waited_for_and_if_it_is_dead_the_next_run(
    schedule: str | None, cron: str | None, offset: int | None
) -> None:
    jobs = [HarvestJob("j", "initialized", instant(T0), instant(T0)), *daily(MINUTE - HOUR, "created")]
    plan, said = planned(schedule, jobs)
    assert (plan.due, plan.due_again, plan.start_deadline) == (None, None, None)
    assert (plan.cron, plan.offset, plan.grace, said) == (cron, offset, GRACE, [])


@pytest.mark.parametrize(
    "schedule, why",
    [
        pytest.param(None, "has no schedule", id="none"),
        pytest.param("0 0 29 2 1", "does not fire within five years: ask", id="a leap day that is a Monday: in 2044"),
    ],
)
def test_a_run_that_is_not_due_is_not_waited_for(schedule: str | None, why: str) -> None:
    with pytest.raises(HarvestSourceNotRunnable, match=why):
        planned(schedule)


@pytest.mark.parametrize(
    "ends, at",
    [({"deadline": 5.0, "start_deadline": 9.0}, 5.0), ({"start_deadline": 9.0}, 9.0), ({}, None)],
    ids=["the earlier end", "the only one", "none"],
)
def test_when_the_wait_is_given_up(ends: dict[str, Any], at: float | None) -> None:
    assert gives_up_at(WaitPlan(SOURCE_ID, "waited", **ends)) == at
