"""The clock that everything in this package waits by; handed in, so that tests of waiting take no time."""

from __future__ import annotations

import time


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
