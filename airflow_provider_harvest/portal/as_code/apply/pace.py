"""Waits between the writes of an apply, and after a portal says that it gets too many; used by the apply only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_harvest.exceptions import HarvestRateLimited
from airflow_provider_harvest.portal.as_code.plan.windows import host_of
from airflow_provider_harvest.portal.text.words import spell

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.clock import Clock

T = TypeVar("T")

#: Seconds to wait if a portal rejects a write (429) and does not say for how long.
_UNTOLD = 60.0
#: How often one write is tried while it is rejected.
_MAX_TRIES = 20


@dataclass(frozen=True)
class Pacing:
    """How fast an apply may be.

    :param write_interval: seconds between two writes; 0.1 by default.
    :param accept_interval: seconds between two acceptances that start a harvest of the same remote host, 30 by default:
        each acceptance of an active source does, and up to 10.0.5 that of an inactive one.
    :param patience: seconds that a ``Retry-After`` is waited for at most; 600 by default. Some portals let a key create
        two sources a minute, others ten a day: those of the next day are left for another apply.
    """

    write_interval: float = 0.1
    accept_interval: float = 30.0
    patience: float = 600.0


class Pace:
    """Sends writes at a portal's own pace.

    :param clock: what is waited by.
    :param limits: how fast it may be.
    :param told: called with a sentence before each longer wait.
    """

    def __init__(self, clock: Clock, limits: Pacing, told: Callable[[str], object]) -> None:
        self._clock = clock
        self._limits = limits
        self._told = told
        self._next_write = clock.monotonic()
        self._next_accept: dict[str, float] = {}

    def wait(self) -> None:
        """Wait until the next write may be sent, so that what is read after this is read right before it."""
        self._wait_until(self._next_write, None)

    def before_accept(self, url: str) -> None:
        """Wait until the acceptance of a source may start a harvest of its host.

        :param url: of the source.
        """
        host = host_of(url)
        self._wait_until(self._next_accept.get(host, 0.0), f"so that {host} is not harvested many times at once")
        self._next_accept[host] = self._clock.monotonic() + self._limits.accept_interval

    def send(self, write: Callable[[], T]) -> T:
        """Send a write; repeat it if the portal rejected it and says when to come back.

        :raises HarvestRateLimited: if that is later than the patience allows.
        """
        for attempt in range(1, _MAX_TRIES + 1):
            self._wait_until(self._next_write, None)
            self._next_write = self._clock.monotonic() + self._limits.write_interval
            try:
                return write()
            except HarvestRateLimited as error:
                pause = _UNTOLD if error.retry_after is None else error.retry_after
                if pause > self._limits.patience or attempt == _MAX_TRIES:
                    raise
                self._next_write = self._clock.monotonic() + pause
                self._wait_until(self._next_write, "as the portal requested")
        raise AssertionError("the last attempt returns or raises")

    def _wait_until(self, moment: float, why: str | None) -> None:
        pause = moment - self._clock.monotonic()
        if pause <= 0:
            return
        if why is not None:
            self._told(f"waits {spell(pause)}, {why}")
        self._clock.sleep(pause)
