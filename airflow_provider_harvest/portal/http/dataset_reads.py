"""How datasets and dataservices are read: masked, without a key, a thousand per request; one part of the client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
)
from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
from airflow_provider_harvest.portal.http.errors import parsed
from airflow_provider_harvest.portal.http.item_reads import ItemReads
from airflow_provider_harvest.portal.http.paging import is_beyond_last, iter_pages
from airflow_provider_harvest.portal.http.session import entries_of, segment, total_of
from airflow_provider_harvest.portal.models import HarvestJob

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

#: Entries requested in one page: data.gouv.fr returns 1,000, and 502 for 10,000; udata sets no maximum.
RECORD_PAGE_SIZE = 1000
#: Jobs requested in one page; the newest whole one is among the first, unless a source has failed for weeks.
JOB_PAGE_SIZE = 50
#: How often a page is halved at most if a portal refuses it: 1,000 becomes 125.
_HALVINGS = 3
#: Responses of a portal, or of the proxy before it, to a page that is too large.
_TOO_LARGE = (HarvestServerError, HarvestRequestRejected, HarvestResponseLost, HarvestProtocolError)
_RECORD = "id,title,page,self_web_url,uri,self_api_url,archived,archived_at,harvest{source_id,remote_id,last_update}"


class RecordReads(ItemReads):
    """Reads what was harvested. None of this needs a key; without one deleted and archived records are not listed."""

    def iter_datasets(
        self, organization: str | None = None, owner: str | None = None, *, page_size: int = RECORD_PAGE_SIZE
    ) -> Iterator[HarvestedRecord]:
        """Yield the harvested datasets that are on the portal (``GET /datasets/``), each once.

        The portal has no filter by source: it ignores one and lists everything. Private datasets are not listed.

        :param organization: id of an organization; only its datasets.
        :param owner: id of a user; only their own datasets.
        :param page_size: datasets in one request, 1,000 by default; halved if the portal refuses.
        """
        return self._records("/datasets/", "dataset", organization, owner, page_size)

    def count_datasets(self) -> int | None:
        """Return how many datasets are on the portal, harvested or not; None if it does not say."""
        return total_of(self._get("/datasets/", {"page": 1, "page_size": 1}, fields="total"))

    def iter_dataservices(
        self, organization: str | None = None, owner: str | None = None, *, page_size: int = RECORD_PAGE_SIZE
    ) -> Iterator[HarvestedRecord]:
        """Yield the harvested dataservices that are on the portal (``GET /dataservices/``); as :meth:`iter_datasets`.

        A portal without dataservices has none.
        """
        records = self._records("/dataservices/", "dataservice", organization, owner, page_size)
        try:
            first = next(records, None)
        except HarvestNotFound as error:
            if error.is_page:
                raise
            return
        if first is not None:
            yield first
            yield from records

    def iter_remote_ids(self, job_id: str) -> Iterator[str]:
        """Yield the remote ids that a job found, whatever their status; those that it archived are left out.

        :param job_id: its id.
        """
        for entry in self._item_ids(job_id):
            if entry.get("status") != "archived" and entry.get("remote_id") is not None:
                yield str(entry["remote_id"])

    def newest_whole_job(self, source_id: str) -> HarvestJob | None:
        """Return the newest job of a source after which the portal archives; None if there is none.

        A source may have failed for weeks; jobs are read until one is found, 50 in one request.

        :param source_id: its id.
        """
        mask = "data{id,status,created,started,ended},total"
        path = f"/harvest/source/{segment(source_id)}/jobs/"
        pages = self._large_pages(path, {}, mask, JOB_PAGE_SIZE)
        jobs = (parsed(HarvestJob.from_api, entry, f"GET {path}") for entry in pages)
        return next((job for job in jobs if job.has_ended and job.status in ("done", "done-errors")), None)

    def _item_ids(self, job_id: str) -> Iterator[dict[str, Any]]:
        fields = "remote_id,status"
        pages = f"{self._job_path(job_id)}items/"
        return self._items(
            job_id, fields, lambda: self._large_pages(pages, {}, f"data{{{fields}}},total", RECORD_PAGE_SIZE)
        )

    def _records(
        self, path: str, kind: str, organization: str | None, owner: str | None, page_size: int
    ) -> Iterator[HarvestedRecord]:
        params = {"organization": organization, "owner": owner}
        for entry in self._large_pages(path, params, f"data{{{_RECORD}}},total", page_size):
            if entry.get("archived") or entry.get("archived_at"):
                continue
            record = parsed(lambda value: HarvestedRecord.from_api(value, kind), entry, f"GET {path}")
            if record is not None:
                yield record

    def _large_pages(self, path: str, params: dict[str, Any], fields: str, page_size: int) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages; a page that the portal refuses is read in halves, quarters, eighths."""
        parts = 1

        def read(page: int) -> tuple[list[dict[str, Any]], int | None] | None:
            nonlocal parts
            while True:
                try:
                    return self._in_parts(path, params, fields, page, page_size, parts)
                except _TOO_LARGE as error:
                    if parts >= 2**_HALVINGS or page_size // (2 * parts) < 1 or _is_final(error):
                        raise
                    parts *= 2
                    log.info(
                        "The portal refused a large page: from now on %d entries are requested.", page_size // parts
                    )

        return iter_pages(read, page_size)

    def _in_parts(
        self, path: str, params: dict[str, Any], fields: str, page: int, page_size: int, parts: int
    ) -> tuple[list[dict[str, Any]], int | None] | None:
        size, total = page_size // parts, None
        entries: list[dict[str, Any]] = []
        # A page that may be halved is not repeated first: the halves are the next attempt.
        once: dict[str, Any] = {} if parts >= 2**_HALVINGS else {"attempts": 1}
        for part in range((page - 1) * parts + 1, page * parts + 1):
            try:
                answer = self._get(path, {**params, "page": part, "page_size": size}, fields=fields, **once)
            except HarvestNotFound as error:
                if is_beyond_last(error, part):
                    return (entries, total) if entries else None
                raise
            got, total = entries_of(answer), total_of(answer)
            entries += got
            if not got or total is None or part * size >= total:
                break
        return entries, total


def _is_final(error: HarvestError) -> bool:
    """Whether the refusal has nothing to do with the size of the page."""
    return isinstance(error, HarvestRequestRejected) and error.status_code not in (400, 413, 422)
