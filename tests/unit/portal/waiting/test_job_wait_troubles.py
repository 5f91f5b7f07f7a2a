"""Waiting while the portal fails, or while what is waited for goes away: stories that begin at 2026-03-02 02:05 UTC."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal.models import HarvestValidation
from airflow_provider_harvest.portal.statuses import ENDED, GONE, TIMED_OUT, UNREACHABLE
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    fails_with,
    instant,
    job_appears,
    job_is_purged,
    not_found,
    outage,
    rate_limited,
    recovers,
    server_error,
    source_changes,
    source_is_purged,
    unreachable,
    whole_job,
)
from tests.support.wait_story import HOUR, MINUTE, Story

# --- the portal fails ------------------------------------------------------------------------------------------


def test_an_outage_within_the_budget_is_reported_once_and_so_is_its_end() -> None:
    story = Story([*whole_job("new", 60, HOUR), *outage(600, 2000)], known=())
    assert story.to_the_end().state == ENDED
    told = [line for line in story.lines if "again" in line]
    assert told == [
        f"{unreachable()} Polling again; 10 failed polls in a row are allowed.",
        "The portal responds again, after 5 failed polls.",
    ]


def test_failures_in_a_row_end_the_wait_and_say_nothing_of_the_job() -> None:
    story = Story([*whole_job("new", 60, 20 * HOUR), *outage(600, 19 * HOUR)], known=())
    end = story.to_the_end()
    assert end.state == UNREACHABLE
    assert end.detail == (
        "The portal could not be read 11 times in a row; the last time: "
        "https://portal.example cannot be reached: connection refused."
    )


def test_only_failures_in_a_row_count() -> None:
    flaps = [entry for n in range(40) for entry in outage(600 + 300 * n, 600 + 300 * n + 100)]
    story = Story([*whole_job("new", 60, 4 * HOUR), *flaps], known=(), max_poll_failures=3)
    assert story.to_the_end().state == ENDED


def test_pauses_grow_while_the_portal_fails_up_to_ten_minutes() -> None:
    story = Story(outage(0, 99 * HOUR), known=())
    story.to_the_end()
    pauses = [poll.pause for poll in story.polls[:-1]]
    assert pauses == [60, 120, 240, 480, 600, 600, 600, 600, 600, 600]


def test_a_very_patient_budget_is_possible() -> None:
    story = Story(outage(0, 90 * 24 * HOUR), known=(), max_poll_failures=3000, start_deadline=None)
    assert story.to_the_end(at_most=99 * 24 * HOUR).state == UNREACHABLE


@pytest.mark.parametrize(
    "error, pause",
    [
        pytest.param(rate_limited(900), 900, id="429 that says when"),
        pytest.param(rate_limited(None), 60, id="429 that does not"),
        pytest.param(rate_limited(5), 60, id="429 that says soon"),
        pytest.param(server_error(503, 1200), 1200, id="503 that says when"),
        pytest.param(rate_limited(86400.0 * 365), HOUR, id="a year is not believed"),
    ],
)
def test_a_portal_may_say_when_to_come_back(error: HarvestError, pause: float) -> None:
    story = Story([(0, fails_with(error))], known=())
    assert story.look().pause == pause


@pytest.mark.parametrize("error", [rate_limited(3000), server_error(503, 3000)], ids=["429", "503"])
def test_a_deadline_within_a_pause_that_the_portal_wants_is_kept_without_a_request(error: HarvestError) -> None:
    story = Story([(-60, job_appears("job")), (0, fails_with(error))], job_id="job", deadline=T0 + 120)
    assert story.to_the_end().state == TIMED_OUT
    assert (story.elapsed, len(story.client.requests)) == (120, 1)


def test_a_time_to_start_within_such_a_pause_waits_for_its_end() -> None:
    """No job is called missing before the portal was asked."""
    timeline = [(0, fails_with(rate_limited(3000))), (2900, recovers), *whole_job("new", 60)]
    story = Story(timeline, known=(), start_deadline=T0 + 120)
    assert story.to_the_end().state == ENDED
    assert [round(at - T0) for at in story.client.times_of("list_jobs")] == [0, 3000]


@pytest.mark.parametrize(
    "error, has_looked",
    [(None, True), (unreachable(), False), (rate_limited(5), False), (not_found(), False)],
    ids=["answered", "unreachable", "429", "404"],
)
def test_a_poll_shows_whether_the_portal_could_be_read(error: HarvestError | None, has_looked: bool) -> None:
    story = Story([] if error is None else [(0, fails_with(error))], known=())
    assert story.look().has_looked == has_looked


def test_a_long_outage_far_from_the_expected_run_does_no_harm() -> None:
    timeline = [*outage(HOUR, 4 * HOUR), *whole_job("new", 22 * HOUR)]
    story = Story(timeline, after=T0, due=T0 + 22 * HOUR, start_deadline=T0 + 25 * HOUR)
    assert story.to_the_end().state == ENDED


def forbidden(payload: Any) -> HarvestAuthError:
    return HarvestAuthError("No right to read this.", status_code=403, payload=payload)


ODD_ANSWERS = [
    pytest.param(forbidden({"message": "no"}), 60.0, id="403"),
    pytest.param(forbidden("<html>Blocked</html>"), 60.0, id="403 page"),
    pytest.param(HarvestRedirected("It points to a maintenance site."), 60.0, id="302"),
    pytest.param(HarvestRequestRejected("Timeout.", status_code=408, payload="x"), 600.0, id="408"),
    pytest.param(HarvestRequestRejected("No.", status_code=400, payload={"message": "no"}), 60.0, id="400"),
]


@pytest.mark.parametrize("error, lasts", ODD_ANSWERS)
def test_one_odd_answer_is_not_believed(error: HarvestError, lasts: float) -> None:
    story = Story([*whole_job("new", 0, HOUR), *outage(590, 590 + lasts, error)], known=())
    assert story.to_the_end().state == ENDED


@pytest.mark.parametrize(
    "payload, after",
    [pytest.param({"message": "no"}, MINUTE, id="API"), pytest.param("<html>", 15 * MINUTE, id="page")],
)
def test_an_odd_answer_is_believed_when_it_is_seen_again(payload: Any, after: float) -> None:
    story = Story([(0, fails_with(forbidden(payload)))], known=())
    with pytest.raises(HarvestAuthError):
        story.to_the_end()
    assert story.elapsed == after


def test_what_no_poll_mends_ends_the_wait_at_once() -> None:
    with pytest.raises(HarvestInvalidInput):
        Story([(0, fails_with(HarvestInvalidInput("Not an id.")))], known=()).look()


# --- things that are gone --------------------------------------------------------------------------------------


def test_one_404_is_not_believed() -> None:
    story = Story([*whole_job("new", 0, HOUR), *outage(300, 330, not_found())], known=())
    assert story.to_the_end().state == ENDED


def test_404s_with_an_answer_between_are_not_believed() -> None:
    flaps = [*outage(300, 330, not_found()), *outage(600, 630, not_found())]
    assert Story([*whole_job("new", 0, HOUR), *flaps], known=()).to_the_end().state == ENDED


def test_a_404_at_the_time_to_start_does_not_make_the_job_missing() -> None:
    story = Story([*whole_job("new", 2 * HOUR - 50), *outage(2 * HOUR - 50, 2 * HOUR + 30, not_found())], known=())
    assert story.to_the_end().state == ENDED


def test_two_404s_with_another_failure_between_are_not_believed() -> None:
    flaps = [(300, fails_with(not_found())), (350, fails_with(server_error(503))), (400, fails_with(not_found()))]
    story = Story([*whole_job("new", 0, HOUR), *flaps, (450, recovers)], known=())
    assert story.to_the_end().state == ENDED


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_a_job_that_is_purged_is_gone_whatever_the_release_answers(generation: str) -> None:
    timeline = [(0, job_appears("j")), (300, job_is_purged("j"))]
    story = Story(timeline, {"generation": generation}, known=())
    end = story.to_the_end()
    assert (end.state, end.detail) == (GONE, "Job j is no longer on the portal: it was purged.")
    assert story.elapsed < 15 * MINUTE


def test_the_second_404_in_a_row_is_believed() -> None:
    story = Story([(0, job_appears("j")), (290, job_is_purged("j"))], known=())
    story.to_the_end()
    assert story.elapsed == 360


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_a_job_that_is_purged_with_its_source_is_gone(generation: str) -> None:
    timeline = [(0, job_appears("j")), (300, source_is_purged)]
    assert Story(timeline, {"generation": generation}, known=()).to_the_end().state == GONE


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_a_source_that_is_purged_before_a_job_appears_is_gone(generation: str) -> None:
    story = Story([(300, source_is_purged)], {"generation": generation}, known=())
    end = story.to_the_end()
    assert (end.state, end.detail) == (GONE, f"Source {SOURCE_ID} is no longer on the portal: it was purged.")
    assert story.elapsed < 20 * MINUTE


def test_a_500_on_a_job_that_is_listed_is_an_outage() -> None:
    """The portal fails on single jobs, and returns its list."""
    story = Story([(0, job_appears("j"))], {"generation": "C"}, known=())
    story.look()
    story.client.peek_job = lambda job_id, **_: (_ for _ in ()).throw(server_error(500))  # type: ignore[method-assign]
    assert story.to_the_end().state == UNREACHABLE


def test_only_a_500_can_mean_that_the_job_is_unknown() -> None:
    story = Story([(0, job_appears("j")), (30, job_is_purged("j"))], {"generation": "C"}, known=())
    story.look()
    story.client.peek_job = lambda job_id, **_: (_ for _ in ()).throw(server_error(503))  # type: ignore[method-assign]
    assert story.to_the_end().state == UNREACHABLE


@pytest.mark.parametrize(
    "change, words",
    [
        pytest.param({"deleted": instant(T0)}, "was deleted on 2026-03-02", id="deleted"),
        pytest.param({"active": False}, "is inactive", id="switched off"),
        pytest.param(
            {"deleted": instant(T0), "validation": HarvestValidation("pending")},
            "was deleted on 2026-03-02",
            id="deleted before it was accepted",
        ),
        pytest.param(
            {"validation": HarvestValidation("refused", comment="broken")}, "was refused by the portal's team (broken)",
            id="refused",
        ),
    ],
)  # fmt: skip
def test_a_source_that_can_no_longer_be_harvested_ends_the_wait_for_a_start(change: dict[str, Any], words: str) -> None:
    story = Story([(300, source_changes(**change))], known=())
    end = story.to_the_end()
    assert end.state == GONE
    assert words in end.detail
    assert story.elapsed <= 20 * MINUTE


def test_a_source_that_is_still_to_be_accepted_is_waited_for() -> None:
    timeline = [(0, source_changes(validation=HarvestValidation("pending"))), *whole_job("first", 90 * MINUTE)]
    assert Story(timeline, known=()).to_the_end().state == ENDED


def test_deleting_the_source_does_not_end_the_wait_for_a_job_that_runs() -> None:
    timeline = [*whole_job("new", 0, HOUR), (300, source_changes(deleted=instant(T0 + 300)))]
    assert Story(timeline, known=()).to_the_end().state == ENDED


def test_a_web_page_is_no_proof_that_a_job_was_purged() -> None:
    """A proxy responds with 404 and a page of its own while the portal restarts: that is an outage."""
    page = HarvestNotFound("It responded with 404 (a web page).", status_code=404, payload="<html>404 nginx</html>")
    story = Story([*whole_job("new", 60, HOUR), *outage(600, 900, page)], known=("old",))
    assert story.to_the_end().state == ENDED
