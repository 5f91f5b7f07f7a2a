"""The poll loop that triggers share: what is requested from one portal, however many wait for how many of its jobs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.statuses import ENDED, GONE, NOT_STARTED, OVERRAN, STALLED, TIMED_OUT
from airflow_provider_harvest.triggers import _poller
from airflow_provider_harvest.triggers.job import ERROR
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    instant,
    items_move,
    job_appears,
    job_ends,
    job_is_purged,
    source_changes,
    source_is_purged,
    whole_job,
)
from tests.support.fake_time import run_in_fake_time

if TYPE_CHECKING:
    from collections.abc import Iterable
from tests.support.shared_waits import Waits, ids

MINUTE, HOUR = 60.0, 3600.0


# --- how much is asked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_a_hundred_waits_cost_one_request_a_round(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    end = 5 * MINUTE - 1
    lives = {ident: [(0, job_appears(f"job-{ident}")), (end, job_ends(f"job-{ident}"))] for ident in ids(100)}
    waits = Waits(monkeypatch, lives, generation)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)

    assert set(waits.states().values()) == {ENDED}

    assert waits.client.count("list_sources") == 6
    # Where the list counts no items, each running job is read once for its progress: A and B.
    assert len(waits.client.requests) == 6 + (100 if generation in "AB" else 0)


def test_a_portal_of_many_pages_costs_a_request_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: [(0, job_appears(f"job-{ident}")), (61, job_ends(f"job-{ident}"))] for ident in ids(600)}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}")
    assert set(waits.states().values()) == {ENDED}
    assert len(waits.client.requests) == 2 * 3


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
    end = 15 * MINUTE
    lives = {ident: [(0, job_appears(f"job-{ident}")), (end - 1, job_ends(f"job-{ident}"))] for ident in ids(50)}
    waits = Waits(monkeypatch, lives)

    async def late(ident: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await waits.follow(ident)

    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=MINUTE)

    async def story() -> None:
        await asyncio.gather(*(late(ident, n * 1.7) for n, ident in enumerate(lives)))

    run_in_fake_time(waits.clock, story())
    assert {round(at) for at in waits.ended_at.values()} == {end}
    assert len(waits.client.requests) <= 17


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
        pytest.param(
            [(0, job_appears("j"))], {"job_id": "j", "poll_interval": 10 * MINUTE}, STALLED, id="no first item"
        ),
        pytest.param([(0, job_appears("j")), (9, items_move("j", done=5))], {"job_id": "j"}, STALLED, id="stalls"),
        pytest.param(
            [(0, job_appears("j")), *((n * HOUR, items_move("j", done=1)) for n in range(30))],
            {"job_id": "j", "poll_interval": 10 * MINUTE},
            OVERRAN,
            id="moves forever",
        ),
        pytest.param([(0, job_appears("j")), (HOUR, job_is_purged("j"))], {"job_id": "j"}, GONE, id="purged"),
        pytest.param([(HOUR, source_changes(active=False))], {"known": ()}, GONE, id="switched off"),
        pytest.param([(HOUR, source_changes(deleted=instant(T0)))], {"known": ()}, GONE, id="deleted"),
        pytest.param([(HOUR, source_is_purged)], {"known": ()}, GONE, id="purged, source and all"),
        pytest.param([(0, job_appears("j")), (90, job_ends("j", "failed"))], {"known": ()}, ENDED, id="failed"),
    ],
)
@pytest.mark.parametrize("generation", ["A", "D"])
def test_it_ends_as_it_would_alone(
    monkeypatch: pytest.MonkeyPatch, life: Timeline, plan: dict[str, Any], state: str, generation: str
) -> None:
    """The others' jobs move on and on, so that the list is read to the end."""
    others: dict[str, Timeline] = {
        ident: [(0, job_appears(f"job-{ident}")), *((n * HOUR, items_move(f"job-{ident}", done=1)) for n in range(30))]
        for ident in ids(3)
    }
    waits = Waits(monkeypatch, {"mine": life, **others}, generation).plan("mine", **plan)
    for ident in others:
        pace = {"poll_interval": plan["poll_interval"]} if "poll_interval" in plan else {}
        waits.plan(ident, job_id=f"job-{ident}", deadline=T0 + 30 * HOUR, **pace)
    assert waits.until_the_end_of("mine")["state"] == state
    at_most = {GONE: HOUR + 3 * MINUTE, STALLED: 7 * HOUR, OVERRAN: 24 * HOUR + 20 * MINUTE}
    assert waits.ended_at["mine"] <= at_most.get(state, waits.ended_at["mine"])


def test_a_job_that_moves_is_not_called_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    def life(job_id: str) -> Timeline:
        moves = [(n * HOUR, items_move(job_id, done=1)) for n in range(20)]
        return [(0, job_appears(job_id)), *moves, (20 * HOUR, job_ends(job_id))]

    lives = {"a": life("job-a"), "b": life("job-b")}
    waits = Waits(monkeypatch, lives)
    for ident in lives:
        waits.plan(ident, job_id=f"job-{ident}", poll_interval=5 * MINUTE)
    assert waits.states() == {"a": ENDED, "b": ENDED}


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


def test_a_client_that_cannot_be_made_is_reported_to_everybody_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
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
