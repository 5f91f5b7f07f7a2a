"""The archiving of the source of a guarded run: off while its harvest runs, on again if none follows.

Loaded when a task runs. For a run that is not guarded it does nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound
from airflow_provider_harvest.operators._log_lines import LineLog
from airflow_provider_harvest.operators._request_claims import RESPECTED, SETTLE
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.guard.hold_and_release import is_held
from airflow_provider_harvest.portal.text.words import spell
from airflow_provider_harvest.portal.waiting.which_job import now_there

if TYPE_CHECKING:
    from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.hold_decision import LossThresholds
    from airflow_provider_harvest.portal.models import HarvestSource

log = LineLog(logging.getLogger(__name__))


class GuardedSource:
    """The source of one try of the run operator.

    :param client: of the portal.
    :param source_id: the source.
    :param thresholds: above which a loss is too large; None if the run is not guarded.
    :param memory: what survives the try; it says whether the run has compared a harvest already, so that the next one
        archives what is due.
    :param source: the source, if this try has read it.
    """

    def __init__(
        self,
        client: HarvestClient,
        source_id: str,
        thresholds: LossThresholds | None,
        memory: TaskMemory,
        source: HarvestSource | None = None,
    ) -> None:
        self.thresholds = thresholds
        self.may_archive = memory.intent.may_archive and thresholds is not None
        #: Whether archiving is off for a harvest that has not been compared yet, as far as this try knows.
        self.is_held = self.is_on and source is not None and is_held(source)
        self._client, self._source_id, self._memory = client, source_id, memory
        self._off_at: float | None = None
        #: When the hold of another harvest began that is waited for.
        self._awaited: float | None = None
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
        self.is_held = True
        off_at = now_there(self._client)  # before the pause: a harvest that begins in it may not archive either
        self._client.clock.sleep(SETTLE)
        if guarded_run.ahead_since(self._client, self._source_id) != at.timestamp():
            return False
        self._own = at.timestamp(), at.timestamp()
        self._off_at = off_at
        return True

    def is_about_to_be_used(self) -> bool:
        """Whether archiving was just switched off for another harvest, which may not show yet, or may be refused.

        Also if this task did so before it was cleared: its former request may be in the portal's queue, and Airflow may
        not have ended its former process yet. Two harvests of one source at a time duplicate datasets.
        """
        if not self.is_on or self.is_off_by_this_try:
            return False
        at = guarded_run.ahead_since(self._client, self._source_id)
        if at is None or (self._own is not None and self._own[0] <= at <= self._own[1]):
            return False
        age = now_there(self._client) - at
        if age >= RESPECTED:
            return False
        if at != self._awaited:
            self._awaited = at
            log.info(
                "Source %s: autoarchive was switched off %s ago for a harvest that does not show yet, by another task "
                "or by an earlier try of this one. Waiting for that harvest, for %s at most.",
                self._source_id,
                spell(age),
                spell(RESPECTED - age),
            )
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
            if self._own is not None or not self._memory.is_durable:
                guarded_run.give_up(self._client, self._source_id, *(self._own or ()))
                self.is_held = False
        except HarvestNotFound as error:
            log.debug("Source %s is gone, and its hold with it: %s", self._source_id, error)
        except HarvestError as error:
            self.warn_if_off(f"It could not be switched on again: {error}")
        self._off_at = None

    def warn_if_off(self, why: str) -> None:
        """Log that archiving is off when the task ends, until when, and what a person can do. Never raises.

        :param why: a sentence.
        """
        is_certain = self.is_off_by_this_try
        try:
            if not is_held(self._client.get_source(self._source_id)):
                return
            is_certain = True
        except HarvestNotFound:
            return
        except HarvestError as error:
            log.debug("Source %s cannot be read: %s", self._source_id, error)
        self._say_off(why, is_certain=is_certain)

    def warn_of_stop(self) -> None:
        """Log that archiving is off when Airflow stops the task. It sends nothing: the task is killed soon."""
        if self.is_held and self.is_on:
            self._say_off(guarded_run.NOT_COMPARED, is_certain=self.is_off_by_this_try)

    def _say_off(self, why: str, *, is_certain: bool) -> None:
        page = self._client.source_url(self._source_id)
        log.warning("%s", guarded_run.still_off(self._source_id, page, why, is_certain=is_certain))

    def _remembered(self) -> tuple[float, float] | None:
        """Return when an earlier try began to hold the source, if one did: it wrote its line soon after that."""
        began = self._memory.intent.held_from
        # The portal's clock is known to the second only, so that the line may show an earlier time.
        return None if began is None else (began - SETTLE, began + RESPECTED)
