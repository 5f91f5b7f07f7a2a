"""The archiving of the source of a guarded run: off while its harvest runs, on again if none follows.

Loaded when a task runs. For a run that is not guarded it does nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.operators._request_claims import RESPECTED, SETTLE
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.waiting.which_job import now_there

if TYPE_CHECKING:
    from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.hold_decision import LossThresholds
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)


class GuardedSource:
    """The source of one try of the run operator.

    :param client: of the portal.
    :param source_id: the source.
    :param thresholds: above which a loss is too large; None if the run is not guarded.
    :param memory: what survives the try; it says whether the run has compared a harvest already, so that the next one
        archives what is due.
    """

    def __init__(
        self, client: HarvestClient, source_id: str, thresholds: LossThresholds | None, memory: TaskMemory
    ) -> None:
        self.thresholds = thresholds
        self.may_archive = memory.intent.may_archive and thresholds is not None
        self._client, self._source_id, self._memory = client, source_id, memory
        self._off_at: float | None = None
        #: When the hold of this task began, at the earliest and the latest: no other may be ended by it.
        self._own = self._remembered()

    @property
    def is_on(self) -> bool:
        """Whether the next harvest must not archive."""
        return self.thresholds is not None and not self.may_archive

    @property
    def is_off_by_this_try(self) -> bool:
        """Whether this try has switched archiving off."""
        return self._off_at is not None

    def begin(self) -> bool:
        """Switch archiving off if the next harvest must not archive; return whether this call did it.

        Of two tasks that do so at one time, the one whose line stays has done it.
        """
        if not self.is_on or self.is_off_by_this_try:
            return False
        self._memory.note(replace(self._memory.intent, held_from=now_there(self._client)))
        at = guarded_run.begin(self._client, self._source_id)
        if at is None:
            return False
        off_at = now_there(self._client)  # before the pause: a harvest that begins in it may not archive either
        self._client.clock.sleep(SETTLE)
        if guarded_run.ahead_since(self._client, self._source_id) != at.timestamp():
            return False
        self._own = at.timestamp(), at.timestamp()
        self._off_at = off_at
        return True

    def is_about_to_be_used(self) -> bool:
        """Whether another task has just switched archiving off: its harvest may not show yet, or may be refused."""
        if not self.is_on or self.is_off_by_this_try:
            return False
        at = guarded_run.ahead_since(self._client, self._source_id)
        if at is None or now_there(self._client) - at >= RESPECTED:
            return False
        return self._own is None or not self._own[0] <= at <= self._own[1]

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
            if self._own is not None or not self._memory.is_durable:
                guarded_run.give_up(self._client, self._source_id, *(self._own or ()))
        except HarvestError as error:
            if self.is_off_by_this_try:
                log.warning("Source %s: autoarchive is still off: %s", self._source_id, error)
        self._off_at = None

    def _remembered(self) -> tuple[float, float] | None:
        """Return when an earlier try began to hold the source, if one did: it wrote its line soon after that."""
        began = self._memory.intent.held_from
        # The portal's clock is known to the second only, so that the line may show an earlier time.
        return None if began is None else (began - SETTLE, began + RESPECTED)
