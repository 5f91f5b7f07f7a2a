"""Waiting for one job, as stories of a portal: each begins at 2026-03-02 02:05 UTC, and no test waits for real."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.statuses import ENDED, NOT_STARTED, OVERRAN, STALLED, TIMED_OUT, WAITING
from airflow_provider_harvest.portal.waiting.dead_jobs import why_dead
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    Timeline,
    items_move,
    job_appears,
    job_ends,
    outage,
    whole_job,
)
from tests.support.wait_story import HOUR, LIMITS, MINUTE, Story

OLD = [(-HOUR, job_appears("old")), (-HOUR + 60, job_ends("old"))]


# --- which job is mine -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plan, timeline, mine",
    [
        pytest.param(
            {"known": ("old",)}, [*OLD, *whole_job("new", 300)], "new", id="the first that was not there before"
        ),
        pytest.param({"known": ()}, whole_job("new", 300), "new", id="the first ever"),
        pytest.param(
            {"known": ("old",)},
            [*OLD, *whole_job("a", 10), *whole_job("b", 20), *whole_job("c", 30)],
            "a",
            id="the oldest of several new ones",
        ),
        pytest.param(
            {"known": ("old",)},
            [*OLD, *[entry for n in range(35) for entry in whole_job(f"n{n:02}", 1 + n, 0.5)]],
            "n00",
            id="the oldest of four pages of new ones",
        ),
        pytest.param(
            {"known": ("purged", "old")}, [*OLD, *whole_job("new", 300)], "new", id="a known one was purged meanwhile"
        ),
        pytest.param(
            {"known": ("purged-1", "purged-2")}, whole_job("new", 300), "new", id="all known ones were purged"
        ),
        pytest.param(
            {"job_id": "named"}, [*whole_job("named", -60, 600), *whole_job("new", 10)], "named", id="by its id"
        ),
        pytest.param(
            {"after": T0 - 100},
            [*whole_job("before", -200, 400), *whole_job("a", -50, 10), *whole_job("b", 0, 1)],
            "a",
            id="the oldest that began after a time, though it has ended",
        ),
        pytest.param(
            {"after": T0 - 1000},
            [entry for n in range(25) for entry in whole_job(f"n{n:02}", -1500 + 50 * n, 1)],
            "n10",
            id="the oldest that began after a time, pages back",
        ),
        pytest.param({"after": T0}, whole_job("exact", 0), "exact", id="one that began at that very time"),
        pytest.param(
            {"after": T0 - 1000, "passed_over": ("dead",)},
            [(-500, job_appears("dead")), *whole_job("next", 100)],
            "next",
            id="not one that was passed over",
        ),
        pytest.param(
            {"ended_after": T0},
            [*whole_job("ended", -600, 500), *whole_job("slow", -500, 5000), *whole_job("quick", 100, 50)],
            "quick",
            id="the first to end",
        ),
        pytest.param(
            {"ended_after": T0},
            [*whole_job("first", -600, 605), *whole_job("second", -500, 520)],
            "first",
            id="the first to end of two that ended between two polls",
        ),
        pytest.param(
            {"ended_after": T0},
            [
                *whole_job("slow", -5000, 5100),
                *[entry for n in range(15) for entry in whole_job(f"n{n:02}", -900 + 50 * n, 5000)],
            ],
            "slow",
            id="the first to end, begun pages ago",
        ),
    ],
)
def test_the_job_that_is_waited_for(plan: dict[str, Any], timeline: Timeline, mine: str) -> None:
    story = Story(timeline, **plan)
    assert story.to_the_end().state == ENDED
    assert story.job_id == mine


@pytest.mark.parametrize("skew", [-HOUR, -30.0, 0.0, 30.0, HOUR], ids=lambda skew: f"portal {skew:+.0f} s")
def test_the_times_of_a_plan_are_by_the_portals_clock(skew: float) -> None:
    timeline = [*whole_job("before", -120, 10), *whole_job("mine", 120, 10)]
    times = {"begun": T0 + skew, "after": T0 + skew, "start_deadline": T0 + skew + 200}
    story = Story(timeline, {"skew": skew}, **times)
    assert story.to_the_end().state == ENDED
    assert story.job_id == "mine"


@pytest.mark.parametrize(
    "plan",
    [{"known": ("n39",)}, {"after": T0 - 70}, {"ended_after": T0 - 70}],
    ids=["known ids", "after", "next end"],
)
def test_old_jobs_are_not_read(plan: dict[str, Any]) -> None:
    story = Story([entry for n in range(40) for entry in whole_job(f"n{n}", -6000 + 100 * n, 1)], **plan)
    story.look()
    assert story.client.count("list_jobs") == 1


def test_the_jobs_page_is_reported_as_soon_as_it_is_found() -> None:
    story = Story([*OLD, *whole_job("new", 0)], known=("old",))
    story.look()
    assert story.lines[0] == "Found job new: https://portal.example/api/1/harvest/job/new/"


def test_progress_is_reported_on_change_only() -> None:
    timeline = [
        (0, job_appears("new")),
        (100, items_move("new", done=120, failed=3)),
        (700, items_move("new", done=37)),
        (1000, job_ends("new", "done-errors")),
    ]
    story = Story(timeline, known=())
    story.to_the_end()
    assert story.lines[1:] == [
        "The portal is fetching the catalogue (initialized): 0 records",
        "Running (initialized): 123 records, 3 failed (+123, 62 a minute)",
        "Running (initialized): 160 records, 3 failed (+37, 4 a minute)",
        "Ended with errors (done-errors): 160 records, 3 failed",
    ]


def test_how_long_it_will_still_take_is_found_by_earlier_harvests() -> None:
    earlier = [entry for n in range(3) for entry in whole_job(f"n{n}", -9000 + 2000 * n, 1000)]
    timeline = [(0, job_appears("new")), (300, items_move("new", done=2)), (900, items_move("new", done=2))]
    story = Story([*earlier, *timeline, (2000, job_ends("new"))], known=("n0", "n1", "n2"))
    story.to_the_end()
    assert [line.partition(" (initialized): ")[2] for line in story.lines if "initialized" in line] == [
        "0 records (about 17 min left)",
        "2 records (+2; about 12 min left)",
        "4 records (+2; about 2 min left)",
    ]


# --- jobs that do not end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "timeline, state, at, detail",
    [
        pytest.param(
            [(0, job_appears("j"))],
            STALLED,
            6 * HOUR,
            "Job j has had no item for 6 h 1 min (allowed before the first one: 6 h).",
            id="no first item",
        ),
        pytest.param(
            [(0, job_appears("j")), (HOUR, items_move("j", done=5))],
            STALLED,
            3 * HOUR,
            "Job j has not moved for 2 h 1 min (allowed between two items: 2 h).",
            id="no further item",
        ),
        pytest.param(
            [(0, job_appears("j")), *[(n * HOUR, items_move("j", done=1)) for n in range(1, 40)]],
            OVERRAN,
            24 * HOUR,
            "Job j began on 2026-03-02 02:05 UTC and has not ended within 1 d.",
            id="moves forever",
        ),
    ],
)
def test_a_job_that_does_not_end(timeline: Timeline, state: str, at: float, detail: str) -> None:
    story = Story(timeline, known=())
    end = story.to_the_end()
    assert end.state == state
    assert at <= story.elapsed <= at + 2 * MINUTE
    assert end.detail == detail


def test_a_slow_job_is_left_alone_as_long_as_it_moves() -> None:
    moves = [(n * 110 * MINUTE, items_move("j", done=1)) for n in range(3, 12)]
    story = Story([(0, job_appears("j")), *moves, (1211 * MINUTE, job_ends("j"))], known=())
    assert story.to_the_end().state == ENDED


def test_items_are_not_read_of_a_job_that_is_seen_moving() -> None:
    moves = [(n * HOUR, items_move("j", done=1)) for n in range(1, 10)]
    story = Story([(0, job_appears("j")), *moves, (10 * HOUR, job_ends("j"))], known=())
    story.to_the_end()
    assert story.client.count("list_items") == 0


@pytest.mark.parametrize("ago, reads", [(HOUR, 0), (2 * HOUR, 0), (2 * HOUR + 1, 1)])
def test_items_are_not_read_of_a_job_that_began_lately(ago: float, reads: int) -> None:
    story = Story([(-ago, job_appears("j")), (-ago, items_move("j", done=1))])
    job = story.client.peek_job("j")
    assert bool(why_dead(story.client, job, LIMITS)) == bool(reads)
    assert story.client.count("list_items") == reads


def test_a_job_without_any_time_is_not_dead() -> None:
    assert why_dead(Story(()).client, HarvestJob("j", "initialized"), LIMITS) is None


def test_a_job_that_did_not_move_before_the_first_poll_is_dead_at_that_poll() -> None:
    story = Story([(-5 * HOUR, job_appears("j")), (-3 * HOUR, items_move("j", done=5))], job_id="j")
    assert story.look().state == STALLED


def test_a_job_that_moved_while_nobody_looked_is_not_dead() -> None:
    story = Story([(-5 * HOUR, job_appears("j")), (-HOUR, items_move("j", done=5))], job_id="j")
    assert story.look().state == WAITING


@pytest.mark.parametrize(
    "timeline, is_dead",
    [
        pytest.param([(-HOUR, job_appears("j"))], False, id="begun lately"),
        pytest.param([(-5 * HOUR, job_appears("j"))], False, id="fetching a large catalogue"),
        pytest.param([(-7 * HOUR, job_appears("j"))], True, id="never had an item"),
        pytest.param([(-7 * HOUR, job_appears("j")), (-HOUR, items_move("j", done=1))], False, id="moved lately"),
        pytest.param([(-7 * HOUR, job_appears("j")), (-3 * HOUR, items_move("j", done=1))], True, id="stood still"),
    ],
)
@pytest.mark.parametrize("skew", [0.0, 5 * HOUR], ids=["same clock", "portal 5 h ahead"])
def test_a_dead_job_is_reported_at_one_poll_by_the_portals_own_clock(
    timeline: Timeline, is_dead: bool, skew: float
) -> None:
    story = Story(timeline, {"skew": skew})
    job = story.client.peek_job("j")
    assert bool(why_dead(story.client, job, LIMITS)) == is_dead


def test_the_portals_own_dead_job_is_passed_over_for_the_next_one() -> None:
    timeline = [(-9 * HOUR, job_appears("dead")), *whole_job("next", 300)]
    story = Story(timeline, after=T0 - 10 * HOUR)
    assert story.to_the_end().state == ENDED
    assert story.job_id == "next"
    assert any(line.startswith("Passed over as dead: job dead has had no item for 9 h") for line in story.lines)


def test_the_next_job_is_seen_at_the_poll_that_passes_a_dead_one_over() -> None:
    """The time to start is over by then: what is there already must count all the same."""
    timeline = [(-9 * HOUR, job_appears("dead")), *whole_job("next", -HOUR)]
    story = Story(timeline, after=T0 - 10 * HOUR, start_deadline=T0 - 1)
    assert story.look().state == ENDED
    assert story.job_id == "next"


def test_a_wait_that_saw_only_a_dead_job_names_it() -> None:
    story = Story([(-9 * HOUR, job_appears("dead"))], after=T0 - 10 * HOUR)
    end = story.to_the_end()
    assert (end.state, end.detail) == (NOT_STARTED, "No job but the dead dead has appeared within 2 h.")


# --- deadlines -------------------------------------------------------------------------------------------------


def test_a_job_that_does_not_begin_in_time() -> None:
    story = Story(OLD, known=("old",))
    end = story.to_the_end()
    assert (end.state, end.detail) == (NOT_STARTED, "No job has appeared within 2 h.")
    assert story.elapsed == 2 * HOUR


def test_a_wait_without_a_time_to_start_goes_on() -> None:
    story = Story(whole_job("late", 20 * HOUR), known=(), start_deadline=None)
    assert story.to_the_end().state == ENDED


def test_the_time_to_start_does_not_limit_the_job() -> None:
    story = Story(whole_job("new", 2 * HOUR - 1, 3 * HOUR), known=())
    assert story.to_the_end().state == ENDED


@pytest.mark.parametrize(
    "timeline, detail",
    [
        pytest.param([], "No job has appeared within 30 min.", id="no job"),
        pytest.param([(0, job_appears("j"))], "Job j has not ended within 30 min.", id="a running job"),
        pytest.param(
            outage(1700, 9999), "No job has appeared within 30 min. The last poll of the portal failed.", id="no portal"
        ),
    ],
)
def test_the_whole_wait_has_a_deadline(timeline: Timeline, detail: str) -> None:
    story = Story(timeline, known=(), deadline=T0 + 30 * MINUTE + 10)
    end = story.to_the_end()
    assert (end.state, end.detail, story.elapsed) == (TIMED_OUT, detail, 30 * MINUTE + 10)


@pytest.mark.parametrize("deadline", ["start_deadline", "deadline"])
def test_what_ended_while_nobody_looked_counts_after_the_deadline(deadline: str) -> None:
    plan: dict[str, Any] = {deadline: T0 + HOUR}
    story = Story(whole_job("new", 60), known=(), **plan)
    story.clock.advance(10 * HOUR)
    assert story.look().state == ENDED


def test_a_portal_that_is_down_at_the_time_to_start_is_asked_again_before_a_job_is_called_missing() -> None:
    story = Story([*whole_job("new", 2 * HOUR - 60), *outage(2 * HOUR - 90, 2 * HOUR + 300)], known=())
    assert story.to_the_end().state == ENDED


def test_a_job_of_another_source_is_refused_and_not_waited_for() -> None:
    story = Story(whole_job("theirs", -60), job_id="theirs")
    story.portal.live()
    story.portal.jobs["theirs"]["source_id"] = "b" * 24
    with pytest.raises(HarvestInvalidInput, match=f"not of {SOURCE_ID}"):
        story.look()


def test_progress_is_reported_ever_more_rarely_but_a_first_failure_at_once() -> None:
    moves = [(60 + 60 * n, items_move("new", done=1)) for n in range(1, 600)]
    failure = (5 * HOUR + 30, items_move("new", failed=1))
    story = Story([(0, job_appears("new")), *moves, failure, (10 * HOUR + 90, job_ends("new"))], known=())
    assert story.to_the_end().state == ENDED
    progress = [line for line in story.lines if " record" in line]
    assert 10 < len(progress) < 40
    assert sum(", 1 failed" in line for line in progress) > 1
    assert progress[-1].startswith("Ended (done)")
