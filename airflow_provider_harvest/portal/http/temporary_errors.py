"""Which failed polls of a portal may be temporary: one table for waits, sensors, the poller and event triggers.

A proxy, a firewall or a maintenance page sometimes responds instead of the portal. Such a response counts only if the
next polls repeat it.
"""

from __future__ import annotations

from collections import Counter

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestAuthError,
    HarvestConnectionError,
    HarvestError,
    HarvestNotFound,
    HarvestPortalUnreachable,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestUnavailable,
)

#: Temporary faults of a portal, however often they are seen. Each wait has a budget of such polls.
PASSING = (
    HarvestConnectionError,
    HarvestResponseLost,
    HarvestServerError,
    HarvestRateLimited,
    HarvestUnavailable,
    HarvestProtocolError,
    HarvestPortalUnreachable,
)
#: Statuses below 500 that are about the moment and not about the request: timeout, too early, too many requests.
_PASSING_STATUSES = frozenset({408, 425, 429})
#: Errors that count when they are seen again.
_DOUBTFUL = (HarvestAuthError, HarvestNotFound, HarvestRedirected, HarvestRequestRejected)

#: Times in a row that a response of the API itself is seen before it counts, and one from elsewhere: a
#: web page or a redirect, as from a maintenance site for some minutes.
_API_TIMES, _PAGE_TIMES = 2, 5


def is_passing(error: Exception) -> bool:
    """Whether a failed poll says nothing about its object, however often it is repeated."""
    if isinstance(error, HarvestNotFound) and error.is_page:
        return True
    if isinstance(error, HarvestApiError) and error.status_code in _PASSING_STATUSES:
        return True
    return isinstance(error, PASSING)


def concerns_all(error: Exception) -> bool:
    """Whether a failed poll concerns the whole portal: another request would hardly succeed."""
    if isinstance(error, (HarvestConnectionError, HarvestRateLimited, HarvestUnavailable)):
        return True
    return isinstance(error, HarvestServerError) and (error.status_code == 503 or error.retry_after is not None)


def times_until_believed(error: Exception) -> int | None:
    """Return how many times in a row a response must be seen before it counts.

    :param error: the error of a poll.
    :returns: 1 for a response that no further poll changes; None for one that never counts.
    """
    if is_passing(error):
        return None
    if not isinstance(error, _DOUBTFUL):
        return 1
    return _PAGE_TIMES if came_from_elsewhere(error) else _API_TIMES


def came_from_elsewhere(error: Exception) -> bool:
    """Whether a response is a redirect or a page, and so perhaps not the portal's own."""
    if isinstance(error, HarvestRedirected):
        return True
    return isinstance(error, HarvestApiError) and isinstance(error.payload, str) and bool(error.payload)


class Doubts:
    """Counts how often the same unexpected response was seen since the last one that was not unexpected.

    Two front servers may refuse in two ways, in turn: each counts for itself.
    """

    def __init__(self) -> None:
        self._times: Counter[tuple[type, int]] = Counter()

    def believes(self, error: HarvestError) -> bool:
        """Count a failed poll; return whether it counts as true now."""
        needed = times_until_believed(error)
        if needed is None:
            self.answered()
            return False
        kind = (type(error), getattr(error, "status_code", 0))
        self._times[kind] += 1
        return self._times[kind] >= needed

    def answered(self) -> None:
        """Forget: the portal has responded, or failed in another way."""
        self._times.clear()
