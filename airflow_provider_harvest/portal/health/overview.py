"""All sources of a portal in a few words each, for a table; a pass over the portal collects them on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.health.rules import state_of
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_harvest.portal.models import HarvestSource

OVERVIEW_SCHEMA = 1
#: XComs must stay small: a row has about 200 bytes.
MAX_SOURCES = 1000
#: The columns of a row, in this order. ``status`` to ``archived`` are of the source's last job.
OVERVIEW_COLUMNS = (
    *("id", "name", "organization", "state", "schedule"),
    *("job_id", "status", "started", "ended", "total", "done", "failed", "skipped", "archived"),
)
_MAX_NAME = 120


class Overview:
    """The rows of one pass.

    :param limit: sources that get a row; the others are only counted.
    """

    def __init__(self, limit: int = MAX_SOURCES) -> None:
        self._limit = limit
        self._total = 0
        self._rows: list[list[Any]] = []

    def add(self, source: HarvestSource) -> None:
        """Take in a source as the portal lists it."""
        self._total += 1
        if len(self._rows) < self._limit:
            self._rows.append(_row(source))

    def as_dict(self, portal: str, at: datetime) -> dict[str, Any]:
        """Return the rows as JSON: ``schema``, ``portal``, ``at``, ``total`` sources, ``columns`` and ``rows``.

        :param portal: the portal's site.
        :param at: the portal's clock at the pass.
        """
        return {
            "schema": OVERVIEW_SCHEMA,
            "portal": portal,
            "at": iso(at),
            "total": self._total,
            "columns": list(OVERVIEW_COLUMNS),
            "rows": self._rows,
        }


def _row(source: HarvestSource) -> list[Any]:
    job = source.last_job
    counts = job.counts if job else None
    numbers = (counts.total, counts.done, counts.failed, counts.skipped, counts.archived) if counts else [None] * 5
    return [
        source.id,
        plain(source.name, _MAX_NAME),
        plain(source.owner_name, _MAX_NAME) or None,
        state_of(source),
        plain(source.schedule, _MAX_NAME) or None,
        *((job.id, job.status, iso(job.started or job.created), iso(job.ended)) if job else [None] * 4),
        *numbers,
    ]
