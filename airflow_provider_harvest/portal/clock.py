"""The clock of all waits in this package; passed as an argument, so that tests of waiting take no time."""

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


#: A portal's clock differs from this machine's by less than this, in seconds: a ``Date`` of 1970 is not a clock.
_MAX_SKEW = 24 * 3600.0
#: How many of the last responses decide. One wrong ``Date`` among three changes nothing.
_ANSWERS = 3
#: Seconds by which a single response may differ from this machine's clock without being doubted.
_NOTABLE = 5.0


class PortalClock:
    """Estimates a portal's clock from the ``Date`` of its responses and from the times in its records; thread-safe.

    A portal may be behind several front servers, one of them with a wrong clock, so no single response is trusted
    against others: the middle one of the last three counts, of two the one closer to this machine's clock. A time that
    the portal has written into a job is in its past: a clock that shows less is wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=_ANSWERS)
        self._at_least: float | None = None
        self._is_odd = False

    @property
    def is_doubtful(self) -> bool:
        """Whether the clock depends on fewer than three responses, of which one differs from this machine's clock."""
        with self._lock:
            differs = self._is_odd or any(abs(offset) > _NOTABLE for offset in self._offsets)
            return differs and len(self._offsets) < _ANSWERS

    def says(self, date: float, here: float) -> None:
        """Add the ``Date`` of a response.

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
        """Return the portal's time now, None if it is unknown.

        :param here: this machine's clock now.
        """
        with self._lock:
            if not self._offsets:
                return None
            ordered = sorted(self._offsets)
            middle = ordered[1] if len(ordered) == _ANSWERS else min(ordered, key=abs)
            return here + (middle if self._at_least is None else max(middle, self._at_least))


#: Two clocks closer than this, in seconds, count as one: a ``Date`` header has whole seconds.
SAME_CLOCK = 1.0


def on_portal_clock(when: float, here: float, portal: float) -> float:
    """Return a time that a user gave as the portal's clock shows it.

    :param when: seconds since the epoch, by this machine.
    :param here: this machine's clock now.
    :param portal: the portal's clock now.
    """
    skew = portal - here
    return when + skew if abs(skew) > SAME_CLOCK else when
