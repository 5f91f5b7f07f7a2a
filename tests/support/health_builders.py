"""Sources, jobs and earlier passes in few words; for the tests of portal health."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_harvest.portal.health.findings import CHECKS, Thresholds
from airflow_provider_harvest.portal.health.rules import Asked, judge
from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory
from airflow_provider_harvest.portal.models import (
    HarvestItem,
    HarvestJob,
    HarvestMessage,
    HarvestRef,
    HarvestSource,
    HarvestValidation,
    ItemCounts,
)

#: When every pass is made: a Thursday.
NOW = datetime(2026, 3, 12, 9, 0, tzinfo=timezone.utc)
SOURCE_ID = "5f00000000000000000000aa"


def ago(**span: float) -> datetime:
    """A time before the pass: ``ago(days=2)``."""
    return NOW - timedelta(**span)


def source(state: str = "accepted", **fields: Any) -> HarvestSource:
    """A source that was accepted a year ago, harvested every midnight."""
    given = {
        "url": "https://town.example/catalog.xml",
        "organization": HarvestRef("5f00000000000000000000cc", "Town"),
        "backend": "dcat",
        "active": True,
        "schedule": "0 0 * * *",
        "created_at": ago(days=400),
        "validation": HarvestValidation(state=state, on=None if state == "pending" else ago(days=365)),
        **fields,
    }
    return HarvestSource(id=SOURCE_ID, name="Town", **given)


def job(
    status: str = "done",
    *,
    began: datetime | None = None,
    lasted: float | None = 600,
    errors: tuple[str, ...] = (),
    ident: str = "5f00000000000000000000bb",
    **counts: int,
) -> HarvestJob:
    """A job of last midnight that took ten minutes; without counts one whose counters are unknown."""
    begun = began or NOW.replace(hour=0)
    ended = None if lasted is None else begun + timedelta(seconds=lasted)
    return HarvestJob(
        id=ident,
        status=status,
        created=begun,
        started=begun,
        ended=ended,
        errors=tuple(HarvestMessage(error) for error in errors),
        counts=ItemCounts.from_statuses(dict(counts)) if counts else None,
    )


def running(*, began: datetime, **counts: Any) -> HarvestJob:
    """A job that has not ended."""
    return job("initialized", began=began, lasted=None, **counts)


def item(at: datetime) -> HarvestItem:
    """An item that was done at a time."""
    return HarvestItem(remote_id="record", status="done", created=at, started=at, ended=at)


def before(at: datetime | None = None, items: tuple[int, int] | None = None, **found: Known | datetime) -> PassMemory:
    """What the pass of yesterday left of the source: ``before(items=(100, 0), failing=ago(days=3))``."""
    known = {kind: value if isinstance(value, Known) else Known(value) for kind, value in found.items()}
    return PassMemory(
        at=at or ago(days=1),
        open={kind: {SOURCE_ID: value} for kind, value in known.items()},
        items={SOURCE_ID: Items(*items)} if items else {},
    )


def asked(memory: PassMemory | None = None, checks: tuple[str, ...] = CHECKS, **limits: Any) -> Asked:
    """What a pass checks; with other thresholds than the defaults if they are named."""
    return Asked(checks, Thresholds(**limits), memory or PassMemory(), NOW)


def kinds(found: HarvestSource, *args: Any, **kwargs: Any) -> list[str]:
    """The kinds of trouble that are found."""
    return [trouble.kind for trouble in judge(found, *args, **kwargs).troubles]


def detail(found: HarvestSource, *args: Any, **kwargs: Any) -> str:
    """The detail of the only trouble."""
    [trouble] = judge(found, *args, **kwargs).troubles
    return trouble.detail


#: The last job of a source that is well: harvested last midnight, with counters.
WELL = job(done=100)
A_MINUTE = timedelta(minutes=1)
