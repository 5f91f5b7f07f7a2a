"""The result dict of a harvest, the same from every way of waiting and from a preview.

Its keys are a contract with users' DAGs; made by :mod:`read_ended_job`, shown by :mod:`summary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestSource, ItemCounts
from airflow_provider_harvest.portal.statuses import SUCCESS
from airflow_provider_harvest.portal.text.untrusted import plain, web_link
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow_provider_harvest.portal.outcome.verdict import Outcome
    from airflow_provider_harvest.portal.statuses import FailureKind, How, OutcomeName

RESULT_SCHEMA = 1
#: XCom key that the result is pushed under before a failing task raises.
RESULT_KEY = "harvest_result"
#: Failed items and job errors that a result names; XComs must stay small.
MAX_FAILED_ITEMS = 20
MAX_ERRORS = 5
#: Requested records that a result names for each fate but "done"; ``counts`` says how many there are.
MAX_REMOTE_IDS = 100
_MAX_MESSAGE, _MAX_NAME = 500, 120


class ItemNumbers(TypedDict):
    """How many items of a harvest had which status."""

    total: int
    done: int
    failed: int
    skipped: int
    archived: int
    newly_archived: int | None


class FailedItem(TypedDict):
    """A failed item as a result names it."""

    remote_id: str | None
    remote_url: str | None
    message: str
    dataset_url: str | None
    newly_failing: bool | None


class GuardNote(TypedDict):
    """Whether the harvest of a guarded run was compared with the portal; if it was not, why."""

    compared: bool
    reason: str | None


class HarvestResult(TypedDict):
    """The result of a harvest; its keys are explained in docs/reference.md."""

    schema: int
    portal: str
    source_id: str | None
    source_name: str | None
    organization: str | None
    schedule: str | None
    job_id: str | None
    job_url: str | None
    how: How
    status: str | None
    created: str | None
    started: str | None
    ended: str | None
    duration: float | None
    items: ItemNumbers
    changes: dict[str, Any] | None
    errors: list[str]
    failed_items: list[FailedItem]
    skip_reasons: dict[str, int]
    remote_ids: dict[str, Any] | None
    outcome: OutcomeName
    failure_kind: FailureKind | None
    reasons: list[str]
    guard: GuardNote | None


def build_result(
    *,
    portal: str,
    source: HarvestSource | None,
    job: HarvestJob,
    job_url: str | None,
    how: How,
    outcome: Outcome,
    failed_items: Sequence[HarvestItem] = (),
    changes: dict[str, Any] | None = None,
    newly_failing: Collection[str] | None = None,
    skip_reasons: Mapping[str, int] | None = None,
) -> HarvestResult:
    """Return the result of a harvest as JSON.

    :param portal: the portal's site.
    :param source: the source; None for the preview of a configuration.
    :param job: the job after its end.
    :param job_url: its page.
    :param how: one of ``started``, ``attached``, ``waited``, ``watched``, ``previewed``.
    :param outcome: the verdict.
    :param failed_items: failed items, those that matter most first.
    :param changes: what changed against the job before, None if that is unknown.
    :param newly_failing: remote ids that failed and did not fail in the job before, None if none was compared.
    :param skip_reasons: how many items were skipped for which reason, the most common first.
    """
    counts = job.counts or ItemCounts()
    return {
        "schema": RESULT_SCHEMA,
        "portal": portal,
        "source_id": source.id if source else None,
        "source_name": source.name if source else None,
        "organization": plain(source.owner_name, _MAX_NAME) or None if source else None,
        "schedule": plain(source.schedule, _MAX_NAME) or None if source else None,
        "job_id": job.id,
        "job_url": job_url,
        "how": how,
        "status": job.status,
        "created": iso(job.created),
        "started": iso(job.started),
        "ended": iso(job.ended),
        "duration": None if job.duration is None else round(job.duration, 3),
        "items": {
            "total": counts.total,
            "done": counts.done,
            "failed": counts.failed,
            "skipped": counts.skipped,
            "archived": counts.archived,
            "newly_archived": changes["newly_archived"] if changes else None,
        },
        "changes": changes,
        "errors": [plain(error.message, _MAX_MESSAGE) for error in job.errors[:MAX_ERRORS]],
        "failed_items": [_failed_item(item, newly_failing) for item in failed_items[:MAX_FAILED_ITEMS]],
        "skip_reasons": dict(skip_reasons or {}),
        "remote_ids": None if outcome.remote_ids is None else _bounded(outcome.remote_ids),
        "outcome": outcome.outcome,
        "failure_kind": outcome.failure_kind,
        "reasons": [plain(reason, _MAX_MESSAGE) for reason in outcome.reasons],
        "guard": None,
    }


def is_success(result: HarvestResult) -> bool:
    """Whether a result says that the harvest met the criteria."""
    return result.get("outcome") == SUCCESS


def _bounded(fates: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fates of the requested records, without more ids than an XCom should hold."""
    listed = {fate: ids for fate, ids in fates.items() if isinstance(ids, list)}
    return {
        **fates,
        **{fate: ids[:MAX_REMOTE_IDS] for fate, ids in listed.items()},
        "counts": {fate: len(ids) for fate, ids in listed.items()},
    }


def _failed_item(item: HarvestItem, newly_failing: Collection[str] | None) -> FailedItem:
    return {
        "remote_id": item.remote_id,
        "remote_url": web_link(item.remote_url),
        "message": plain("; ".join(error.message for error in item.errors), _MAX_MESSAGE),
        "dataset_url": web_link(item.dataset_url),
        "newly_failing": None if newly_failing is None else item.remote_id in newly_failing,
    }
