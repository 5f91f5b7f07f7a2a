"""The archiving of the source of a guarded run: off while its harvest runs, on again if none follows.

Loaded when a task runs. For a run that is not guarded it does nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.waiting.which_job import now_there

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.hold_decision import LossThresholds
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)


class GuardedSource:
    """The source of one try of the run operator.

    :param client: of the portal.
    :param source_id: the source.
    :param thresholds: above which a loss is too large; None if the run is not guarded.
    :param may_archive: whether the run has compared a harvest already, and the next one archives what is due.
    """

    def __init__(
        self, client: HarvestClient, source_id: str, thresholds: LossThresholds | None, may_archive: bool
    ) -> None:
        self.thresholds = thresholds
        self.may_archive = may_archive and thresholds is not None
        self._client, self._source_id = client, source_id
        self._off_at: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether the next harvest must not archive."""
        return self.thresholds is not None and not self.may_archive

    @property
    def is_off_by_this_try(self) -> bool:
        """Whether this try has switched archiving off."""
        return self._off_at is not None

    def begin(self) -> bool:
        """Switch archiving off if the next harvest must not archive; return whether this call did it."""
        if not self.is_on or self.is_off_by_this_try or not guarded_run.begin(self._client, self._source_id):
            return False
        self._off_at = now_there(self._client)
        return True

    def off_since(self, source: HarvestSource) -> float | None:
        """Return from when on a harvest that others start counts: it must have read that it may not archive.

        :param source: as read by this try.
        :returns: seconds since the epoch by the portal's clock; None if archiving is on.
        """
        if not self.is_on:
            return 0.0
        return guarded_run.off_since(source) if self._off_at is None else self._off_at

    def give_up(self) -> None:
        """Undo :meth:`begin`, since no harvest follows. Never raises: the reason for it is raised."""
        try:
            guarded_run.give_up(self._client, self._source_id)
        except HarvestError as error:
            if self.is_off_by_this_try:
                log.warning("Source %s: autoarchive is still off: %s", self._source_id, error)
        self._off_at = None
