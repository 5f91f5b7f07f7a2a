"""How many requests an hour a poll loop may send, so that a deployment keeps to what a portal allows."""

from __future__ import annotations

HOUR = 3600.0
#: Seconds of the budget that may be saved up: a burst of ended harvests is read immediately, the hour's total holds.
_SAVED = 300.0


class Budget:
    """Counts requests against an hourly allowance; requests beyond it must wait.

    :param now: seconds, by any clock that only grows.
    """

    def __init__(self, now: float) -> None:
        self._per_hour: float | None = None
        self._owed = 0.0
        self._at = now

    def allow(self, per_hour: float | None) -> None:
        """Set the allowance. After a change of it, what was sent before holds up one request at most.

        :param per_hour: requests an hour; None for no limit.
        """
        if per_hour != self._per_hour:
            self._per_hour = per_hour
            self._owed = min(self._owed, self._at_once)

    @property
    def _at_once(self) -> float:
        """Requests that may be sent one after the other if none was sent for a while."""
        return 0.0 if self._per_hour is None else max(1.0, self._per_hour * _SAVED / HOUR)

    def spend(self, requests: int, now: float) -> None:
        """Note that so many requests were sent; without an allowance they are not owed, however many."""
        self._settle(now)
        if self._per_hour is not None:
            self._owed += requests

    def wait(self, now: float) -> float:
        """Return the seconds until another request may be sent, 0 when one may be sent now."""
        if self._per_hour is None:
            return 0.0
        self._settle(now)
        over = self._owed - self._at_once + 1.0
        return max(0.0, over * HOUR / self._per_hour)

    def _settle(self, now: float) -> None:
        if self._per_hour is not None:
            self._owed = max(0.0, self._owed - (now - self._at) * self._per_hour / HOUR)
        self._at = now
