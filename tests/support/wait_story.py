"""A wait on a scripted portal, driven to its end as an operator or a trigger drives it."""

from __future__ import annotations

from typing import Any

from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.wait_plan import (
    Poll,
    WaitPlan,
)
from airflow_provider_harvest.portal.waiting.which_job import JobLimits
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    Timeline,
    portal_of,
)

MINUTE, HOUR = 60.0, 3600.0
LIMITS = JobLimits(run_timeout=24 * HOUR, stall_timeout=2 * HOUR, first_item_timeout=6 * HOUR)


class Story:
    """A wait on a scripted portal, driven to its end as an operator or a trigger does."""

    def __init__(self, timeline: Timeline, portal: dict[str, Any] | None = None, **plan: Any) -> None:
        self.clock = FakeClock()
        self.portal = portal_of(self.clock, timeline, **(portal or {}))
        self.client = ScriptedClient(self.portal)
        settings: dict[str, Any] = {"begun": T0, "start_deadline": T0 + 2 * HOUR, "limits": LIMITS, **plan}
        self.wait = JobWait(WaitPlan(SOURCE_ID, "started", **settings), self.client)
        self.lines: list[str] = []
        self.polls: list[Poll] = []

    def look(self) -> Poll:
        poll = self.wait.poll()
        self.lines.extend(poll.lines)
        self.polls.append(poll)
        return poll

    def to_the_end(self, at_most: float = 60 * 24 * HOUR) -> Poll:
        while True:
            poll = self.look()
            if poll.is_final:
                return poll
            assert poll.pause > 0, "a wait never spins"
            assert self.elapsed < at_most, "the wait does not end"
            self.clock.sleep(poll.pause)

    @property
    def elapsed(self) -> float:
        return self.clock.now() - T0

    @property
    def job_id(self) -> str | None:
        return self.wait.plan.job_id
