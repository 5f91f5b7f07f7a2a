"""The sources as an apply last saw them: listed once, then updated from the responses to its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestNotFound
from airflow_provider_harvest.portal.as_code.plan.make_plan import read_newest, read_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

#: Seconds for which a source counts as unchanged after it was read: somebody else may change it later.
FRESH = 30.0


class Seen:
    """What is known of a portal's sources; reads no source again that was seen a moment ago.

    :param client: of the portal.
    """

    def __init__(self, client: HarvestClient) -> None:
        self._client = client
        self._listed_at = self._now()
        self._sources = {source.id: source for source in read_sources(client)}
        self._seen_at: dict[str, float] = {}
        self._searched_at: dict[tuple[str | None, str | None], float] = {}

    def alive(self) -> Sequence[HarvestSource]:
        """Return the sources that are not deleted, as last seen."""
        return [source for source in self._sources.values() if source.deleted is None]

    def note(self, source: HarvestSource) -> None:
        """Take a source as the portal has just returned it."""
        self._sources[source.id] = source
        self._seen_at[source.id] = self._now()

    def look(self, source_id: str) -> HarvestSource | None:
        """Return a source as it is now; None if it is deleted or unknown."""
        if self._is_old(self._seen_at.get(source_id, self._listed_at)):
            try:
                self.note(self._client.get_source(source_id))
            except HarvestNotFound:
                self._sources.pop(source_id, None)
        source = self._sources.get(source_id)
        return source if source is not None and source.deleted is None else None

    def of(self, organization: str | None, owner: str | None, *, again: bool = False) -> Sequence[HarvestSource]:
        """Return the sources among which a new one of this owner would be.

        New sources are listed first, so that only what was created since the last time is read.

        :param organization: id of the organization.
        :param owner: id of the user, for a personal source.
        :param again: whether they are read however short ago that was: this apply may have created one unknowingly.
        """
        whose = (organization, owner)
        if again or self._is_old(self._searched_at.get(whose, self._listed_at)):
            self._searched_at[whose] = self._now()
            for source in read_newest(self._client, self._sources, organization=organization, owner=owner):
                self.note(source)
        return self.alive()

    def _is_old(self, when: float) -> bool:
        return self._now() - when > FRESH

    def _now(self) -> float:
        return self._client.clock.monotonic()
