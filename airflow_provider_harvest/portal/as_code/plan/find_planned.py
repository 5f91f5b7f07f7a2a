"""Find a planned source on a portal, also one that a broken apply has created; called by the plan and the apply."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.plan.matching import Whose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan
    from airflow_provider_harvest.portal.models import HarvestSource


class SourceIndex:
    """The sources of a portal that are not deleted, by what they are found by; each is read once, not at each search.

    :param sources: of the portal; the order is kept.
    """

    def __init__(self, sources: Iterable[HarvestSource] = ()) -> None:
        self._sources: dict[str, HarvestSource] = {}
        self._ids: dict[tuple[str | None, ...], dict[str, None]] = defaultdict(dict)
        for source in sources:
            self.put(source)

    def put(self, source: HarvestSource) -> None:
        """Take a source as it is now, in place of what was known of it."""
        self.drop(source.id)
        if source.deleted is None:
            self._sources[source.id] = source
            for name in _names(source):
                self._ids[name][source.id] = None

    def drop(self, source_id: str) -> None:
        """Forget a source."""
        source = self._sources.pop(source_id, None)
        for name in _names(source) if source is not None else ():
            del self._ids[name][source_id]

    def all(self) -> Collection[HarvestSource]:
        """Return all of them."""
        return self._sources.values()

    def get(self, source_id: str) -> HarvestSource | None:
        """Return the source of an id."""
        return self._sources.get(source_id)

    def marked(self, managed_by: str, key: str) -> list[HarvestSource]:
        """Return the sources that carry a marker."""
        return self._named(_marker(managed_by, key))

    def at(self, url: str, backend: str) -> list[HarvestSource]:
        """Return the sources with this URL, as it is written, and this backend."""
        return self._named(_address(url, backend))

    def _named(self, name: tuple[str | None, ...]) -> list[HarvestSource]:
        return [self._sources[ident] for ident in self._ids.get(name, ())]


class PlannedSources:
    """The sources that a plan means.

    :param plan: its other sources are not the searched one, even if they are to get the same URL.
    :param user_id: id of the key's user, to whom a new source without organization and owner belongs.
    """

    def __init__(self, plan: Plan, user_id: str | None) -> None:
        self._managed_by = plan.managed_by
        self._user_id = user_id
        self._planned = {change.source_id for change in plan.changes}

    def find(self, change: Change, index: SourceIndex) -> list[HarvestSource]:
        """Return the sources that a planned one may be now: none, one, or several that cannot be distinguished.

        :param change: what is planned.
        :param index: sources of the portal, at least those of the planned one's owner.
        """
        if change.source_id is not None:
            source = index.get(change.source_id)
            return [source] if source is not None else []
        owner = Whose(change.organization, change.owner or (None if change.organization else self._user_id))
        if self._managed_by is not None:
            marked = [source for source in index.marked(self._managed_by, change.key) if owner.fits(source)]
            if marked:
                return marked
        return [
            source
            for source in index.at(change.wanted["url"], change.wanted["backend"])
            if owner.fits(source)
            and source.id not in self._planned
            and source.id not in change.twins
            and not self._is_ours(source)  # then it is another one of the file
        ]

    def _is_ours(self, source: HarvestSource) -> bool:
        return self._managed_by is not None and ownership_marker.split(source.description)[1] == self._managed_by


def _names(source: HarvestSource) -> Iterable[tuple[str | None, ...]]:
    """Return all that a source is found by."""
    _, managed_by, key = ownership_marker.split(source.description)
    yield _address(source.url, source.backend)
    if managed_by is not None:
        yield _marker(managed_by, key)


def _address(url: str, backend: str) -> tuple[str | None, ...]:
    return "address", url.strip(), backend


def _marker(managed_by: str, key: str | None) -> tuple[str | None, ...]:
    return "marker", managed_by, key
