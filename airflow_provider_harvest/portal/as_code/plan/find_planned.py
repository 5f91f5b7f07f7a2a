"""Find a planned source on a portal, including one that a broken apply has created; called by the apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.plan.matching import Whose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan
    from airflow_provider_harvest.portal.models import HarvestSource


def find_source(
    change: Change, sources: Iterable[HarvestSource], plan: Plan, user_id: str | None
) -> list[HarvestSource]:
    """Return the sources that a planned one may be now: none, one, or several that cannot be distinguished.

    :param change: what is planned.
    :param sources: of the portal, at least those of the planned one's owner.
    :param plan: that it is in: its other sources are not it, even if they are to get the same URL.
    :param user_id: id of the key's user, to whom a new source without organization and owner belongs.
    """
    sources = [source for source in sources if source.deleted is None]
    if change.source_id is not None:
        return [source for source in sources if source.id == change.source_id]
    managed_by = plan.managed_by
    others = {*change.twins, *(other.source_id for other in plan.changes)}
    markers = {source.id: ownership_marker.split(source.description)[1:] for source in sources}
    owner = Whose(change.organization, change.owner or (None if change.organization else user_id))
    if managed_by is not None:
        marked = [s for s in sources if markers[s.id] == (managed_by, change.key) and owner.fits(s)]
        if marked:
            return marked
    return [
        source
        for source in sources
        if source.url.strip() == change.wanted["url"]
        and source.backend == change.wanted["backend"]
        and owner.fits(source)
        and source.id not in others
        and (managed_by is None or markers[source.id][0] != managed_by)  # ours, and so another one of the file
    ]
