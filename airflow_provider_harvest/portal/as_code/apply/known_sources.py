"""The sources as an apply last saw them: listed once, then updated from the responses to its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestNotFound
from airflow_provider_harvest.portal.as_code.plan.find_planned import SourceIndex
from airflow_provider_harvest.portal.as_code.plan.make_plan import read_newest, read_sources

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

#: Seconds for which a source counts as unchanged after it was read: somebody else may change it later.
FRESH = 30.0


class KnownSources:
    """What is known of a portal's sources; reads no source again that was seen a moment ago.

    :param client: of the portal.
    :ivar index: the sources, as last seen.
    """

    def __init__(self, client: HarvestClient) -> None:
        self._client = client
        self._listed_at = self._now()
        self.index = SourceIndex(read_sources(client))
        self._seen_at: dict[str, float] = {}
        self._searched_at: dict[tuple[str | None, str | None], float] = {}
        # What a list has shown. A source of a response is not among it: others may have created some before it.
        self._listed = {source.id for source in self.index.all()}

    def note(self, source: HarvestSource) -> None:
        """Take a source as the portal has just returned it."""
        self.index.put(source)
        self._seen_at[source.id] = self._now()

    def look(self, source_id: str) -> HarvestSource | None:
        """Return a source as it is now; None if it is deleted or unknown."""
        if self._is_old(self._seen_at.get(source_id, self._listed_at)):
            try:
                self.note(self._client.get_source(source_id))
            except HarvestNotFound as error:
                if error.is_page:  # a proxy's page says nothing about the source
                    raise
                self.index.drop(source_id)
        return self.index.get(source_id)

    def search(self, organization: str | None, owner: str | None, *, again: bool = False) -> None:
        """Read which sources of an owner somebody has created since they were last listed.

        New sources are listed first, so that only those are read, and one that was there already.

        :param organization: id of the organization.
        :param owner: id of the user, for a personal source.
        :param again: whether they are read however short ago that was: this apply may have created one unknowingly.
        """
        whose = (organization, owner)
        if not again and not self._is_old(self._searched_at.get(whose, self._listed_at)):
            return
        began = self._now()
        newest = list(read_newest(self._client, self._listed, organization=organization, owner=owner))
        for source in newest:
            self.note(source)
        # Only after the whole search: one that failed has not shown what is older than its last page.
        self._listed.update(source.id for source in newest)
        self._searched_at[whose] = began

    def _is_old(self, when: float) -> bool:
        return self._now() - when > FRESH

    def _now(self) -> float:
        return self._client.clock.monotonic()
