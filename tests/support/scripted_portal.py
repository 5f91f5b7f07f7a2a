"""A clock that only moves when told, and a portal whose life is scripted; for every test of waiting.

The portal lives by a timeline of (seconds from the start, event). Events take effect when a request comes at or after
their time, as on a real portal, where nobody sees what happens between two looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from airflow_provider_harvest.exceptions import (
    HarvestConnectionError,
    HarvestError,
    HarvestNotFound,
    HarvestRateLimited,
    HarvestServerError,
)
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.models import (
    HarvestItem,
    HarvestJob,
    HarvestMessage,
    HarvestSource,
    HarvestValidation,
    ItemCounts,
)

#: When every story begins: 2026-03-02 02:05 UTC, a Monday.
T0 = datetime(2026, 3, 2, 2, 5, tzinfo=timezone.utc).timestamp()
SITE = "https://portal.example"
SOURCE_ID = "5f00000000000000000000aa"

Event = Callable[["FakePortal"], None]
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


@dataclass
class PortalJob:
    """A job as the portal keeps it; times are epochs by the portal's clock."""

    id: str
    created: float
    status: str = "initialized"
    ended: float | None = None
    errors: list[str] = field(default_factory=list)
    items: list[HarvestItem] = field(default_factory=list)
    #: What was read, by what it depends on: stories of days read the same thousands of times.
    _read: dict[tuple[Any, ...], HarvestJob] = field(default_factory=dict)

    def read(self, *, with_counts: bool) -> HarvestJob:
        """What the API returns of it."""
        state = (with_counts, self.status, self.ended, len(self.errors), len(self.items))
        if state not in self._read:
            self._read[state] = self._as_read(with_counts=with_counts)
        return self._read[state]

    def _as_read(self, *, with_counts: bool) -> HarvestJob:
        by_status = Counter(str(item.status) for item in self.items)
        return HarvestJob(
            id=self.id,
            status=self.status,
            created=instant(self.created),
            started=instant(self.created),
            ended=None if self.ended is None else instant(self.ended),
            errors=tuple(HarvestMessage(error) for error in self.errors),
            counts=ItemCounts.from_statuses(dict(by_status)) if with_counts else None,
            source_id=SOURCE_ID,
        )


@dataclass
class FakePortal:
    """A portal with one source, moved on by its timeline.

    :param clock: this machine's clock, which the timeline is read by.
    :param timeline: (seconds from :data:`T0`, what happens then).
    :param skew: seconds by which the portal's clock is ahead of this machine's.
    :param generation: letter of the udata generation; it decides the response to unknown ids.
    """

    clock: FakeClock
    timeline: Timeline = ()
    skew: float = 0.0
    generation: str = "D"
    jobs: dict[str, PortalJob] = field(default_factory=dict)
    fault: HarvestError | None = None
    source_is_purged: bool = False
    source: HarvestSource = field(
        default_factory=lambda: HarvestSource(
            id=SOURCE_ID,
            name="Ville",
            url="https://ville.example/catalog.xml",
            backend="dcat",
            active=True,
            validation=HarvestValidation(state="accepted"),
            schedule="0 0 * * *",
        )
    )

    def __post_init__(self) -> None:
        self._coming = sorted(self.timeline, key=lambda entry: entry[0])

    def now(self) -> float:
        """The portal's own clock."""
        return self.clock.now() + self.skew

    def live(self) -> None:
        """Let everything happen that is due by now."""
        here = self.clock.now()
        while self._coming and T0 + self._coming[0][0] <= here:
            at, event = self._coming.pop(0)
            self.happening_at = T0 + at + self.skew
            event(self)

    happening_at: float = T0


# --- what can happen on a portal -------------------------------------------------------------------------------


def job_appears(job_id: str, *, ago: float = 0.0) -> Event:
    """A worker takes the task: only now the job exists. ``ago`` dates it back, for jobs of before."""

    def event(portal: FakePortal) -> None:
        portal.jobs[job_id] = PortalJob(job_id, portal.happening_at - ago)

    return event


def items_move(job_id: str, **by_status: int) -> Event:
    """Items are processed: so many more in each status."""

    def event(portal: FakePortal) -> None:
        job = portal.jobs.get(job_id)
        if job is None:
            return
        for status, count in by_status.items():
            for _ in range(count):
                number = len(job.items)
                job.items.append(item(f"record-{number}", status, at=portal.happening_at))

    return event


def job_ends(job_id: str, status: str = "done", *errors: str) -> Event:
    """The job comes to its end."""

    def event(portal: FakePortal) -> None:
        job = portal.jobs.get(job_id)
        if job is None:
            return
        job.status, job.ended = status, portal.happening_at
        job.errors.extend(errors)

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

    def event(portal: FakePortal) -> None:
        portal.jobs.pop(job_id, None)

    return event


def source_changes(**changes: object) -> Event:
    """Somebody edits the source: ``active=False``, ``deleted=...``, ``validation=...``."""

    def event(portal: FakePortal) -> None:
        portal.source = replace(portal.source, **changes)  # type: ignore[arg-type]

    return event


def source_is_purged(portal: FakePortal) -> None:
    """The source's document is removed, and its jobs with it."""
    portal.source_is_purged = True
    portal.jobs.clear()


def fails_with(error: HarvestError) -> Event:
    """From now on every request fails so."""

    def event(portal: FakePortal) -> None:
        portal.fault = error

    return event


def recovers(portal: FakePortal) -> None:
    """The portal responds again."""
    portal.fault = None


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


def item(remote_id: str | None, status: str, *messages: str, at: float = T0) -> HarvestItem:
    """An item of a job that was met and ended at one time."""
    return HarvestItem(
        remote_id=remote_id,
        status=status,
        remote_url=f"https://ville.example/{remote_id}",
        errors=tuple(HarvestMessage(message) for message in messages),
        created=instant(at),
        started=instant(at),
        ended=None if status in ("started", "pending") else instant(at),
    )


# --- how it is asked -------------------------------------------------------------------------------------------


class FakeClient:
    """What waiting and concluding call on a ``HarvestClient``, implemented by a :class:`FakePortal`.

    ``requests`` lists every request as (seconds from :data:`T0`, name of the method).
    """

    def __init__(self, portal: FakePortal) -> None:
        self.portal = portal
        self.clock = portal.clock
        self.site = SITE
        self.has_key = False
        self.dialect = Dialect(embeds_items=portal.generation in "AB")
        self.requests: list[tuple[float, str]] = []
        self._has_answered = False

    def settle_clock(self) -> None:
        """Its clock is never odd."""

    def learn(self, dialect: Any) -> None:
        self.dialect = Dialect.from_dict(dialect)

    def recent_jobs(self, source_id: str, page: int = 1, page_size: int = 10) -> list[HarvestJob]:
        self._ask("recent_jobs")
        self._refuse_purged_source()
        jobs = self._newest_first()[(page - 1) * page_size : page * page_size]
        return [job.read(with_counts=False) for job in jobs]

    def iter_jobs(self, source_id: str, page_size: int = 20) -> Iterator[HarvestJob]:
        for page in range(1, 1 + max(1, -(-len(self.portal.jobs) // page_size))):
            self._ask("iter_jobs")
            self._refuse_purged_source()
            for job in self._newest_first()[(page - 1) * page_size : page * page_size]:
                yield job.read(with_counts=False)

    def job_history(self, source_id: str, size: int = 10) -> list[HarvestJob]:
        self._ask("job_history")
        self._refuse_purged_source()
        return [job.read(with_counts=True) for job in self._newest_first()[:size]]

    def iter_last_jobs(
        self, *, counters: bool = False, owners: bool = False, on_unreadable: object = None
    ) -> Iterator[dict[str, Any]]:
        self._ask("list")
        if not self.portal.source_is_purged and self.portal.source.deleted is None:
            yield listed(self.portal, counters=counters, owners=owners)

    def peek_job(self, job_id: str, *, progress: bool = True) -> HarvestJob:
        self._ask("peek_job")
        return replace(self._job(job_id).read(with_counts=progress), source_id=self.portal.source.id)

    def newest_item(self, job: HarvestJob) -> HarvestItem | None:
        self._ask("newest_item")
        items = self._job(str(job.id)).items
        return items[-1] if items else None

    def iter_job_items(self, job_id: str, status: str | None = None) -> Iterator[HarvestItem]:
        self._ask("iter_job_items")
        yield from (item for item in self._job(job_id).items if status in (None, item.status))

    def get_source(self, source_id: str, *, keyed: bool = True) -> HarvestSource:
        self._ask("get_source")
        if self.portal.source_is_purged:
            raise not_found()
        return self.portal.source

    def portal_now(self) -> float:
        return self.portal.now() if self._has_answered else self.clock.now()

    def job_url(self, source_id: str, job_id: str) -> str:
        return f"{SITE}/api/1/harvest/job/{job_id}/"

    def source_url(self, source_id: str) -> str:
        return f"{SITE}/api/1/harvest/source/{source_id}/"

    def close(self) -> None:
        """Nothing is open."""

    def count(self, name: str) -> int:
        """How many requests of one kind were sent."""
        return sum(1 for _, asked in self.requests if asked == name)

    def _ask(self, name: str) -> None:
        self.requests.append((self.clock.now() - T0, name))
        self.portal.live()
        if self.portal.fault is not None:
            raise self.portal.fault
        self._has_answered = True

    def _newest_first(self) -> list[PortalJob]:
        return sorted(self.portal.jobs.values(), key=lambda job: job.created, reverse=True)

    def _refuse_purged_source(self) -> None:
        if self.portal.source_is_purged and self.portal.generation != "A":  # A returns an empty page
            raise not_found()

    def _job(self, job_id: str) -> PortalJob:
        job = self.portal.jobs.get(job_id)
        if job is None:
            raise not_found() if self.portal.generation == "D" else server_error(500)
        return job


def listed(portal: FakePortal, *, counters: bool, owners: bool) -> dict[str, Any]:
    """A portal's source as its list shows it."""
    source = portal.source
    newest = max(portal.jobs.values(), key=lambda job: job.created, default=None)
    last_job: dict[str, Any] | None = None
    if newest is not None:
        job = newest.read(with_counts=True)
        last_job = {
            "id": job.id,
            "status": job.status,
            "created": job.created and job.created.isoformat(),
            "started": job.started and job.started.isoformat(),
            "ended": job.ended and job.ended.isoformat(),
        }
        if counters and portal.generation in "AB":
            last_job["items"] = []
        elif counters and job.counts:
            by_status = {
                name: getattr(job.counts, name) for name in ("started", "done", "failed", "skipped", "archived")
            }
            last_job["items"] = {"total": job.counts.total, "by_status": by_status}
    named = {"name": source.name, "organization": {"id": "org"}} if owners else {}
    return {
        "id": source.id,
        "active": source.active,
        "deleted": None,
        "validation": {"state": source.validation.state},
        "last_job": last_job,
        **named,
    }


def ended_job(
    status: str = "done",
    errors: Iterable[str] = (),
    counted: bool = True,
    items: Sequence[HarvestItem] = (),
    **counts: int,
) -> HarvestJob:
    """A job that ran for 42 s and has ended; counted by its items, or by the given numbers."""
    by_status = counts or dict(Counter(str(item.status) for item in items))
    return HarvestJob(
        id="65f000000000000000000001",
        status=status,
        created=instant(T0),
        started=instant(T0),
        ended=instant(T0 + 42),
        errors=tuple(HarvestMessage(error) for error in errors),
        counts=ItemCounts.from_statuses(by_status) if counted else None,
        source_id=SOURCE_ID,
    )
