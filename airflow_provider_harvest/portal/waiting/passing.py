"""Which failed looks at a portal may pass by themselves: one table for waits, sensors, the poller and event triggers.

A proxy, a firewall or a maintenance page answers in the portal's place now and then. Such an answer is believed only
when it is seen again in the looks that follow; pure, no I/O.
"""

from __future__ import annotations

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestAuthError,
    HarvestConnectionError,
    HarvestError,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestUnavailable,
)

#: What a passing fault of the portal looks like, however often it is seen. Whoever waits has a budget of such looks.
PASSING = (
    HarvestConnectionError,
    HarvestResponseLost,
    HarvestServerError,
    HarvestRateLimited,
    HarvestUnavailable,
    HarvestProtocolError,
)
#: Statuses below 500 that speak of the moment and not of the request: timeout, too early, too many requests.
_PASSING_STATUSES = frozenset({408, 425, 429})
#: What is believed when it is seen again.
_DOUBTFUL = (HarvestAuthError, HarvestNotFound, HarvestRedirected, HarvestRequestRejected)

#: Times in a row that an answer of the API itself is seen before it is believed, and one that came from elsewhere: a
#: web page or a redirect, as a maintenance site answers for some minutes.
_API_TIMES, _PAGE_TIMES = 2, 5


def is_passing(error: Exception) -> bool:
    """Whether a failed look says nothing of what was looked for, however often it is repeated."""
    if isinstance(error, HarvestNotFound) and error.is_page:
        return True
    if isinstance(error, HarvestApiError) and error.status_code in _PASSING_STATUSES:
        return True
    return isinstance(error, PASSING)


def concerns_all(error: Exception) -> bool:
    """Whether a failed look speaks for the whole portal: another request would hardly fare better."""
    if isinstance(error, (HarvestConnectionError, HarvestRateLimited, HarvestUnavailable)):
        return True
    return isinstance(error, HarvestServerError) and (error.status_code == 503 or error.retry_after is not None)


def times_until_believed(error: Exception) -> int | None:
    """Return how many times in a row an answer is seen before it is believed.

    :param error: what a look failed with.
    :returns: 1 for what no further look mends; None for what is never believed.
    """
    if is_passing(error):
        return None
    if not isinstance(error, _DOUBTFUL):
        return 1
    return _PAGE_TIMES if came_from_elsewhere(error) else _API_TIMES


def came_from_elsewhere(error: Exception) -> bool:
    """Whether an answer is a redirect or a page, and so perhaps not the portal's own."""
    if isinstance(error, HarvestRedirected):
        return True
    return isinstance(error, HarvestApiError) and isinstance(error.payload, str) and bool(error.payload)


class Doubts:
    """Counts how often the same odd answer was seen in a row."""

    def __init__(self) -> None:
        self._last: tuple[type, int] | None = None
        self._times = 0

    def believes(self, error: HarvestError) -> bool:
        """Take a failed look into account; return whether it is to be believed now."""
        needed = times_until_believed(error)
        if needed is None:
            self.answered()
            return False
        kind = (type(error), getattr(error, "status_code", 0))
        self._times = self._times + 1 if kind == self._last else 1
        self._last = kind
        return self._times >= needed

    def answered(self) -> None:
        """Forget: the portal has answered, or failed in another way."""
        self._last, self._times = None, 0
