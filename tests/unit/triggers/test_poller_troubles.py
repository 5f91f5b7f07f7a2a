"""The shared poll loop on a portal in trouble: who ends, who is asked, and how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestProtocolError,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal.statuses import ENDED, TIMED_OUT, UNREACHABLE
from airflow_provider_harvest.portal.waiting.shared_source_list import ListedWait
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from airflow_provider_harvest.triggers.job import ERROR
from tests.support.fake_portal.scripted import (
    T0,
    JumpingClock,
    Timeline,
    job_appears,
    job_ends,
    rate_limited,
    server_error,
    unreachable,
    whole_job,
)
from tests.support.fake_time import run_in_fake_time

if TYPE_CHECKING:
    from collections.abc import Callable
from tests.support.shared_waits import Waits, ids

MINUTE, HOUR = 60.0, 3600.0


def among_watches(waits: Waits, source_id: str, *watches: dict[str, Any]) -> dict[str, Any]:
    """Follow a wait to its end while event triggers with these arguments watch the same portal."""

    async def watch(arguments: dict[str, Any]) -> None:
        async for _ in HarvestJobEventTrigger("one", **arguments).run():
            pass

    return waits.with_others(source_id, *(watch(arguments) for arguments in watches))


async def in_trouble(begin: float, end: float, error: Any, fail: Callable[[Any], None]) -> None:
    await asyncio.sleep(begin)
    fail(error)
    await asyncio.sleep(end - begin)
    fail(None)


@pytest.mark.parametrize(
    "error, lists, polls",
    [
        pytest.param(rate_limited(900.0), 2, 0, id="429 with Retry-After"),
        pytest.param(rate_limited(None), 5, 0, id="429"),
        pytest.param(server_error(503, 900.0), 2, 0, id="503 with Retry-After"),
        # Only the list may fail: from the second time on up to three waits find out.
        pytest.param(server_error(502), 5, 4 * 3, id="502"),
        pytest.param(unreachable(), 5, 0, id="down"),
    ],
)
def test_trouble_slows_down_for_all_and_is_reported_once_to_each(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Any, lists: int, polls: int
) -> None:
    caplog.set_level("INFO", "airflow_provider_harvest")
    lives = {ident: [(0, job_appears(f"job-{ident}")), (HOUR, job_ends(f"job-{ident}"))] for ident in ids(10)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)

    async def story() -> None:
        trouble = in_trouble(630, 630 + 1500, error, waits.portal.fail)
        await asyncio.gather(trouble, *(waits.follow(ident) for ident in lives))

    run_in_fake_time(waits.clock, story())

    sent = zip(waits.client.times, waits.client.requests, strict=True)
    during = [name for at, name in sent if 630 < at - T0 < 2130]
    assert Counter(during) == Counter({"list_sources": lists, "get_job": polls})
    assert sum("Polling again; 10 failed polls in a row are allowed." in line for line in caplog.messages) == 10
    assert sum("The portal responds again" in line for line in caplog.messages) == 10


def test_a_wait_whose_time_is_over_ends_while_the_portal_wants_no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: [(0, job_appears(f"job-{ident}"))] for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", deadline=T0 + 1000)
    waits.portal.list_fault = rate_limited(3000.0)
    assert set(waits.states().values()) == {TIMED_OUT}
    assert set(waits.ended_at.values()) == {1000.0}
    assert len(waits.client.requests) == 1


def test_an_outage_that_lasts_ends_all_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: [(0, job_appears(f"job-{ident}"))] for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    waits.portal.list_fault = unreachable()
    assert set(waits.states().values()) == {UNREACHABLE}
    assert waits.client.count("list_sources") == 11


def test_a_portal_that_goes_on_refusing_to_be_read_ends_all_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: [] for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, known=())
    refusal = HarvestAuthError("No right to read this.", status_code=403, payload={"message": "no"})
    waits.portal.fail(refusal)
    events = waits.to_the_end()
    assert {(event["state"], event["error"]) for event in events.values()} == {(ERROR, "HarvestAuthError")}
    assert max(waits.ended_at.values()) <= 10 * MINUTE


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(HarvestAuthError("Blocked.", status_code=403, payload="<html>"), id="403 page"),
        pytest.param(HarvestAuthError("No.", status_code=403, payload={"message": "no"}), id="403"),
        pytest.param(HarvestRedirected("It points to a maintenance site."), id="302"),
        pytest.param(HarvestRequestRejected("Timeout.", status_code=408), id="408"),
    ],
)
def test_one_odd_answer_to_the_list_ends_no_wait(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, 20 * MINUTE) for ident in ids(10)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")

    async def story() -> list[dict[str, Any]]:
        trouble = in_trouble(630, 670, error, partial(setattr, waits.portal, "list_fault"))
        _, *events = await asyncio.gather(trouble, *(waits.follow(ident) for ident in lives))
        return events

    assert {event["state"] for event in run_in_fake_time(waits.clock, story())} == {ENDED}


def test_where_the_list_alone_fails_waits_poll_for_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, 90 * MINUTE) for ident in ids(2)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)
    waits.portal.list_fault = server_error(500)
    assert set(waits.states().values()) == {ENDED}
    reads = waits.client.times_of("list_sources")
    assert len(set(reads)) <= 90 / 10 + 5  # it is tried again ten minutes apart
    assert len(reads) == 3 * len(set(reads))  # as after each 500: two short ones find that the list is down altogether


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(server_error(500), id="500"),
        pytest.param(HarvestAuthError("Blocked.", status_code=403, payload="<html>"), id="403 page"),
        pytest.param(HarvestAuthError("No.", status_code=403, payload={"message": "no"}), id="403"),
        pytest.param(HarvestProtocolError("This is no JSON."), id="no JSON"),
    ],
)
@pytest.mark.parametrize("due", [30 * MINUTE, 10 * HOUR])
def test_a_list_that_only_a_watch_needs_fails_no_wait(monkeypatch: pytest.MonkeyPatch, error: Any, due: float) -> None:
    """The watch reads the list every minute; a wait that is not due meanwhile can read its own jobs when it is."""
    waits = Waits(monkeypatch, {"a": whole_job("job-a", due + MINUTE, 5 * MINUTE), "b": []})
    waits.plan("a", after=T0, due=T0 + due, start_deadline=T0 + due + 3 * HOUR)
    waits.portal.list_fault = error

    assert among_watches(waits, "a", {})["state"] == ENDED
    assert waits.ended_at["a"] <= due + 30 * MINUTE


def test_a_watch_that_cannot_begin_fails_the_list_for_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The jobs of one source cannot be read, which its watch begins with; the list can."""
    caplog.set_level("INFO", "airflow_provider_harvest")
    waits = Waits(monkeypatch, {"a": whole_job("job-a", 0, HOUR), "b": []})
    waits.plan("a", job_id="job-a")
    recent_jobs = waits.client.recent_jobs

    def unless_b(source_id: str, *args: Any) -> Any:
        if source_id == "b":
            raise server_error(500)
        return recent_jobs(source_id, *args)

    monkeypatch.setattr(waits.client, "recent_jobs", unless_b)

    assert among_watches(waits, "a", {}, {"source_id": "b"})["state"] == ENDED
    assert [line.rpartition(". ")[2] for line in caplog.messages if "again" in line and "later" not in line] == [
        "Polling again until it responds."
    ]


@pytest.mark.parametrize("watches", [(), ({},)], ids=["alone", "next to a watch that reads the list each minute"])
def test_a_wait_whose_own_polls_fail_is_as_patient_among_others(
    monkeypatch: pytest.MonkeyPatch, watches: tuple[dict[str, Any], ...]
) -> None:
    """Nor is its job called missing before it was read."""
    waits = Waits(monkeypatch, {"a": whole_job("job-a", 60, 60), "b": []})
    waits.plan("a", known=(), start_deadline=T0 + HOUR / 2)
    recent_jobs = waits.client.recent_jobs

    def until_an_hour_is_over(*args: Any) -> Any:
        if waits.clock.now() < T0 + HOUR:
            raise server_error(502)
        return recent_jobs(*args)

    monkeypatch.setattr(waits.client, "recent_jobs", until_an_hour_is_over)
    assert among_watches(waits, "a", *watches)["state"] == ENDED


def test_a_fault_in_one_watch_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, HOUR) for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    consider = ListedWait.consider

    def broken(wait: ListedWait, *args: Any) -> Any:
        if wait.source_id == "s001":
            raise RuntimeError("A bug.")
        return consider(wait, *args)

    monkeypatch.setattr(ListedWait, "consider", broken)
    assert waits.states() == {"s000": ENDED, "s001": ERROR, "s002": ENDED}


@pytest.mark.parametrize(
    "error", [server_error(500), HarvestAuthError("No.", status_code=403, payload={"message": "no"})]
)
def test_a_job_that_cannot_be_read_either_does_not_speak_for_the_others(
    monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, 90 * MINUTE) for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    waits.portal.list_fault = error
    next(iter(waits.portal.lives.values())).fault = server_error(500)
    assert sorted(waits.states().values()) == sorted([ENDED, ENDED, UNREACHABLE])


@pytest.mark.parametrize("jump", [3 * HOUR, -3 * HOUR])
def test_a_jump_of_the_triggerers_clock_delays_no_poll(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """The list does not show a job that runs behind a newer one, so it is polled at its own time."""
    life = [(0, job_appears("mine")), (60, job_appears("newer")), (20 * MINUTE, job_ends("mine"))]
    waits = Waits(monkeypatch, {"a": life, "b": []}).plan("a", job_id="mine").plan("b", known=())
    here = JumpingClock(waits.clock, waits.clock.now() + 10 * MINUTE, jump)
    monkeypatch.setattr(waits.client, "clock", here)
    monkeypatch.setattr(waits.client, "portal_now", waits.clock.now)
    assert waits.until_the_end_of("a")["state"] == ENDED
    assert waits.ended_at["a"] <= 22 * MINUTE
