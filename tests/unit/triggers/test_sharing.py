"""What connections, watches and triggerers of one portal share: its poller, its pauses, its reads and its budget."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.statuses import ENDED, WAITING
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan
from airflow_provider_harvest.triggers import event as triggers_event
from airflow_provider_harvest.triggers import job as triggers_job
from airflow_provider_harvest.triggers._poller import PortalPoller
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from airflow_provider_harvest.triggers.job import HarvestJobTrigger
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import (
    T0,
    FakeClock,
    ScriptedPortal,
    Timeline,
    job_appears,
    job_ends,
    rate_limited,
    whole_job,
)
from tests.support.fake_portal.state import Response
from tests.support.fake_time import run_in_fake_time
from tests.support.portal_connections import SharedClient

if TYPE_CHECKING:
    from collections.abc import Coroutine

MINUTE, HOUR = 60.0, 3600.0
ONE = ConnectionSettings(site=SITE)


class Deployment:
    """A portal, the connections that lead to it, and triggers that use them on the event loops of triggerers."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, lives: dict[str, Timeline], **connections: ConnectionSettings
    ) -> None:
        self.clock = FakeClock()
        self.portal = ScriptedPortal(self.clock, lives)
        self.client = SharedClient(self.portal)
        self.reported: list[str] = []
        self.states: list[str] = []

        async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
            return connections[hook.harvest_conn_id]

        monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
        for module in (triggers_job, triggers_event):
            monkeypatch.setattr(module, "reading_client", self.client.connect)

    async def wait(self, connection: str, source_id: str, **plan: Any) -> None:
        trigger = HarvestJobTrigger(connection, WaitPlan(source_id, "started", begun=T0, **plan).to_dict())
        async for event in trigger.run():
            self.states.append(event.payload["state"])

    async def watch(self, connection: str, **arguments: Any) -> None:
        trigger = HarvestJobEventTrigger(connection, **arguments)
        trigger.asset_state_store = None
        async for event in trigger.run():
            self.reported.append(event.payload["job_id"])

    def run(self, seconds: float, *stories: Coroutine[Any, Any, None]) -> None:
        async def all_of_them() -> None:
            tasks = [asyncio.ensure_future(story) for story in stories]
            await asyncio.wait(tasks, timeout=seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        run_in_fake_time(self.clock, all_of_them())


def running(*sources: str, until: float = HOUR - 1) -> dict[str, Timeline]:
    return {ident: [(0, job_appears(f"job-{ident}")), (until, job_ends(f"job-{ident}"))] for ident in sources}


DIFFERENT = {
    "timeout": replace(ONE, timeout=5.0),
    "pages of sources": replace(ONE, source_page="https://admin.example/{source_id}"),
    "pages of jobs": replace(ONE, job_page="https://admin.example/{job_id}"),
    "interval": replace(ONE, min_poll_interval=45.0),
    "key": replace(ONE, api_key="other"),
}


@pytest.mark.parametrize("other", DIFFERENT.values(), ids=DIFFERENT)
def test_a_portal_is_the_same_by_its_address_and_how_it_is_reached(
    monkeypatch: pytest.MonkeyPatch, other: ConnectionSettings
) -> None:
    deployment = Deployment(monkeypatch, running("a", "b", "c", "d"), one=ONE, other=other)
    deployment.run(
        2 * HOUR,
        *(
            deployment.wait(connection, ident, job_id=f"job-{ident}")
            for connection, ident in zip(["one", "other"] * 2, "abcd", strict=True)
        ),
    )
    assert deployment.states == [ENDED] * 4
    assert deployment.client.connections == 1
    assert deployment.client.count("list_sources") <= 61


def test_a_pause_that_the_portal_asks_of_one_connection_holds_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment(monkeypatch, running("a", "b"), one=ONE, other=replace(ONE, timeout=5.0))
    deployment.portal.lives["a"].fault = rate_limited(1800.0)
    deployment.run(1700, deployment.wait("one", "a", job_id="job-a"), deployment.wait("other", "b", job_id="job-b"))
    # What was on its way when the first response came, and nothing more.
    assert len(deployment.client.requests) <= 2


def test_a_pause_that_the_portal_requests_of_a_single_poll_holds_for_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployment = Deployment(monkeypatch, running("a", "b"), one=ONE)
    deployment.portal.lives["a"].fault = rate_limited(1800.0)

    async def later() -> None:
        await asyncio.sleep(100)
        await deployment.wait("one", "b", job_id="job-b")

    deployment.run(1700, deployment.wait("one", "a", job_id="job-a"), later())
    assert len(deployment.client.requests) == 1


def test_what_three_watches_want_to_know_of_a_harvest_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: whole_job(f"job-{ident}", 1000 + 200 * n) for n, ident in enumerate("abcdef")}
    deployment = Deployment(monkeypatch, lives, one=ONE)
    deployment.run(
        HOUR,
        deployment.watch("one"),
        deployment.watch("one", condition="success"),
        deployment.watch("one", condition="failure"),
    )
    assert sorted(deployment.reported) == sorted(2 * [f"job-{ident}" for ident in lives])
    # Its source's jobs when it appears and when it has ended, and the job: no more than a single watch asks.
    assert deployment.client.count("get_job") == len(lives)
    assert deployment.client.count("list_jobs") <= 2 * len(lives)


@pytest.mark.parametrize("triggerers", [1, 2])
def test_a_deployment_keeps_to_the_requests_an_hour_that_its_connection_names(
    monkeypatch: pytest.MonkeyPatch, triggerers: int
) -> None:
    """Each triggerer has a poll loop of its own, and no way to talk to the others: they divide what is allowed."""
    settings = replace(ONE, requests_per_hour=60, triggerers=triggerers)
    lives = running(*(f"s{number}" for number in range(8)), until=3 * HOUR)
    sent = 0
    for _ in range(triggerers):
        deployment = Deployment(monkeypatch, lives, one=settings)
        waits = [deployment.wait("one", ident, job_id=f"job-{ident}", poll_interval=30.0) for ident in lives]
        deployment.run(2 * HOUR, *waits)
        sent += len(deployment.client.requests)
    assert 60 <= sent <= 2 * 60 + 10 * triggerers


def test_an_allowance_holds_as_long_as_its_connection_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {**running("a", until=10 * MINUTE), **running("b", until=2 * HOUR)}
    deployment = Deployment(monkeypatch, lives, one=ONE, few=replace(ONE, requests_per_hour=6))
    few = deployment.wait("few", "a", job_id="job-a", poll_interval=30.0)
    deployment.run(HOUR, few, deployment.wait("one", "b", job_id="job-b", poll_interval=30.0))
    assert deployment.states == [ENDED]
    times = [at - T0 for at in deployment.client.times]
    assert sum(at < 10 * MINUTE for at in times) <= 3
    assert sum(at >= 40 * MINUTE for at in times) >= 39


def test_who_comes_when_another_has_left_gets_the_same_poller(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {**running("a", until=10 * MINUTE), **running("b", "c")}
    deployment = Deployment(monkeypatch, lives, one=ONE)

    async def later() -> None:
        await asyncio.sleep(20 * MINUTE)
        await deployment.wait("one", "c", job_id="job-c")

    waits = [deployment.wait("one", ident, job_id=f"job-{ident}") for ident in "ab"]
    deployment.run(2 * HOUR, *waits, later())
    assert (deployment.states, deployment.client.connections) == ([ENDED] * 3, 1)


def test_what_a_search_for_a_broken_source_sends_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list fails as long as the organization of a source that is gone is requested."""
    settings = replace(ONE, requests_per_hour=60)
    deployment = Deployment(monkeypatch, {f"s{number}": [] for number in range(40)}, one=settings)
    broken = _failing_at(deployment.client, 7)
    monkeypatch.setattr(deployment.client, "answer", broken)
    deployment.run(HOUR, deployment.watch("one", poll_interval=30.0))
    assert 40 <= len(deployment.client.requests) <= 60 + 40  # the first search comes at once


def _failing_at(client: SharedClient, place: int) -> Any:
    """Return the answers of a portal whose list of sources fails if it includes the owner of that one."""
    answer = client.answer

    def answering(name: str, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Response:
        page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
        if name == "list_sources" and (page - 1) * size <= place < page * size:
            return Response(500, {"message": "Internal Server Error"}, {})
        return answer(name, method, path, query, body, key)

    return answering


class Idle:
    """A watch that wants nothing."""

    source_id = "s"
    needs_list = gains_by_list = needs_owners = False
    interval = MINUTE

    def wants_counters(self) -> bool:
        return False

    def consider(self, sources: Any, asked_at: float) -> Poll:
        return Poll(WAITING, MINUTE)

    def poll(self) -> Poll:
        return Poll(WAITING, MINUTE)

    fail = pass_time = poll


@pytest.mark.parametrize("turns", range(8))
def test_the_last_one_out_ends_the_loop_in_whatever_moment_it_is_woken(turns: int) -> None:
    """Before Python 3.12 ``asyncio.wait_for`` swallows a cancellation that comes as what it waits for is done."""
    clock = FakeClock()

    async def story() -> None:
        poller = PortalPoller(SITE, lambda: SharedClient(ScriptedPortal(clock, {"s": []})))
        poller.guests = 1
        await poller.reads
        seat = poller.seat(Idle())  # type: ignore[arg-type]
        await asyncio.sleep(MINUTE / 2)
        poller._woken.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        poller.guests = 0
        await asyncio.wait_for(poller.leave(seat), 10)

    run_in_fake_time(clock, story())
