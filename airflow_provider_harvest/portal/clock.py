"""The clock that everything in this package waits by; handed in, so that tests of waiting take no time."""

from __future__ import annotations

import threading
import time
from collections import deque


class Clock:
    """Wall clock, stopwatch and sleep of this machine."""

    def now(self) -> float:
        """Return seconds since the epoch, by this machine's wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring lengths of time."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :param seconds: how long; nothing happens at zero or below.
        """
        if seconds > 0:
            time.sleep(seconds)


#: A portal's clock differs from this machine's by less than this, in seconds: a ``Date`` of 1970 is no clock.
_MAX_SKEW = 24 * 3600.0
#: How many of the last answers decide. One odd ``Date`` among three moves nothing.
_ANSWERS = 3
#: Seconds by which an answer may differ from this machine's clock without being doubted as long as it is alone.
_NOTABLE = 5.0


class PortalClock:
    """Estimates a portal's clock by the ``Date`` of its answers and by the times that it writes; thread-safe.

    A portal may stand behind several fronts, one of them with a wrong clock, so no single answer is believed against
    others: the middle one of the last three counts, of two the one closer to this machine's clock. A time that the
    portal has written into a job is in its past: a clock that shows less is wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=_ANSWERS)
        self._at_least: float | None = None
        self._is_odd = False

    @property
    def is_doubtful(self) -> bool:
        """Whether the clock hangs on fewer than three answers, of which one differs from this machine's clock."""
        with self._lock:
            differs = self._is_odd or any(abs(offset) > _NOTABLE for offset in self._offsets)
            return differs and len(self._offsets) < _ANSWERS

    def says(self, date: float, here: float) -> None:
        """Take the ``Date`` of an answer.

        :param date: seconds since the epoch, by the portal.
        :param here: the same instant by this machine.
        """
        if abs(date - here) < _MAX_SKEW:
            with self._lock:
                self._offsets.append(date - here)
        else:
            self._is_odd = True

    def shows_at_least(self, when: float, here: float) -> None:
        """Take a time that the portal has written.

        :param when: seconds since the epoch, by the portal.
        :param here: this machine's clock now.
        """
        ahead = when - here
        if -_MAX_SKEW < ahead < _MAX_SKEW:
            with self._lock:
                self._at_least = ahead if self._at_least is None else max(self._at_least, ahead)

    def now(self, here: float) -> float | None:
        """Return the portal's clock now, None if nothing is known of it.

        :param here: this machine's clock now.
        """
        with self._lock:
            if not self._offsets:
                return None
            ordered = sorted(self._offsets)
            middle = ordered[1] if len(ordered) == _ANSWERS else min(ordered, key=abs)
            return here + (middle if self._at_least is None else max(middle, self._at_least))
