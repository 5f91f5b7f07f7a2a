"""Reads what a harvest changed and why items failed, as one JSON object that all formats are written from."""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.compare.diff import KINDS, Comparison, compare_items
from airflow_provider_harvest.portal.compare.find_harvests import Harvest, previous_harvest
from airflow_provider_harvest.portal.reporting.error_groups import ErrorGroups
from airflow_provider_harvest.portal.text.untrusted import plain, web_link
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob

log = logging.getLogger(__name__)

COMPARISON_SCHEMA = 1
#: Jobs that the chart shows.
HISTORY = 30
_WIDTH = 500


def read_report(harvest: Harvest, previous: Harvest | None = None) -> dict[str, Any]:
    """Return what a harvest changed against an earlier one, and its errors by what they mean.

    Costs two requests, and one for each 500 items of each of the two harvests (up to 16.x one for each harvest).

    :param harvest: the harvest.
    :param previous: what it is compared with; default: the one before it that read the whole catalogue.
    :returns: ``schema``, ``portal``, ``source``, ``job``, ``previous``, ``counts`` by kind of change (None if
        nothing could be compared), ``without_id``, ``changes`` (rows), ``errors`` (groups), ``history`` (the
        newest jobs). Everything that a portal or a catalogue said is one line of printable characters, and every link
        is http or https.
    """
    previous = previous or previous_harvest(harvest)
    groups = ErrorGroups()
    for error in harvest.job.errors:
        groups.add(error.message, None, "the job itself", harvest.url)
    items = _noting(harvest.client.iter_job_items(str(harvest.job.id)), groups)
    comparison: Comparison | None = None
    if harvest.is_complete and (previous is None or previous.is_complete):
        earlier = previous.client.iter_job_items(str(previous.job.id)) if previous else ()
        comparison = compare_items(earlier, items)
    else:
        for _ in items:  # counted by what they say
            pass
    return {
        "schema": COMPARISON_SCHEMA,
        "portal": harvest.client.site,
        "source": _source(harvest),
        "job": _job(harvest),
        "previous": _job(previous) if previous else None,
        "counts": dict(comparison.counts) if comparison else None,
        "without_id": list(comparison.without_id) if comparison else None,
        "changes": _rows(comparison) if comparison else [],
        "errors": [group.as_dict() for group in groups.result()],
        "history": _history(harvest),
    }


def summary_of(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without its rows and history: small enough for an XCom."""
    return {key: value for key, value in report.items() if key not in ("changes", "history")}


def _noting(items: Iterable[HarvestItem], groups: ErrorGroups) -> Iterator[HarvestItem]:
    for item in items:
        groups.add_item(item)
        yield item


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "kind": change.kind,
            "remote_id": plain(change.remote_id),
            "before": change.before,
            "after": change.after,
            "title": plain(change.record.title) or None,
            "url": web_link(change.record.dataset_url),
            "remote_url": web_link(change.record.remote_url),
            "message": plain(change.record.message, _WIDTH) or None,
        }
        for change in comparison.changes
    ]


def _source(harvest: Harvest) -> dict[str, Any]:
    source = harvest.source
    return {
        "id": source.id if source else None,
        "name": plain(harvest.name),
        "catalogue": web_link(source.url) if source else None,
        "url": web_link(harvest.client.source_url(source.id)) if source else None,
    }


def _job(harvest: Harvest) -> dict[str, Any]:
    job, counts = harvest.job, harvest.job.counts
    return {
        "id": job.id,
        "portal": harvest.client.site,
        "source": plain(harvest.name),
        "url": web_link(harvest.url),
        "status": job.status,
        "started": iso(job.started or job.created),
        "ended": iso(job.ended),
        "duration": None if job.duration is None else round(job.duration, 1),
        "items": {name: getattr(counts, name) for name in ("total", "done", "failed", "skipped", "archived")}
        if counts
        else None,
    }


def _history(harvest: Harvest) -> list[dict[str, Any]]:
    """Return the newest jobs of the source, the oldest first; none if they cannot be read: the report stands."""
    if harvest.source is None:
        return []
    try:
        jobs = harvest.client.job_history(harvest.source.id, HISTORY)
        return [_point(job) for job in islice(jobs, HISTORY)][::-1]
    except HarvestError as error:
        log.warning("The report has no history, since the source's jobs cannot be read: %s", error)
        return []


def _point(job: HarvestJob) -> dict[str, Any]:
    counts = job.counts
    return {
        "job_id": job.id,
        "started": iso(job.started or job.created),
        "status": job.status,
        "duration": None if job.duration is None else round(job.duration, 1),
        "done": counts.done if counts else None,
        "failed": counts.failed if counts else None,
        "archived": counts.archived if counts else None,
    }


__all__ = ["COMPARISON_SCHEMA", "KINDS", "read_report", "summary_of"]
