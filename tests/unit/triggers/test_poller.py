"""The poll loop that triggers share: what is requested from one portal, however many wait for how many of its jobs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
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
from airflow_provider_harvest.portal.statuses import ENDED, GONE, NOT_STARTED, OVERRAN, STALLED, TIMED_OUT, UNREACHABLE
from airflow_provider_harvest.portal.waiting.plan import WaitPlan
from airflow_provider_harvest.triggers import _poller
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from airflow_provider_harvest.triggers.job import ERROR, HarvestJobTrigger
from tests.support.fake_time import run_in_fake_time, without_threads
from tests.support.portal_connections import SharedClient, at_portal
from tests.support.scripted_portal import (
    T0,
    FakeClock,
    JumpingClock,
    ScriptedPortal,
    Timeline,
    items_move,
    job_appears,
    job_ends,
    job_is_purged,
    rate_limited,
    server_error,
    source_changes,
    unreachable,
    whole_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MINUTE, HOUR = 60.0, 3600.0


class Waits:
    """Deferred waits on one portal, which run on one event loop as in a triggerer.

    :param lives: for each source its timeline; a wait for each is planned by ``plan``.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, lives: dict[str, Timeline], generation: str = "D", others: int = 0
    ) -> None:
        self.clock = FakeClock()
        self.portal = ScriptedPortal(self.clock, lives, generation=generation, others=others)
        self.client = SharedClient(self.portal)
        at_portal(monkeypatch, {"one": self.client})
        without_threads(monkeypatch)
        self.triggers: dict[str, HarvestJobTrigger] = {}
        self.ended_at: dict[str, float] = {}

    def plan(self, source_id: str, **plan: Any) -> Waits:
        settings: dict[str, Any] = {"begun": T0, **plan}
        self.triggers[source_id] = HarvestJobTrigger("one", WaitPlan(source_id, "started", **settings).to_dict())
        return self

    async def follow(self, source_id: str) -> dict[str, Any]:
        async for event in self.triggers[source_id].run():
            self.ended_at[source_id] = self.clock.now() - T0
            return dict(event.payload)
        raise AssertionError("no event")

    def to_the_end(self) -> dict[str, dict[str, Any]]:
        """Run all of them; return the event of each."""

        async def story() -> list[dict[str, Any]]:
            return await asyncio.gather(*(self.follow(ident) for ident in self.triggers))

        return dict(zip(self.triggers, run_in_fake_time(self.clock, story()), strict=True))

    def until_the_end_of(self, source_id: str) -> dict[str, Any]:
        """Run all of them until one ends; return its event."""

        async def story() -> dict[str, Any]:
            others = [asyncio.ensure_future(self.follow(ident)) for ident in self.triggers if ident != source_id]
            event = await self.follow(source_id)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            return event

        event: dict[str, Any] = run_in_fake_time(self.clock, story())
        return event

    def states(self) -> dict[str, str]:
        return {ident: event["state"] for ident, event in self.to_the_end().items()}


def ids(count: int) -> list[str]:
    return [f"s{number:03}" for number in range(count)]


# --- how much is asked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_a_hundred_waits_cost_one_request_a_round(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    lives = {ident: [(0, job_appears(f"job-{ident}")), (HOUR - 1, job_ends(f"job-{ident}"))] for ident in ids(100)}
    waits = Waits(monkeypatch, lives, generation)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)

    assert set(waits.states().values()) == {ENDED}

    assert waits.client.count("list_sources") == 61
    # Where the list counts no items, each running job is read once for its progress: A and B.
    assert len(waits.client.requests) == 61 + (100 if generation in "AB" else 0)


def test_a_portal_of_many_pages_costs_a_request_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: [(0, job_appears(f"job-{ident}")), (301, job_ends(f"job-{ident}"))] for ident in ids(600)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    assert set(waits.states().values()) == {ENDED}
    assert len(waits.client.requests) == 2 * 7


def test_few_waits_on_a_large_portal_read_their_jobs_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, HOUR) for ident in ids(3)}
    waits = Waits(monkeypatch, lives, others=5000)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    assert set(waits.states().values()) == {ENDED}
    assert waits.client.count("list_sources") == 11  # the first time, when nobody knew how large it is
    assert waits.client.count("get_job") == 3 * 60


def test_one_wait_reads_its_source_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch, {"a": whole_job("job", 600), "b": []}).plan("a", known=())
    assert waits.states() == {"a": ENDED}
    assert waits.client.count("list_sources") == 0


def test_the_shortest_interval_sets_the_pace_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: [(0, job_appears(f"job-{ident}")), (HOUR - 1, job_ends(f"job-{ident}"))] for ident in ids(4)}
    waits = Waits(monkeypatch, lives)
    for ident, interval in zip(lives, (300.0, 300.0, 30.0, 30.0), strict=True):
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=interval)
    waits.states()
    assert waits.client.count("list_sources") == 121


def test_those_who_come_later_are_in_time_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: [(0, job_appears(f"job-{ident}")), (HOUR - 1, job_ends(f"job-{ident}"))] for ident in ids(50)}
    waits = Waits(monkeypatch, lives)

    async def late(ident: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await waits.follow(ident)

    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)

    async def story() -> None:
        await asyncio.gather(*(late(ident, n * 1.7) for n, ident in enumerate(lives)))

    run_in_fake_time(waits.clock, story())
    assert {round(at) for at in waits.ended_at.values()} == {HOUR}
    assert len(waits.client.requests) <= 62


# --- what the list does not show is polled ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param({"known": ("old",), "start_deadline": T0 + 2 * HOUR}, id="known ids"),
        pytest.param({"after": T0}, id="begun after"),
        pytest.param({"ended_after": T0}, id="next to end"),
    ],
)
@pytest.mark.parametrize("generation", ["A", "D"])
def test_a_job_that_appears_is_found_and_followed(
    monkeypatch: pytest.MonkeyPatch, plan: dict[str, Any], generation: str
) -> None:
    lives = {ident: [*whole_job("old", -HOUR), *whole_job(f"job-{ident}", 1000, 500)] for ident in ids(20)}
    waits = Waits(monkeypatch, lives, generation)
    for ident in lives:
        waits.plan(ident, **plan)
    events = waits.to_the_end()
    assert {event["state"] for event in events.values()} == {ENDED}
    # The next job to end is named by its end; the others as soon as it is there.
    assert [event["plan"]["job_id"] for event in events.values()] == [f"job-{ident}" for ident in lives]
    assert set(waits.ended_at.values()) == {1500.0}
    # At most one at the beginning, one when it appears and one when it ends.
    assert waits.client.count("list_jobs") <= 3 * 20


def test_the_oldest_of_two_new_jobs_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    life = [*whole_job("old", -HOUR), *whole_job("mine", 70, 20), *whole_job("another", 95, 500)]
    waits = Waits(monkeypatch, {"a": life, "b": []}).plan("a", known=("old",)).plan("b", known=(), deadline=T0 + HOUR)
    assert waits.to_the_end()["a"]["plan"]["job_id"] == "mine"


def test_a_job_that_runs_behind_a_newer_one_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    life = [(0, job_appears("mine")), (100, job_appears("newer")), (1000, job_ends("mine"))]
    waits = Waits(monkeypatch, {"a": life, "b": [], "c": []}).plan("a", job_id="mine")
    waits.plan("b", known=(), deadline=T0 + 2 * HOUR).plan("c", known=(), deadline=T0 + 2 * HOUR)
    assert waits.to_the_end()["a"]["state"] == ENDED
    assert waits.ended_at["a"] == 1020.0


def test_the_next_to_end_may_run_behind_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    life = [(-100, job_appears("behind")), (-50, job_appears("newer")), (1000, job_ends("behind"))]
    waits = Waits(monkeypatch, {"a": life, "b": []}).plan("a", ended_after=T0)
    waits.plan("b", known=(), deadline=T0 + 2 * HOUR)
    assert waits.to_the_end()["a"]["plan"]["job_id"] == "behind"


@pytest.mark.parametrize(
    "life, plan, state",
    [
        pytest.param([], {"known": (), "start_deadline": T0 + HOUR}, NOT_STARTED, id="no job appears"),
        pytest.param([(0, job_appears("j"))], {"job_id": "j", "deadline": T0 + HOUR}, TIMED_OUT, id="time is over"),
        pytest.param([(0, job_appears("j"))], {"job_id": "j"}, STALLED, id="no first item"),
        pytest.param([(0, job_appears("j")), (9, items_move("j", done=5))], {"job_id": "j"}, STALLED, id="stalls"),
        pytest.param(
            [(0, job_appears("j")), *((n * HOUR, items_move("j", done=1)) for n in range(30))],
            {"job_id": "j", "poll_interval": 10 * MINUTE},
            OVERRAN,
            id="moves forever",
        ),
        pytest.param([(0, job_appears("j")), (HOUR, job_is_purged("j"))], {"job_id": "j"}, GONE, id="purged"),
        pytest.param([(HOUR, source_changes(active=False))], {"known": ()}, GONE, id="switched off"),
        pytest.param([(0, job_appears("j")), (90, job_ends("j", "failed"))], {"known": ()}, ENDED, id="failed"),
    ],
)
@pytest.mark.parametrize("generation", ["A", "D"])
def test_it_ends_as_it_would_alone(
    monkeypatch: pytest.MonkeyPatch, life: Timeline, plan: dict[str, Any], state: str, generation: str
) -> None:
    others: dict[str, Timeline] = {ident: [(0, job_appears(f"job-{ident}"))] for ident in ids(3)}
    waits = Waits(monkeypatch, {"mine": life, **others}, generation).plan("mine", **plan)
    for ident in others:
        pace = {"poll_interval": plan["poll_interval"]} if "poll_interval" in plan else {}
        waits.plan(ident, job_id=f"job-{ident}", deadline=T0 + 30 * HOUR, **pace)
    assert waits.until_the_end_of("mine")["state"] == state


def test_a_job_that_moves_is_not_called_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    def life(job_id: str) -> Timeline:
        moves = [(n * HOUR, items_move(job_id, done=1)) for n in range(20)]
        return [(0, job_appears(job_id)), *moves, (20 * HOUR, job_ends(job_id))]

    lives = {"a": life("job-a"), "b": life("job-b")}
    waits = Waits(monkeypatch, lives).plan("a", job_id="job-a").plan("b", job_id="job-b")
    assert waits.states() == {"a": ENDED, "b": ENDED}


# --- a portal in trouble ---------------------------------------------------------------------------------------------


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
def test_trouble_slows_down_for_all_and_is_told_once_to_each(
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
    lives = {ident: whole_job(f"job-{ident}", 0, HOUR) for ident in ids(50)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")

    async def story() -> list[dict[str, Any]]:
        trouble = in_trouble(630, 670, error, partial(setattr, waits.portal, "list_fault"))
        _, *events = await asyncio.gather(trouble, *(waits.follow(ident) for ident in lives))
        return events

    assert {event["state"] for event in run_in_fake_time(waits.clock, story())} == {ENDED}


def test_where_the_list_alone_fails_waits_look_for_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
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

    async def watch() -> None:
        async for _ in HarvestJobEventTrigger("one").run():
            pass

    async def story() -> dict[str, Any]:
        watching = asyncio.ensure_future(watch())
        try:
            return await waits.follow("a")
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    assert run_in_fake_time(waits.clock, story())["state"] == ENDED
    assert waits.ended_at["a"] <= due + 30 * MINUTE


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


# --- coming and going ------------------------------------------------------------------------------------------------


def test_the_last_one_out_closes_the_client_and_the_next_one_opens_another(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0) for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")

    async def story() -> None:
        await asyncio.gather(*(waits.follow(ident) for ident in list(lives)[:2]))
        assert (waits.client.connections, waits.client.was_closed) == (1, True)
        await waits.follow(list(lives)[2])

    run_in_fake_time(waits.clock, story())
    assert (waits.client.connections, waits.client.was_closed) == (2, True)


def test_one_who_leaves_does_not_end_the_others_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0, HOUR) for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")

    async def story() -> list[dict[str, Any]]:
        leaving, *staying = [asyncio.ensure_future(waits.follow(ident)) for ident in lives]
        await asyncio.sleep(600)
        leaving.cancel()
        return await asyncio.gather(*staying)

    assert [event["state"] for event in run_in_fake_time(waits.clock, story())] == [ENDED, ENDED]


def test_each_event_loop_has_a_poller_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """``dag.test()`` runs each trigger on a loop of its own."""
    lives = {ident: whole_job(f"job-{ident}", 0) for ident in ids(2)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
        run_in_fake_time(waits.clock, waits.follow(ident))
    assert waits.client.connections == 2


def test_a_client_that_cannot_be_made_is_told_to_everybody_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 0) for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    connect = waits.client.connect

    def refuse(settings: Any) -> Any:
        raise OSError("no file descriptors left")

    monkeypatch.setattr(waits.client, "connect", refuse)
    assert {event["detail"] for event in waits.to_the_end().values()} == {"no file descriptors left"}
    monkeypatch.setattr(waits.client, "connect", connect)
    assert set(waits.states().values()) == {ENDED}


def test_nothing_is_left_of_a_poller_whose_last_guest_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch, {"a": whole_job("job", 0)}).plan("a", job_id="job")
    left: list[Any] = []

    async def story() -> None:
        await waits.follow("a")
        left.append(dict(_poller._pollers[asyncio.get_running_loop()]))

    run_in_fake_time(waits.clock, story())
    assert left == [{}]


def test_an_error_of_our_own_reaches_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: [] for ident in ids(3)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, known=())

    def broken(**kwargs: Any) -> Iterable[Any]:
        raise RuntimeError("bug")

    monkeypatch.setattr(waits.client, "iter_last_jobs", broken)
    assert {(event["state"], event["detail"]) for event in waits.to_the_end().values()} == {(ERROR, "bug")}


def test_each_wait_logs_in_the_context_of_its_own_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow distinguishes the log lines of triggers by a context variable."""
    task: contextvars.ContextVar[str] = contextvars.ContextVar("task", default="nobody's")
    lines: list[tuple[str, str]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((task.get(), record.getMessage()))

    handler, logger = Handler(), logging.getLogger("airflow_provider_harvest")
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.addHandler(handler)
    lives = {ident: [*whole_job("old", -HOUR), *whole_job(f"job-{ident}", 100)] for ident in ids(3)}
    waits = Waits(monkeypatch, lives)

    async def follow(ident: str) -> None:
        task.set(ident)
        await waits.follow(ident)

    async def story() -> None:
        await asyncio.gather(*(asyncio.create_task(follow(ident)) for ident in lives))

    for ident in lives:
        waits.plan(ident, known=("old",))
    try:
        run_in_fake_time(waits.clock, story())
    finally:
        logger.removeHandler(handler)
    found = {
        (ident, f"Found job job-{ident}: https://portal.example/api/1/harvest/job/job-{ident}/") for ident in lives
    }
    assert {line for line in lines if line[1].startswith("Found")} == found
    assert {ident for ident, _ in lines} == set(lives)
