"""How the items of a job are read, wherever a release keeps them; base of the parts of the client that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.http.dialect import is_no_route
from airflow_provider_harvest.portal.http.session import PortalSession, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ItemReads(PortalSession):
    """Reads items page by page, as from 17.0 on, or from the job itself if the portal has no such endpoint."""

    def _items(
        self, job_id: str, fields: str, pages: Callable[[], Iterator[dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of a job as returned.

        :param job_id: its id.
        :param fields: mask of an item's fields.
        :param pages: reads them page by page.
        """
        if self.dialect.embeds_items:
            embedded = self._embedded_items(job_id, fields)
            if embedded is not None:
                yield from embedded
                return
        entries = pages()
        try:
            first = next(entries, None)
        except HarvestError as error:
            embedded = self._embedded_items(job_id, fields) if is_no_route(error) else None
            if embedded is None:
                raise
            yield from embedded
            return
        if first is not None:
            yield first
            yield from entries

    def _embedded_items(self, job_id: str, fields: str) -> list[dict[str, Any]] | None:
        """Return the items that a job contains; None if it only counts them, as from 17.0 on."""
        answer = self._get(self._job_path(job_id), fields=f"id,items{{{fields}}}")
        job = answer.body
        self.dialect.hear_job(job)
        items = job.get("items") if isinstance(job, dict) else None
        if isinstance(items, dict):
            return None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise answer.unexpected(f"expected the items of a job, got {type(items or job).__name__}")
        return items

    def _job_path(self, job_id: str) -> str:
        return f"/harvest/job/{segment(job_id)}/"
