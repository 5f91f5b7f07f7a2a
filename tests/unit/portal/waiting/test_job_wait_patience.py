"""Waiting for a portal's own run: few requests while it is far off, and no delay when it comes."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.statuses import ENDED, NOT_STARTED
from airflow_provider_harvest.portal.waiting.job_wait import FAR_OFF_INTERVAL, LEAD
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    job_appears,
    whole_job,
)
from tests.support.wait_story import HOUR, MINUTE, Story

DUE = 22 * HOUR


@pytest.mark.parametrize("interval", [30.0, 60.0])
@pytest.mark.parametrize(
    "timeline, state",
    [
        pytest.param(whole_job("run", DUE + 20 * MINUTE, 10 * MINUTE), ENDED, id="a usual run"),
        pytest.param([], NOT_STARTED, id="none until three hours later"),
    ],
)
def test_a_wait_of_22_hours_takes_less_than_300_requests(timeline: Timeline, state: str, interval: float) -> None:
    story = Story(timeline, after=T0, due=T0 + DUE, start_deadline=T0 + DUE + 3 * HOUR, poll_interval=interval)
    assert story.to_the_end().state == state
    assert len(story.client.requests) < 300


@pytest.mark.parametrize("which", ["after", "ended_after"])
def test_a_harvest_that_somebody_starts_by_hand_is_noticed_within_ten_minutes(which: str) -> None:
    began = 9 * HOUR + 100  # when no round interval has just passed
    plan: dict[str, Any] = {"due": T0 + DUE, "start_deadline": T0 + DUE + 3 * HOUR, which: T0}
    story = Story(whole_job("early", began, 60), **plan)
    assert story.to_the_end().state == ENDED
    assert story.elapsed <= began + 60 + 10 * 60


def test_a_run_that_begins_when_due_is_noticed_within_the_interval() -> None:
    story = Story(whole_job("run", DUE + 100, HOUR), after=T0, due=T0 + DUE, start_deadline=T0 + DUE + 3 * HOUR)
    while story.job_id is None:
        story.clock.sleep(story.look().pause)
    assert story.elapsed - 60 <= DUE + 100 + 60


def test_polls_become_frequent_shortly_before_the_run_is_due() -> None:
    story = Story([], after=T0, due=T0 + DUE, start_deadline=T0 + DUE + 3 * HOUR)
    assert story.look().pause == FAR_OFF_INTERVAL
    story.clock.advance(DUE - LEAD - 10)
    assert story.look().pause == 60.0
    story.clock.advance(LEAD)
    assert story.look().pause == 60.0


def test_a_running_job_is_watched_when_the_next_end_is_waited_for() -> None:
    """Although the portal's next run is far off."""
    story = Story(whole_job("running", -300, 930), ended_after=T0, due=T0 + DUE, start_deadline=None)
    assert story.to_the_end().state == ENDED
    assert story.elapsed <= 630 + 60


def test_a_dead_job_does_not_make_the_wait_for_the_next_end_costly() -> None:
    timeline = [(-5 * HOUR, job_appears("dead")), *whole_job("run", DUE + 100)]
    story = Story(timeline, ended_after=T0, due=T0 + DUE, start_deadline=None)
    assert story.to_the_end().state == ENDED
    assert story.job_id == "run"
    assert len(story.client.requests) < 300
