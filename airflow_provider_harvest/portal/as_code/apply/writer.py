"""The writes of an apply; each checks its effect if the portal's response is unclear; used by the apply only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestRequestRejected
from airflow_provider_harvest.portal.as_code.plan.values import as_sent
from airflow_provider_harvest.portal.sources.confirm_writes import UNCLEAR, telling, write_and_read
from airflow_provider_harvest.portal.sources.guard_note import warn_if_overwritten
from airflow_provider_harvest.portal.sources.moderation import WHO_MODERATES, shows_its_cron
from airflow_provider_harvest.portal.sources.writes import WHO_EDITS, create_once, ignored, in_words
from airflow_provider_harvest.portal.statuses import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_harvest.portal.as_code.apply.pace import Pace
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource


#: Fields that the guard writes, too.
_OF_THE_GUARD = frozenset(("description", "autoarchive"))


class Writer:
    """Writes to a portal's sources, at its pace; each method returns the source as it then is.

    Unlike the flows of :mod:`airflow_provider_harvest.portal.sources.moderation` it says nothing of what a single
    write leaves undone: the next step of the plan does it.

    :param client: of the portal, with a key.
    :param pace: when the next write may be sent.
    """

    def __init__(self, client: HarvestClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    def create(
        self,
        fields: Mapping[str, Any],
        organization: str | None,
        owner_id: str | None,
        find: Callable[[], HarvestSource | None],
        refuse_twin: Callable[[], None],
    ) -> HarvestSource:
        """Create a source; the first arguments are those of :func:`.sources.writes.create_once`.

        :param refuse_twin: called before each try: the portal may have let this wait since the source was searched for.
        """

        def write() -> HarvestSource:
            refuse_twin()
            return create_once(self._client, dict(fields), organization, owner_id, find)

        return self._pace.send(write)

    def configure(self, source: HarvestSource, fields: Mapping[str, Any]) -> HarvestSource:
        """Set these fields of a plan; the others keep their value, and what the guard wrote stays.

        What the guard writes, too, is read right before each try: it may have held the source since it was last seen,
        and only its line in the description says so.
        """
        read_again, before, sent = not _OF_THE_GUARD.isdisjoint(fields), source, as_sent(source, fields)

        def write() -> HarvestSource:
            nonlocal before, sent
            if read_again:
                before = self._client.get_source(source.id)
                sent = as_sent(before, fields)
            return self._client.update_source(source.id, current=before, **sent)

        with telling(WHO_EDITS):
            configured = self._send(
                source,
                write,
                lambda read: not ignored(before, read, sent),
                unclear=(),  # a PUT is repeated by itself
                what=in_words(fields),
            )
        warn_if_overwritten(before, sent, configured)
        return configured

    def accept(self, source: HarvestSource, comment: str | None) -> HarvestSource:
        """Accept a source that is not accepted."""
        # Up to 10.0.5 accepting an inactive source starts a harvest, too; the first response shows which release it is.
        if source.active or not self._client.dialect.slash:
            self._pace.before_accept(source.url)
        with telling(WHO_MODERATES):
            return self._send(
                source,
                lambda: self._client.validate_source(source.id, ACCEPTED, comment),
                lambda read: read.is_accepted,
                what="the acceptance",
                is_whole=shows_its_cron,
            )

    def schedule(self, source: HarvestSource, cron: str | None) -> HarvestSource:
        """Give a source this cron, or none.

        :raises HarvestServerError: also if another source of the same name has a cron, even if that source is
            deleted (9.2.4 names a cron after its source): give the source another name.
        """
        if source.schedule == cron:  # an acceptance may have set the same cron
            return source
        with telling(WHO_MODERATES):
            if cron is None:
                return self._send(
                    source,
                    lambda: self._client.unschedule_source(source.id),
                    lambda read: read.schedule is None,
                    unclear=(*UNCLEAR, HarvestRequestRejected),  # 400: it has no cron any more
                    what=f"the removal of the cron {source.schedule!r}",
                )
            return self._send(
                source,
                lambda: self._client.schedule_source(source.id, cron),
                lambda read: read.schedule == cron,
                what=f"the cron {cron!r}",
            )

    def delete(self, source: HarvestSource) -> None:
        """Mark a source as deleted; the list that an apply ends with shows whether it is."""
        with telling(WHO_EDITS):
            self._pace.send(lambda: self._client.delete_source(source.id))

    def _send(
        self,
        source: HarvestSource,
        write: Callable[[], object],
        is_done: Callable[[HarvestSource], bool],
        **how: Any,
    ) -> HarvestSource:
        return write_and_read(self._client, source.id, lambda: self._pace.send(write), is_done, **how)[0]
