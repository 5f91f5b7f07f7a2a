"""The datasets and dataservices of a portal, as far as harvests are concerned; made by the client from JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

from airflow_provider_harvest.portal.text.response_values import parse_time

#: Fields with the address of a dataset, the page for people first; even in the newest release some have none.
_PAGES = ("self_web_url", "page", "self_api_url", "uri")


class HarvestedRecord(NamedTuple):
    """A dataset or dataservice on the portal, with the data of its harvest; small, as there are many.

    :param id: of the dataset or dataservice.
    :param kind: ``dataset`` or ``dataservice``.
    :param title: as the portal shows it.
    :param page: address of the page for people; None if the portal does not return one.
    :param source_id: the source that harvested it last.
    :param remote_id: its id in the remote catalogue.
    :param last_update: when a harvest last found it, UTC.
    """

    id: str
    kind: str
    title: str
    page: str | None
    source_id: str
    remote_id: str | None
    last_update: datetime | None

    @classmethod
    def from_api(cls, data: dict[str, Any], kind: str) -> HarvestedRecord | None:
        """Read one entry of a list; None if it was not harvested."""
        harvest = data.get("harvest")
        if not isinstance(harvest, dict) or not harvest.get("source_id") or not data.get("id"):
            return None
        remote_id = harvest.get("remote_id")
        return cls(
            id=str(data["id"]),
            kind=kind,
            title=str(data.get("title") or ""),
            page=next((str(data[name]) for name in _PAGES if data.get(name)), None),
            source_id=str(harvest["source_id"]),
            remote_id=None if remote_id is None else str(remote_id),
            last_update=parse_time(harvest.get("last_update")),
        )

    @property
    def key(self) -> str:
        """The remote id; a record without one is identified by its own id."""
        return self.remote_id if self.remote_id is not None else f"(no remote id) {self.id}"

    @property
    def created(self) -> datetime | None:
        """When the portal made it, to the second: the first four bytes of its id."""
        try:
            return datetime.fromtimestamp(int(self.id[:8], 16), tz=timezone.utc) if len(self.id) == 24 else None
        except ValueError:
            return None
