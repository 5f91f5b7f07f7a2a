"""A portal with many sources, each with a life of its own, and an event loop in fake time for those who poll it."""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.hooks._settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE
from airflow_provider_harvest.triggers import _cursors, _threads
from airflow_provider_harvest.triggers import event as triggers_event
from airflow_provider_harvest.triggers import job as triggers_job
from tests.support.scripted_portal import SITE, FakeClient, FakeClock, FakePortal, Timeline, listed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    import pytest

    from airflow_provider_harvest.exceptions import HarvestError
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestSource


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait for its timers: it moves the clock to the next one."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(_ImpatientSelector(clock))
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic()


class _ImpatientSelector(selectors.DefaultSelector):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:  # only a thread can continue: that is waited for
            return super().select(None)
        if timeout > 0 and any(thread.name.startswith("harvest ") for thread in threading.enumerate()):
            return super().select(0.001)  # no time passes while a portal is being asked
        if timeout > 0:
            self._clock.advance(timeout)
        return super().select(0)


class _AtOnce:
    """Imitates a thread whose call takes no time: it has ended when it has been started."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], **_: Any) -> None:
        self._target, self._args = target, args

    def start(self) -> None:
        self._target(*self._args)


def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls outside the event loop run in it; their threads are the subject of `test_threads`."""
    monkeypatch.setattr(_threads, "threading", SimpleNamespace(Thread=_AtOnce))


def run_in_fake_time(clock: FakeClock, story: Awaitable[Any]) -> Any:
    """Run a coroutine to its end, however many hours it sleeps."""
    loop = FakeTimeLoop(clock)
    try:
        return loop.run_until_complete(story)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class ManySources:
    """A client of a portal with many sources, made of one-source portals; it counts the requests of all.

    :param clock: the time of all.
    :param lives: for each source its timeline.
    :param generation: letter of the udata generation.
    :param others: how many further sources there are, which nobody watches.
    """

    def __init__(
        self, clock: FakeClock, lives: Mapping[str, Timeline], *, generation: str = "D", others: int = 0
    ) -> None:
        self.clock = clock
        self.site = SITE
        self.has_key = False
        self.dialect = Dialect(embeds_items=generation in "AB")
        self.portals = {ident: FakePortal(clock, life, generation=generation) for ident, life in lives.items()}
        for ident, portal in self.portals.items():
            portal.source = replace(portal.source, id=ident, name=f"Source {ident}")
        self._clients = {ident: FakeClient(portal) for ident, portal in self.portals.items()}
        self.others = others
        self.requests: list[tuple[float, str]] = []
        self.list_fault: HarvestError | None = None
        self.was_closed = False
        self.connections = 0
        for client in self._clients.values():
            client.requests = self.requests

    def connect(self, settings: ConnectionSettings) -> ManySources:
        """What makes the client for a poller."""
        self.connections += 1
        self.was_closed = False
        return self

    def count(self, name: str) -> int:
        """How many requests of one kind were sent."""
        return sum(1 for _, asked in self.requests if asked == name)

    # --- what a client returns -------------------------------------------------------------------------------

    def iter_last_jobs(
        self, *, counters: bool = False, owners: bool = False, on_unreadable: object = None
    ) -> Iterator[dict[str, Any]]:
        sources = [portal for portal in self.portals.values() if not portal.source_is_purged]
        for page in range(max(1, math.ceil((len(sources) + self.others) / PAGE_SIZE))):
            self.requests.append((self.clock.now(), "list"))
            if self.list_fault is not None:
                raise self.list_fault
            for portal in sources[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]:
                portal.live()
                if portal.fault is not None:
                    raise portal.fault
                if portal.source.deleted is None:
                    yield listed(portal, counters=counters, owners=owners)
        for number in range(self.others):
            yield {"id": f"other-{number}", "active": True, "last_job": None}

    def recent_jobs(self, source_id: str, page: int = 1, page_size: int = 10) -> list[HarvestJob]:
        return self._clients[source_id].recent_jobs(source_id, page, page_size)

    def iter_jobs(self, source_id: str, page_size: int = 20) -> Iterator[HarvestJob]:
        return self._clients[source_id].iter_jobs(source_id, page_size)

    def job_history(self, source_id: str, size: int = 10) -> list[HarvestJob]:
        return self._clients[source_id].job_history(source_id, size)

    def get_source(self, source_id: str, *, keyed: bool = True) -> HarvestSource:
        return self._clients[source_id].get_source(source_id, keyed=keyed)

    def peek_job(self, job_id: str, *, progress: bool = True) -> HarvestJob:
        return self._client_of(job_id).peek_job(job_id, progress=progress)

    def newest_item(self, job: HarvestJob) -> HarvestItem | None:
        return self._client_of(str(job.id)).newest_item(job)

    def iter_job_items(self, job_id: str, status: str | None = None) -> Iterator[HarvestItem]:
        return self._client_of(job_id).iter_job_items(job_id, status)

    def portal_now(self) -> float:
        return self.clock.now()

    def job_url(self, source_id: str, job_id: str) -> str:
        return f"{SITE}/api/1/harvest/job/{job_id}/"

    def source_url(self, source_id: str) -> str:
        return f"{SITE}/api/1/harvest/source/{source_id}/"

    def close(self) -> None:
        self.was_closed = True

    def _client_of(self, job_id: str) -> FakeClient:
        for ident, portal in self.portals.items():
            portal.live()
            if job_id in portal.jobs:
                return self._clients[ident]
        return next(iter(self._clients.values()))


def at_portal(monkeypatch: pytest.MonkeyPatch, portals: Mapping[str, ManySources]) -> None:
    """Let connections of these names lead to portals of many sources."""

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        return ConnectionSettings(site=f"https://{hook.harvest_conn_id}.example")

    def reading_client(settings: ConnectionSettings) -> ManySources:
        return portals[settings.site.removeprefix("https://").removesuffix(".example")].connect(settings)

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    monkeypatch.setattr(triggers_job, "reading_client", reading_client)
    monkeypatch.setattr(triggers_event, "reading_client", reading_client)
    _cursors._memory.clear()
