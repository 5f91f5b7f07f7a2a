"""What a wait is for: how it travels between worker and triggerer, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
from airflow_provider_harvest.portal.statuses import ENDED, GONE, STALLED
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan, describe_wait, goals
from airflow_provider_harvest.portal.waiting.which_job import JobLimits
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    instant,
    whole_job,
)
from tests.support.wait_story import HOUR, Story

PLANS = [
    pytest.param(WaitPlan("s", "started", known=("a", "b"), start_deadline=1.5), id="known ids"),
    pytest.param(WaitPlan("s", "started", known=()), id="no known ids"),
    pytest.param(WaitPlan("s", "waited", after=T0, due=T0 + 5, passed_over=("x",), deadline=T0 + 9), id="after"),
    pytest.param(WaitPlan("s", "attached", job_id="j", limits=JobLimits(1.0, 2.0, 3.0)), id="a job"),
    pytest.param(WaitPlan("s", "waited", ended_after=T0, poll_interval=30, max_poll_failures=0), id="next end"),
]


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_is_the_same_after_travelling_as_json(plan: WaitPlan) -> None:
    assert WaitPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_a_wait_goes_on_elsewhere_from_its_plan() -> None:
    first = Story(whole_job("new", 60, HOUR), known=())
    first.look()
    first.clock.advance(120)
    first.look()
    travelled = json.loads(json.dumps(first.wait.plan.to_dict()))
    resumed = JobWait(WaitPlan.from_dict(travelled), first.client)
    assert resumed.plan.job_id == "new"
    first.clock.advance(HOUR)
    assert resumed.poll().state == ENDED


@pytest.mark.parametrize(
    "plan, words",
    [
        ({"job_id": "j"}, "Waiting for job j to end; fails at 06:05 UTC."),
        ({"known": ()}, "Waiting for the portal's worker to begin the harvest; fails at 04:05 UTC."),
        ({"ended_after": T0}, f"Waiting for the next job of source {SOURCE_ID} to end; fails at 04:05 UTC."),
        (
            {"after": T0 - 120},
            f"Waiting for a job of source {SOURCE_ID} that began at 02:03 UTC or later; fails at 04:05 UTC.",
        ),
        (
            {"known": (), "deadline": None, "start_deadline": None},
            "Waiting for the portal's worker to begin the harvest.",
        ),
    ],
    ids=["a job", "known ids", "next end", "after", "without an end"],
)
def test_what_a_wait_is_for_in_a_line(plan: dict[str, Any], words: str) -> None:
    base = WaitPlan(SOURCE_ID, "started", start_deadline=T0 + 2 * HOUR, deadline=T0 + 4 * HOUR)
    assert describe_wait(replace(base, **plan), T0) == words


@pytest.mark.parametrize(
    "how, states",
    [("started", {ENDED}), ("attached", {ENDED}), ("waited", {ENDED}), ("blocked", {ENDED, STALLED, GONE})],
)
def test_only_a_job_that_blocks_may_die_or_vanish_for_a_wait_to_be_over(how: Any, states: set[str]) -> None:
    assert set(goals(WaitPlan(SOURCE_ID, how))) == states


@pytest.mark.parametrize(
    "last, before",
    [
        pytest.param(None, None, id="none"),
        pytest.param({"status": "done", "ended": instant(T0)}, ("last", 3), id="done"),
        pytest.param({"status": "done", "ended": instant(T0), "counts": None}, ("last", None), id="not counted"),
        pytest.param({"status": "initialized"}, None, id="it runs"),
        pytest.param({"status": "failed", "ended": instant(T0)}, None, id="it failed"),
        pytest.param(
            {"id": "mine", "status": "done", "ended": instant(T0)}, None, id="it is the one that is waited for"
        ),
    ],
)
def test_what_a_result_may_be_compared_with(last: dict[str, Any] | None, before: tuple[str, int | None] | None) -> None:
    job = None if last is None else HarvestJob(**{"id": "last", "counts": ItemCounts(total=3, done=3), **last})
    assert WaitPlan(SOURCE_ID, "attached", job_id="mine").knowing(job).before == before
