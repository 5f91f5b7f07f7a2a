"""Two versions of the package side by side: each format that travels, in each shape that was ever written."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.operators._memory_between_tries import Intent, TaskMemory
from airflow_provider_harvest.operators._task_wait import read_event
from airflow_provider_harvest.portal.statuses import ENDED
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.portal.waiting.which_job import JobLimits
from airflow_provider_harvest.triggers.job import ERROR
from tests.support.fake_portal.scripted import SOURCE_ID, T0, whole_job
from tests.support.wait_story import Story

#: The first plan that was written (6c47686), without what came later.
FIRST_PLAN = {
    "source_id": SOURCE_ID,
    "how": "started",
    "job_id": None,
    "known": ["old"],
    "after": None,
    "ended_after": None,
    "passed_over": [],
    "begun": T0,
    "start_deadline": T0 + 7200,
    "deadline": None,
    "due": None,
    "poll_interval": 60.0,
    "max_poll_failures": 10,
    "limits": {"run_timeout": 86400.0, "stall_timeout": 7200.0, "first_item_timeout": 21600.0},
}
#: From 6b9b4c6 on: what a wait for the portal's own run knows.
SECOND_PLAN = {**FIRST_PLAN, "due_again": None, "cron": "0 0 * * *", "offset": 60, "grace": 10800.0}
NEWER_PLAN = {**SECOND_PLAN, "colour": "blue", "limits": {**FIRST_PLAN["limits"], "mood": 3}}  # type: ignore[dict-item]
THINNER_PLAN = {"source_id": SOURCE_ID, "known": ["old"], "limits": None, "poll_interval": None}

PLANS = [
    pytest.param(FIRST_PLAN, {"cron": None, "limits": JobLimits()}, id="the first"),
    pytest.param(SECOND_PLAN, {"cron": "0 0 * * *", "offset": 60}, id="with the portal's cron"),
    pytest.param(NEWER_PLAN, {"cron": "0 0 * * *", "limits": JobLimits()}, id="of a newer version"),
    pytest.param(THINNER_PLAN, {"how": "waited", "poll_interval": 60.0, "limits": JobLimits()}, id="without most keys"),
]


@pytest.mark.parametrize("plan, fields", PLANS)
def test_every_plan_is_read(plan: dict[str, Any], fields: dict[str, Any]) -> None:
    read = WaitPlan.from_dict(json.loads(json.dumps(plan)))
    assert (read.source_id, read.known) == (SOURCE_ID, ("old",))
    assert {name: getattr(read, name) for name in fields} == fields


@pytest.mark.parametrize("plan, fields", PLANS)
def test_every_event_is_read(plan: dict[str, Any], fields: dict[str, Any]) -> None:
    event = {"state": ENDED, "detail": "", "plan": {**plan, "job_id": "j"}, "of a newer version": True}
    read, poll = read_event(json.loads(json.dumps(event)))
    assert (read.job_id, poll.state) == ("j", ENDED)


@pytest.mark.parametrize(
    "event, error, says",
    [
        pytest.param(None, "HarvestError", "says nothing about the harvest", id="no event"),
        pytest.param("ended", "HarvestError", "says nothing about the harvest", id="another form"),
        pytest.param({"state": ENDED}, "HarvestError", "says nothing about the harvest", id="no plan"),
        pytest.param({"state": ENDED, "plan": "j"}, "HarvestError", "says nothing about", id="no plan that is one"),
        pytest.param({"plan": FIRST_PLAN}, "HarvestError", "says nothing about the harvest", id="no state"),
        pytest.param({"state": ENDED, "plan": {"how": "x"}}, "HarvestError", "names no source", id="no source"),
        pytest.param(
            {"state": ERROR, "error": "HarvestAuthError", "detail": "No.", "plan": FIRST_PLAN},
            "HarvestAuthError",
            "No.",
            id="an error of ours",
        ),
        pytest.param(
            {"state": ERROR, "error": "HarvestNewError", "detail": "No.", "plan": FIRST_PLAN},
            "HarvestError",
            "The trigger failed: HarvestNewError: No.",
            id="an error of a newer version",
        ),
        pytest.param(
            {"state": ERROR, "error": "Any", "detail": "No.", "plan": FIRST_PLAN},
            "HarvestError",
            "The trigger failed: Any: No.",
            id="a name that is no error",
        ),
    ],
)
def test_an_event_without_an_end_is_no_success(event: Any, error: str, says: str) -> None:
    with pytest.raises(HarvestError, match=says) as raised:
        read_event(event)
    assert type(raised.value).__name__ == error


@pytest.mark.parametrize("skew", [-600.0, 0.0, 600.0])
def test_which_job_a_plan_of_the_first_version_means_does_not_depend_on_its_workers_clock(skew: float) -> None:
    """Its times were by the clock of its worker, and are taken for the portal's: its limits are off by as much."""
    story = Story([*whole_job("old", -100, 60), *whole_job("new", 50, 60)])
    times = {"begun": T0 + skew, "start_deadline": T0 + skew + 7200}
    story.wait.plan = WaitPlan.from_dict({**FIRST_PLAN, **times})
    assert (story.to_the_end().state, story.job_id) == (ENDED, "new")


def test_that_a_harvest_may_archive_travels_and_is_left_out_by_older_versions() -> None:
    plan = WaitPlan(SOURCE_ID, "blocked", may_archive=True)
    assert WaitPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert [WaitPlan.from_dict(each).may_archive for each in (FIRST_PLAN, SECOND_PLAN)] == [False, False]


def test_a_plan_without_a_source_says_so() -> None:
    with pytest.raises(HarvestError, match="names no source"):
        WaitPlan.from_dict({"how": "started"})


#: What a task remembered in the first version (6c47686), and in one to come.
FIRST_INTENT = {
    "source_id": SOURCE_ID,
    "max_tries": 2,
    "first_started": T0,
    "known": ["old"],
    "asked_at": T0 + 1,
    "job_id": None,
    "how": "started",
    "passed_over": [],
}


@pytest.mark.parametrize(
    "stored, known",
    [
        pytest.param(FIRST_INTENT, ("old",), id="the first"),
        pytest.param({**FIRST_INTENT, "is_portal_time": False, "colour": "blue"}, ("old",), id="of a newer version"),
        pytest.param({"source_id": SOURCE_ID, "max_tries": 2, "asked_at": T0 + 1}, (), id="without most keys"),
    ],
)
def test_whatever_was_remembered_that_it_asked_is_not_forgotten(stored: dict[str, Any], known: tuple[str]) -> None:
    intent = memory_of(stored).intent
    assert (intent.asked_at, intent.known, intent.source_id, intent.may_archive) == (T0 + 1, known, SOURCE_ID, False)


def memory_of(stored: dict[str, Any]) -> TaskMemory:
    ti = SimpleNamespace(max_tries=2, try_number=2, task=None)
    store = SimpleNamespace(get=lambda key: stored, set=lambda key, value: None)
    context: Any = {"ti": ti, "task_state_store": store}
    return TaskMemory(context, T0 + 60, is_portal_time=True)


def test_an_intent_for_another_source_keeps_by_which_clock_its_times_are() -> None:
    memory = memory_of({**FIRST_INTENT, "source_id": "another", "is_portal_time": True})
    memory.about(SOURCE_ID, here=T0 + 600, there=T0)
    assert (memory.intent.first_started, memory.intent.is_portal_time) == (T0 + 60, True)


def test_times_of_a_worker_are_moved_to_the_portals_clock_once() -> None:
    intent = Intent("", 2, first_started=T0, asked_at=T0 + 1)
    moved = intent.on_portal_clock(here=T0 + 5, there=T0 - 595)
    assert (moved.first_started, moved.asked_at) == (T0 - 600, T0 - 599)
    assert moved.on_portal_clock(here=T0 + 5, there=T0 - 595) == moved
