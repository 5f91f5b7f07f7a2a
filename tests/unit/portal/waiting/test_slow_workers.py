"""A portal's worker whose clock is behind dates its job before the newest one: the portal's list does not show it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.statuses import ENDED, NOT_STARTED
from airflow_provider_harvest.portal.waiting.job_wait import SOURCE_CHECK
from airflow_provider_harvest.portal.waiting.shared_source_list import ListedWait, Listing
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan
from tests.support.examples import examples
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    SourceLife,
    Timeline,
    job_appears,
    portal_of,
    whole_job,
)

MINUTE, HOUR = 60.0, 3600.0
KNOWN: dict[str, Any] = {"known": ("old",), "not_before": 0.0}
NEXT_END: dict[str, Any] = {"ended_after": T0}


def slow_job(job_id: str, at: float, behind: float, lasts: float = 30.0) -> Timeline:
    """A job of a worker whose clock is behind: all of its times are."""

    def ends(life: SourceLife) -> None:
        life.happening_at -= behind
        life.end_job(job_id, "done", ())

    return [(at, job_appears(job_id, ago=behind)), (at + lasts, ends)]


class ByList:
    """A wait that polls as the poller lets it: by the portal's list, and alone only if that cannot show its state."""

    def __init__(self, timeline: Timeline, **plan: Any) -> None:
        self.clock = FakeClock()
        self.client = ScriptedClient(portal_of(self.clock, timeline))
        settings = {"begun": T0, "start_deadline": T0 + 2 * HOUR, **plan}
        self.wait = ListedWait(WaitPlan(SOURCE_ID, "started", **settings), self.client)

    def to_the_end(self) -> Poll:
        listing = Listing(self.client)
        while True:
            listing.read({SOURCE_ID}, counters=self.wait.wants_counters())
            poll = self.wait.consider(listing.sources, listing.asked_at) or self.wait.poll()
            if poll.is_final:
                return poll
            self.clock.sleep(poll.pause)

    @property
    def elapsed(self) -> float:
        return self.clock.now() - T0


@pytest.mark.parametrize("plan", [KNOWN, NEXT_END], ids=["known ids", "next end"])
@pytest.mark.parametrize("behind", [2 * MINUTE, 50 * MINUTE], ids=lambda behind: f"{behind / MINUTE:.0f} min slow")
def test_a_job_that_is_listed_behind_a_known_one_is_found(plan: dict[str, Any], behind: float) -> None:
    old = whole_job("old", -MINUTE, 30)
    # The end that the worker writes is before the wait began unless the job is as long as its clock is slow.
    lasts = 30.0 if plan is KNOWN else behind + 30.0
    story = ByList([*old, *slow_job("mine", 30, behind, lasts)], **plan)
    assert story.to_the_end().state == ENDED
    assert story.wait.plan.job_id == "mine"
    assert story.elapsed <= 30 + lasts + SOURCE_CHECK + 2 * MINUTE


def test_no_job_is_called_missing_by_the_list_alone() -> None:
    """However slow the clock: at the time to start, the source's own jobs are read."""
    story = ByList([*whole_job("old", -MINUTE, 30), *slow_job("mine", 5000, 4 * HOUR)], **KNOWN)
    assert story.to_the_end().state == ENDED
    assert story.wait.plan.job_id == "mine"


@pytest.mark.parametrize(
    "old_ago, own_polls",
    [(24 * HOUR, 1), (HOUR, 1), (30 * MINUTE, 4), (MINUTE, 7)],
    ids=["a day", "an hour", "half an hour", "a minute"],
)
def test_only_a_newest_job_of_the_last_hour_is_looked_behind(old_ago: float, own_polls: int) -> None:
    """A wait costs no request of its own, but for these, and the one before its job is called missing."""
    story = ByList(whole_job("old", -old_ago, 30), **KNOWN)
    assert story.to_the_end().state == NOT_STARTED
    assert story.elapsed == 2 * HOUR
    assert story.client.count("list_jobs") == own_polls


def test_a_job_that_the_list_shows_costs_no_more_than_it_did() -> None:
    story = ByList([*whole_job("old", -MINUTE, 30), *whole_job("mine", 60)], **KNOWN)
    assert story.to_the_end().state == ENDED
    assert story.client.count("list_jobs") == 1


@examples(100)
@given(
    old_ago=st.sampled_from([1, 5, 20, 50, 300]).map(lambda n: n * MINUTE),
    at=st.sampled_from([1, 3, 10, 25, 100]).map(lambda n: n * MINUTE),
    behind=st.sampled_from([0, 2, 30, 58, 59]).map(lambda n: n * MINUTE),
    lasts=st.sampled_from([1, 20, 90]).map(lambda n: n * MINUTE),
    status=st.sampled_from(["known", "whole"]),
)
def test_whatever_the_clock_of_its_worker_the_job_is_found_soon(
    old_ago: float, at: float, behind: float, lasts: float, status: str
) -> None:
    plan = KNOWN if status == "whole" else {**KNOWN, "not_before": T0 - old_ago - HOUR}
    story = ByList([*whole_job("old", -old_ago, 30), *slow_job("mine", at, behind, lasts)], **plan)
    assert story.to_the_end().state == ENDED
    assert story.wait.plan.job_id == "mine"
    event("hidden" if at - behind < -old_ago else "shown")
    assert story.elapsed <= at + lasts + SOURCE_CHECK + 2 * MINUTE
