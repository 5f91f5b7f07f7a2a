"""Where harvests stand on request: held before they start, slowed or frozen between items; used by `steering`."""

from __future__ import annotations

import threading


class HarvestGates:
    """Every harvest of the portal passes here; ``steering`` opens and closes it. Safe under threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holding = False
        self._item_delay = 0.0
        self._freeze_before: int | None = None
        self._freezes_left = 0
        self._unfinished = 0
        self._held = 0
        self._delayed = 0
        self._frozen: set[str] = set()

    # What the harvests call

    def task_published(self) -> None:
        """A harvest was put into the queue."""
        with self._changed:
            self._unfinished += 1

    def task_starts(self) -> None:
        """A worker took a harvest: stand here for as long as jobs are held."""
        with self._changed:
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._holding)
            self._held -= 1

    def task_ended(self) -> None:
        """A harvest has ended, or never got into the queue."""
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()

    def before_item(self, job_id: str | None, number: int) -> None:
        """An item is about to begin: take as long as items shall take, then stand if the job is to freeze here.

        :param job_id: The job, or ``None`` for a preview, which never freezes.
        :param number: The item's place in its job, from 1.
        """
        with self._changed:
            self._delayed += 1
            self._changed.wait_for(lambda: not self._item_delay, timeout=self._item_delay)
            self._delayed -= 1
            if job_id is None or number != self._freeze_before or not self._freezes_left:
                return
            self._freezes_left -= 1
            self._frozen.add(job_id)
            self._changed.notify_all()
            self._changed.wait_for(lambda: job_id not in self._frozen)

    # What steering calls

    def hold(self, holding: bool) -> None:
        """Hold harvests back before they create their job, or let them go."""
        with self._changed:
            self._holding = holding
            self._changed.notify_all()

    def delay_items(self, seconds: float) -> None:
        """Let each item take that much longer; also ends the waits in progress if it is 0."""
        with self._changed:
            self._item_delay = seconds
            self._changed.notify_all()

    def freeze_before_item(self, number: int, jobs: int) -> None:
        """Let the next jobs that come to this item stand before it."""
        with self._changed:
            self._freeze_before, self._freezes_left = number, jobs

    def unfreeze(self) -> None:
        """Let every frozen job continue, and freeze no other."""
        with self._changed:
            self._freeze_before, self._freezes_left = None, 0
            self._frozen.clear()
            self._changed.notify_all()

    def wait_until_frozen(self, jobs: int, timeout: float) -> bool:
        """Wait until so many jobs are frozen; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._frozen) >= jobs, timeout)

    def wait_until_held(self, harvests: int, timeout: float) -> bool:
        """Wait until so many harvests are held; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._holding and self._held >= harvests, timeout)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until no harvest is queued or running, frozen ones aside; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished <= len(self._frozen), timeout)

    def state(self) -> dict[str, object]:
        """How many harvests are unfinished, held and in a delayed item, and the jobs that are frozen."""
        with self._changed:
            return {
                "unfinished": self._unfinished,
                "held": self._held if self._holding else 0,
                "delayed": self._delayed,
                "frozen": sorted(self._frozen),
            }
