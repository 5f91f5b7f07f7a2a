"""What a request for a harvest takes for jobs of before, if the portal's list of jobs is short, or out of date."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import HarvestError, HarvestProtocolError
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.statuses import ENDED, NOT_STARTED
from airflow_provider_harvest.portal.waiting.known_jobs import CLOCK_GRACE, KnownJobs
from airflow_provider_harvest.portal.waiting.run_and_wait import OneRun
from tests.support.examples import examples
from tests.support.fake_portal.out_of_date import OutOfDate
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    ScriptedPortal,
    instant,
    job_appears,
    job_ends,
    portal_of,
    whole_job,
)
from tests.support.fake_portal.state import KEY

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0


def ended(job_id: str, ago: float, lasted: float = MINUTE) -> HarvestJob:
    """A job that began some time before the request, and has ended."""
    return HarvestJob(job_id, "done", instant(T0 - ago), instant(T0 - ago), instant(T0 - ago + lasted))


PAGE = [ended(f"j{n}", n * HOUR) for n in range(1, 11)]
JUST_BEGUN = HarvestJob("new", "initialized", instant(T0), instant(T0))


@pytest.mark.parametrize(
    "listed, last_job, ids_after, not_before",
    [
        pytest.param(PAGE[:3], PAGE[0], "j1 j2 j3", 0.0, id="all jobs, and the list was up to date"),
        pytest.param(PAGE, PAGE[0], " ".join(f"j{n}" for n in range(1, 11)), T0 - 10 * HOUR, id="the newest of many"),
        pytest.param([], None, "", 0.0, id="the first harvest ever"),
        pytest.param(PAGE[1:3], PAGE[0], "j2 j3 j1", T0 - HOUR, id="the list was out of date by one job"),
        pytest.param([], ended("j", 5 * MINUTE), "j", T0 - 5 * MINUTE, id="the list was out of date by minutes"),
        pytest.param(PAGE[:3], None, "j1 j2 j3", T0 - CLOCK_GRACE, id="the response names no job"),
        pytest.param(PAGE[:3], JUST_BEGUN, "j1 j2 j3", T0 - CLOCK_GRACE, id="the new job was quicker"),
        pytest.param(
            PAGE[:3], ended("new", 0.0, 0.1), "j1 j2 j3", T0 - CLOCK_GRACE, id="and has ended within the request"
        ),
        pytest.param(
            PAGE[:3], ended("new", 0.0, 0.5), "j1 j2 j3", T0 - CLOCK_GRACE, id="and has taken all of the request"
        ),
        pytest.param(
            [*PAGE[:9], HarvestJob("j0", "done")],
            PAGE[0],
            " ".join([*(f"j{n}" for n in range(1, 10)), "j0"]),
            T0 - 9 * HOUR,
            id="a full page with a job that has no time",
        ),
    ],
)
def test_the_response_to_a_request_shows_whether_the_list_was_up_to_date(
    listed: list[HarvestJob], last_job: HarvestJob | None, ids_after: str, not_before: float
) -> None:
    known = KnownJobs.listed(listed, T0).after_request(last_job, took=0.5)
    assert (" ".join(known.ids), known.not_before) == (ids_after, not_before)


@pytest.mark.parametrize(
    "listed, not_before",
    [(PAGE[:3], T0 - CLOCK_GRACE), (PAGE, T0 - CLOCK_GRACE), ([], T0 - CLOCK_GRACE)],
    ids=["few", "a full page", "none"],
)
def test_without_a_response_what_began_an_hour_earlier_is_old(listed: list[HarvestJob], not_before: float) -> None:
    assert KnownJobs.listed(listed, T0).not_before == not_before


def test_a_full_page_within_the_hour_leaves_out_what_began_before_it() -> None:
    many = [ended(f"j{n}", n * MINUTE, 1.0) for n in range(1, 11)]
    assert KnownJobs.listed(many, T0).not_before == T0 - 10 * MINUTE


# --- a run on a portal whose responses are out of date ---------------------------------------------------------


class RunOn:
    """A run on a portal that answers out of date."""

    def __init__(self, portal: ScriptedPortal, **out_of_date: Any) -> None:
        self.client = ScriptedClient(portal, key=KEY)
        self.cache = OutOfDate(self.client, **out_of_date)
        self.run = OneRun(self.client, self.client.get_source(SOURCE_ID), start_timeout=2 * HOUR, poll_interval=30.0)


def portal_with(jobs_ago: list[float], new_after: float | None = 5.0) -> ScriptedPortal:
    """A portal with a job begun so many seconds ago each, a minute long; and the requested one."""
    old = [entry for ago in jobs_ago for entry in whole_job(f"old-{ago:.0f}", -ago, min(MINUTE, ago / 2))]
    new = [] if new_after is None else whole_job("new", new_after)
    portal = portal_of(FakeClock(), [*old, *new])
    portal.live()
    return portal


DAYS = [n * DAY for n in range(1, 6)]
MINUTES = [n * 10 * MINUTE for n in range(1, 6)]


@pytest.mark.parametrize(
    "jobs_ago, out_of_date",
    [
        pytest.param(DAYS, {}, id="all is up to date"),
        pytest.param([], {}, id="the first harvest"),
        pytest.param(DAYS, {"lag": 2.5 * DAY, "source_lag": 2.5 * DAY}, id="list and source of two days ago"),
        pytest.param(DAYS, {"lag": 9 * DAY, "source_lag": 9 * DAY}, id="list and source from before all jobs"),
        pytest.param(MINUTES, {"lag": 25 * MINUTE, "source_lag": 25 * MINUTE}, id="list and source of minutes ago"),
        pytest.param(DAYS, {"source_lag": 2.5 * DAY}, id="an old source, an up-to-date list"),
        pytest.param(DAYS, {"lag": 2.5 * DAY, "source_lag": 2.5 * DAY, "loses": True}, id="and the response is lost"),
        pytest.param(DAYS, {"loses": True}, id="up to date, but the response is lost"),
    ],
)
def test_a_run_waits_for_its_own_job(jobs_ago: list[float], out_of_date: dict[str, Any]) -> None:
    run = RunOn(portal_with(jobs_ago), **out_of_date).run
    assert run.follow().state == ENDED
    assert run.job_id == "new"


@pytest.mark.parametrize(
    "out_of_date, why",
    [
        pytest.param({"short": 2}, "the page has 3 jobs, and 5 by its total", id="a short page"),
        pytest.param({"short": 5}, "the page has 0 jobs, and 5 by its total", id="an empty page"),
        pytest.param({"lag": 2.5 * DAY}, "job old-86400 is missing", id="a list that is older than the source"),
        pytest.param({"lag": 9 * DAY}, "job old-86400 is missing", id="a list from before all jobs"),
    ],
)
def test_nothing_is_requested_by_a_list_that_is_visibly_wrong(out_of_date: dict[str, Any], why: str) -> None:
    """It may hide a job that is running, and two harvests at once make duplicates."""
    on = RunOn(portal_with(DAYS), **out_of_date)
    with pytest.raises(HarvestProtocolError, match=why):
        on.run.follow()
    assert on.cache.requested_at is None
    assert on.client.count("list_jobs") == 2, "it is read again once: a job may have appeared meanwhile"


@pytest.mark.parametrize("behind", [10 * MINUTE, 50 * MINUTE, 3 * HOUR], ids=lambda lag: f"{lag / MINUTE:.0f} min")
def test_a_worker_whose_clock_is_behind_makes_the_jobs_of_a_healthy_portal_no_older(behind: float) -> None:
    portal = portal_with(DAYS, new_after=None)
    run = RunOn(portal).run
    run.ask()
    job_appears("new", ago=behind)(portal.life)
    job_ends("new")(portal.life)
    assert run._wait(run.plan).state == ENDED  # type: ignore[arg-type]
    assert run.job_id == "new"


@examples(150)
@given(
    jobs_ago=st.lists(st.integers(61, 5 * 24 * 60).map(lambda n: n * MINUTE), max_size=14, unique=True),
    lag=st.sampled_from([0.0, 5 * MINUTE, 2 * HOUR, 1.5 * DAY, 9 * DAY]),
    source_lag=st.sampled_from([0.0, 5 * MINUTE, 2 * HOUR, 1.5 * DAY, 9 * DAY]),
    short=st.sampled_from([0, 0, 1, 3]),
    loses=st.booleans(),
    appears=st.booleans(),
)
def test_no_old_list_turns_a_job_of_before_green(
    jobs_ago: list[float], lag: float, source_lag: float, short: int, loses: bool, appears: bool
) -> None:
    portal = portal_with(jobs_ago, 5.0 if appears else None)
    on = RunOn(portal, lag=lag, source_lag=source_lag, short=short, loses=loses)
    try:
        state = on.run.follow().state
    except HarvestError as error:
        event(type(error).__name__)
        assert on.cache.requested_at is None
        return
    event(state)
    assert (state, on.run.job_id) == ((ENDED, "new") if appears else (NOT_STARTED, None))
