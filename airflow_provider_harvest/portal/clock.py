"""The clock of all waits in this package; passed as an argument, so that tests of waiting take no time."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    the portal has written into a job is in its past: a clock that shows less is wrong, unless this machine's clock
    agrees with it, since a worker of the portal may be ahead.

    What is kept is how far the portal is ahead of this machine, so a jump of this machine's clock must be noticed: it
    is what the clock has moved and the stopwatch has not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=_ANSWERS)
        #: The one of these that counts.
        self._middle: float | None = None
        self._at_least: float | None = None
        self._is_odd = False
        #: This machine's clock less its stopwatch, as of the last response.
        self._base: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether the clock depends on fewer than three responses, of which one differs from this machine's clock."""
        with self._lock:
            differs = self._is_odd or any(abs(offset) > _NOTABLE for offset in self._offsets)
            return differs and len(self._offsets) < _ANSWERS

    def says(self, date: float, here: float, stopwatch: float | None = None) -> None:
        """Add the ``Date`` of a response.

        :param date: seconds since the epoch, by the portal.
        :param here: the same instant by this machine.
        :param stopwatch: the same by its stopwatch; default: this machine's clock has not jumped.
        """
        with self._lock:
            if self._jump(here, stopwatch):  # what was known before it is not comparable
                self._offsets.clear()
                self._at_least = None
            if stopwatch is not None:
                self._base = here - stopwatch
            if abs(date - here) < _MAX_SKEW:
                self._offsets.append(date - here)
            else:
                self._is_odd = True
            ordered = sorted(self._offsets)
            self._middle = ordered[1] if len(ordered) == _ANSWERS else min(ordered, key=abs, default=None)

    def shows_at_least(self, times: Iterable[float], here: float) -> None:
        """Take times that the portal has written.

        :param times: seconds since the epoch, by the portal.
        :param here: this machine's clock now.
        """
        newest = max((when for when in times if -_MAX_SKEW < when - here < _MAX_SKEW), default=None)
        if newest is not None:
            with self._lock:
                self._at_least = max(newest - here, newest - here if self._at_least is None else self._at_least)

    def now(self, here: float, stopwatch: float | None = None) -> float | None:
        """Return the portal's time now, None if it is unknown.

        :param here: this machine's clock now.
        :param stopwatch: its stopwatch now; default: this machine's clock has not jumped.
        """
        with self._lock:
            if self._middle is None:
                return None
            proved = self._middle if self._at_least is None else min(self._at_least, 0.0)
            return here - self._jump(here, stopwatch) + max(self._middle, proved)

    def _jump(self, here: float, stopwatch: float | None) -> float:
        """Return by how many seconds this machine's clock has jumped since the last response."""
        if stopwatch is None or self._base is None:
            return 0.0
        jump = here - stopwatch - self._base
        return jump if abs(jump) > _NOTABLE else 0.0


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
