"""What a portal's responses show about its udata release; kept by the session, corrected by any later response.

No request is sent to find it out. A request is sent as new releases take it. An old release does not carry it out, and
its response shows which form it takes; the request is then sent once more in that form.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestError,
    HarvestNotFound,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal.http.errors import is_api_body

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Dialect:
    """What responses have shown so far; None if unknown. A portal may be upgraded while a client lives.

    :param slash: whether the paths of sources and of what is done with them end in a slash, as from 10.8.2 on.
    :param embeds_items: whether a job contains its items, as up to 16.x; from 17.0 on it counts them.
    :param filters_by_owner: whether the sources of an organization are filtered by ``owner``, as up to 16.x.
    :param searches: whether ``q`` restricts the list of sources, as from 10.3 on.
    """

    slash: bool | None = None
    embeds_items: bool | None = None
    filters_by_owner: bool | None = None
    searches: bool | None = None

    @classmethod
    def from_dict(cls, data: object) -> Dialect:
        """Return what :meth:`to_dict` gave, perhaps in another process or version; anything else is ignored."""
        known = data if isinstance(data, dict) else {}
        return cls(**{name: known[name] for name in cls.__dataclass_fields__ if isinstance(known.get(name), bool)})

    def to_dict(self) -> dict[str, bool]:
        """Return what is known as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    # --- what responses show -----------------------------------------------------------------------------------------

    def hear_source(self, source: object) -> None:
        """Learn from a source: ``permissions`` are returned from 14.3 on, ``slug`` from 17.0 on."""
        if not isinstance(source, dict):
            return
        if "permissions" in source or "slug" in source:
            self.slash = True
        self.hear_job(source.get("last_job"))

    def hear_job(self, job: object) -> None:
        """Learn from a job, also a ``last_job``: its items are a list up to 16.x, an object from 17.0 on."""
        items = job.get("items") if isinstance(job, dict) else None
        if isinstance(items, (list, dict)):
            self.embeds_items = isinstance(items, list)

    def hear_origin(self, job: Mapping[str, Any]) -> bool:
        """Learn from a job that was read without its items; return whether it shows that the portal was upgraded.

        It names its source as a string up to 16.x, as an object from 17.0 on.
        """
        was_upgraded = self.embeds_items is True and isinstance(job.get("source"), dict)
        if was_upgraded:
            self.embeds_items = False
        return was_upgraded


def is_no_route(error: HarvestError) -> bool:
    """Whether a portal responded that it has no such path, so that the request was not carried out.

    An existing endpoint responds with a ``message`` or ``errors`` instead: 404 for an unknown source, say. A proxy's
    page looks the same as a missing path, which costs a request in the other form.
    """
    if isinstance(error, HarvestRedirected):
        return error.adds_slash
    is_missing = isinstance(error, HarvestNotFound) or (
        isinstance(error, HarvestRequestRejected) and error.status_code == 405
    )
    return is_missing and not is_from_endpoint(error)


def is_from_endpoint(error: HarvestError) -> bool:
    """Whether an error response comes from udata's API itself, not from its router or a proxy."""
    return isinstance(error, HarvestApiError) and is_api_body(error.payload)
