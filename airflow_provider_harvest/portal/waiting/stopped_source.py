"""Notice when a source that is watched gets no harvests any more; used by :mod:`.ended_jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient

#: Seconds between two reads of the source: it may have been deleted or deactivated.
_INTERVAL = 6 * 3600.0


class SourceCheck:
    """Reads one source now and then.

    :param client: of the portal.
    :param source_id: the source.
    """

    def __init__(self, client: HarvestClient, source_id: str) -> None:
        self._client = client
        self._source_id = source_id
        self._checked = client.clock.monotonic()
        self._trouble = ""

    def news(self) -> str | None:
        """Return that no further harvest of the source will end, once; None if it is not time, or there is no news."""
        now = self._client.clock.monotonic()
        if now - self._checked < _INTERVAL:
            return None
        self._checked = now
        try:
            source = self._client.get_source(self._source_id, keyed=False)
        except HarvestError:
            return None  # its jobs could be read: the next poll reports the cause
        trouble = "is deleted" if source.deleted is not None else "is switched off" if source.active is False else ""
        is_news = bool(trouble) and trouble != self._trouble
        self._trouble = trouble
        return (
            f"Source {source.id} {trouble}: no further harvest of it will end until that changes." if is_news else None
        )
