"""A clock that only moves when told, and a portal whose life is scripted; for every test of waiting.

The sources of the portal live by timelines of (seconds from the start, event). Events take effect when a request comes
at or after their time, as on a real portal, where nobody sees what happens between two looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_harvest.exceptions import (
    HarvestConnectionError,
    HarvestError,
    HarvestNotFound,
    HarvestRateLimited,
    HarvestServerError,
)
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.models import HarvestItem, HarvestMessage, HarvestSource
from tests.support.fake_portal.direct_client import SITE, DirectClient
from tests.support.fake_portal.response_json import as_json
from tests.support.fake_portal.state import PortalState, Response

#: When every story begins: 2026-03-02 02:05 UTC, a Monday.
T0 = datetime(2026, 3, 2, 2, 5, tzinfo=timezone.utc).timestamp()
OWNER = {"id": "5f00000000000000000000bb", "name": "Ville", "slug": "ville"}
SOURCE_ID = "5f00000000000000000000aa"

Event = Callable[["SourceLife"], None]
Timeline = Sequence[tuple[float, Event]]


def instant(epoch: float) -> datetime:
    """The aware UTC datetime of an epoch."""
    return datetime.fromtimestamp(epoch, tz=timezone.utc)


class FakeClock(Clock):
    """A clock that moves only when somebody sleeps, or when it is moved."""

    def __init__(self, now: float = T0) -> None:
        self._now = now
        self._monotonic = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        self._now += seconds
        self._monotonic += seconds


class JumpingClock(Clock):
    """A clock that is corrected at some time, as by a time server; its stopwatch continues.

    :param true: the clock of the story.
    :param at: when it is corrected, by that clock.
    :param jump: by how many seconds.
    """

    def __init__(self, true: FakeClock, at: float, jump: float) -> None:
        self._true, self._at, self._jump = true, at, jump

    def now(self) -> float:
        return self._true.now() + (self._jump if self._true.now() >= self._at else 0.0)

    def monotonic(self) -> float:
        return self._true.monotonic()

    def sleep(self, seconds: float) -> None:
        self._true.sleep(seconds)


# --- what a portal can hold ------------------------------------------------------------------------------------


class KeptJob(NamedTuple):
    """A job as the portal keeps it; times are epochs by the portal's clock."""

    id: str
    created: float
    status: str
    ended: float | None


class SourceLife:
    """One source of a scripted portal: what events do to it, and whether the requests for it fail.

    :param portal: where it lives.
    :param source_id: its id.
    """

    def __init__(self, portal: ScriptedPortal, source_id: str) -> None:
        self.portal, self.source_id = portal, source_id
        self.fault: HarvestError | None = None
        #: When the event happens that is played, by the portal's clock.
        self.happening_at = T0
        self._kept = portal.sources[source_id]

    @property
    def source(self) -> HarvestSource:
        """The source, also after it was purged."""
        return HarvestSource.from_api(self._kept)

    def change(self, **fields: Any) -> None:
        """Change fields of the source."""
        self._kept.update({name: as_json(value) for name, value in fields.items()})

    def purge(self) -> None:
        """Remove the source, and its jobs with it."""
        for job_id in self.jobs:
            self.purge_job(job_id)
        self.portal.sources.pop(self.source_id, None)

    @property
    def jobs(self) -> dict[str, KeptJob]:
        """The jobs of the source, by id, oldest first."""
        own = (job for job in self.portal.jobs.values() if job["source_id"] == self.source_id)
        return {
            job["id"]: KeptJob(job["id"], _epoch(job["created"]), job["status"], job["ended"] and _epoch(job["ended"]))
            for job in own
        }

    def put_job(
        self,
        job_id: str,
        created: float,
        status: str = "initialized",
        ended: float | None = None,
        errors: Iterable[str] = (),
        items: Iterable[HarvestItem] = (),
    ) -> None:
        """Let the source have a job; times are epochs."""
        began, until = instant(created).isoformat(), None if ended is None else instant(ended).isoformat()
        said = [{"message": error} for error in errors]
        self.portal.jobs.pop(job_id, None)
        self.portal.add_job(
            self.source_id, status, id=job_id, created=began, started=began, ended=until, errors=said,
            items=[as_json(one) for one in items],
        )  # fmt: skip
        self.portal.sort_jobs()

    def end_job(self, job_id: str, status: str, errors: Iterable[str]) -> None:
        """End a job at the time of the event."""
        job = self.portal.jobs[job_id]
        job.update(status=status, ended=instant(self.happening_at).isoformat())
        job["errors"] += [{"message": error} for error in errors]

    def purge_job(self, job_id: str) -> None:
        """Remove a job."""
        self.portal.jobs.pop(job_id, None)


class ScriptedPortal(PortalState):
    """A portal whose sources live by timelines.

    :param clock: this machine's clock, which the timelines are read by.
    :param lives: for each source its timeline: (seconds from :data:`T0`, what happens then).
    :param skew: seconds by which the portal's clock is ahead of this machine's.
    :param generation: letter of the udata generation.
    :param others: how many further sources there are, to which nothing happens.
    :param owner: the organization that all belong to, such as :data:`OWNER`.
    """

    def __init__(
        self,
        clock: FakeClock,
        lives: Mapping[str, Timeline],
        *,
        skew: float = 0.0,
        generation: str = "D",
        others: int = 0,
        owner: dict[str, str] | None = None,
    ) -> None:
        super().__init__(generation, now=lambda: clock.now() + self.skew, organizations=[OWNER])
        self.clock, self.skew = clock, skew
        #: What every request for the list of sources fails with.
        self.list_fault: HarvestError | None = None
        fields = {"url": "https://ville.example/catalog.xml", "organization": owner, "owner": None}
        for number in range(others):
            self.add_source(f"Other {number}", id=f"other-{number}", **fields)
        for ident in reversed(list(lives)):  # the list begins with the newest
            self.add_source("Ville" if ident == SOURCE_ID else f"Source {ident}", id=ident, **fields)
        self.lives = {ident: SourceLife(self, ident) for ident in lives}
        coming = [(at, self.lives[ident], event) for ident, life in lives.items() for at, event in life]
        self._coming = deque(sorted(coming, key=lambda entry: entry[0]))

    @property
    def life(self) -> SourceLife:
        """The first source, often the only one."""
        return next(iter(self.lives.values()))

    def fail(self, error: HarvestError | None) -> None:
        """Let every request fail so from now on; None repairs the portal."""
        self.list_fault = error
        for life in self.lives.values():
            life.fault = error

    def live(self) -> None:
        """Let everything happen that is due by now."""
        here = self.clock.now()
        while self._coming and T0 + self._coming[0][0] <= here:
            at, life, event = self._coming.popleft()
            life.happening_at = T0 + at + self.skew
            event(life)

    def sort_jobs(self) -> None:
        """Keep the jobs in the order of their creation, which a list of jobs goes by."""
        newest, *before = (_epoch(job["created"]) for job in islice(reversed(self.jobs.values()), 2))
        if before and before[0] > newest:
            self.jobs = dict(sorted(self.jobs.items(), key=lambda entry: _epoch(entry[1]["created"])))

    def is_id(self, ident: str) -> bool:
        """Return True: stories call their jobs by short names."""
        return True

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Response:
        self.live()
        fault = self._fault_of(path)
        if fault is None:
            return super().answer(method, path, query, body, key)
        status, wait = getattr(fault, "status_code", None), getattr(fault, "retry_after", None)
        if not status:
            raise fault  # no response comes
        return Response(status, getattr(fault, "payload", None), {} if wait is None else {"Retry-After": f"{wait:.0f}"})

    def _fault_of(self, path: str) -> HarvestError | None:
        kind, ident = [*path.split("/"), "", ""][2:4]
        if kind == "job":
            ident = self.jobs.get(ident, {}).get("source_id", self.life.source_id)
        if ident in self.lives:
            return self.lives[ident].fault
        return self.list_fault or next((life.fault for life in self.lives.values() if life.fault), None)


def _epoch(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


class ScriptedClient(DirectClient):
    """A client of a scripted portal, without a key, with the portal's clock unless `options` give another."""

    def __init__(self, portal: ScriptedPortal, **options: Any) -> None:
        super().__init__(portal, **{"key": None, "clock": portal.clock, **options})
        self.portal = portal


def portal_of(clock: FakeClock, timeline: Timeline = (), **options: Any) -> ScriptedPortal:
    """Return a scripted portal with the one source :data:`SOURCE_ID`; `options` are those of the portal."""
    return ScriptedPortal(clock, {SOURCE_ID: timeline}, **options)


# --- what can happen on a portal -------------------------------------------------------------------------------


def job_appears(job_id: str, *, ago: float = 0.0) -> Event:
    """A worker takes the task: only now the job exists. ``ago`` dates it back, for jobs of before."""

    def event(life: SourceLife) -> None:
        life.put_job(job_id, life.happening_at - ago)

    return event


def items_move(job_id: str, **by_status: int) -> Event:
    """Items are processed: so many more in each status."""

    def event(life: SourceLife) -> None:
        if job_id not in life.portal.jobs:
            return
        items = life.portal.jobs[job_id]["items"]
        for status, count in by_status.items():
            alike = as_json(item("record", status, at=life.happening_at))
            for _ in range(count):
                ident = f"record-{len(items)}"
                items.append({**alike, "remote_id": ident, "remote_url": _address_of(ident), "errors": []})

    return event


def job_ends(job_id: str, status: str = "done", *errors: str) -> Event:
    """The job comes to its end."""

    def event(life: SourceLife) -> None:
        if job_id in life.portal.jobs:
            life.end_job(job_id, status, errors)

    return event


def whole_job(job_id: str, at: float, lasts: float = 60.0, status: str = "done") -> list[tuple[float, Event]]:
    """A job with three items, from its appearance to its end."""
    return [
        (at, job_appears(job_id)),
        (at + lasts / 2, items_move(job_id, done=3)),
        (at + lasts, job_ends(job_id, status)),
    ]


def job_is_purged(job_id: str) -> Event:
    """The job's document is removed."""

    def event(life: SourceLife) -> None:
        life.purge_job(job_id)

    return event


def source_changes(**changes: object) -> Event:
    """Somebody edits the source: ``active=False``, ``deleted=...``, ``validation=...``."""

    def event(life: SourceLife) -> None:
        life.change(**changes)

    return event


def source_is_purged(life: SourceLife) -> None:
    """The source's document is removed, and its jobs with it."""
    life.purge()


def fails_with(error: HarvestError) -> Event:
    """From now on every request fails so."""

    def event(life: SourceLife) -> None:
        life.fault = error

    return event


def recovers(life: SourceLife) -> None:
    """The portal responds again."""
    life.fault = None


def outage(begin: float, end: float, error: HarvestError | None = None) -> list[tuple[float, Event]]:
    """The portal cannot be reached between two times."""
    return [(begin, fails_with(error or unreachable())), (end, recovers)]


def unreachable() -> HarvestConnectionError:
    """Return the error of a portal to which there is no connection."""
    return HarvestConnectionError(f"{SITE} cannot be reached: connection refused.")


def server_error(status: int, retry_after: float | None = None) -> HarvestServerError:
    """Return the error of a response with a status from 500 on."""
    return HarvestServerError(f"{SITE} responded with {status}.", status_code=status, retry_after=retry_after)


def rate_limited(retry_after: float | None) -> HarvestRateLimited:
    """Return the error of a refusal for now, which says how many seconds to wait."""
    return HarvestRateLimited(f"{SITE} responded with 429.", status_code=429, retry_after=retry_after)


def not_found() -> HarvestNotFound:
    """Return the error of an id that the portal does not know."""
    return HarvestNotFound("The portal has no such object.", status_code=404)


def _address_of(remote_id: str | None) -> str:
    return f"https://ville.example/{remote_id}"


def item(remote_id: str | None, status: str, *messages: str, at: float = T0) -> HarvestItem:
    """An item of a job that was met and ended at one time."""
    return HarvestItem(
        remote_id=remote_id,
        status=status,
        remote_url=_address_of(remote_id),
        errors=tuple(HarvestMessage(message) for message in messages),
        created=instant(at),
        started=instant(at),
        ended=None if status in ("started", "pending") else instant(at),
    )
