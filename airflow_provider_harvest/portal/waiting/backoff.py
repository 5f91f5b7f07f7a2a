"""How long to pause after failures: one rule for waits, watches, the poll loop and the store of connections."""

from __future__ import annotations

from airflow_provider_harvest.exceptions import HarvestError, HarvestRateLimited

#: Seconds that a pause grows to at most, and that a portal's ``Retry-After`` is obeyed for at most.
MAX_PAUSE, MAX_RETRY_AFTER = 600.0, 3600.0


def grown(failures: int, first: float, longest: float = MAX_PAUSE) -> float:
    """Return the seconds to pause: the first pause, doubled with each further failure in a row.

    :param failures: in a row, from 1.
    :param first: seconds after the first one.
    :param longest: seconds at most; 600.
    """
    return min(longest, first * 2.0 ** min(failures - 1, 30))


def pause_after(error: HarvestError, failures: int, interval: float) -> float:
    """Return the seconds to pause: the interval, doubled with each failure in a row, or as long as the portal requests.

    :param error: what the last request failed with.
    :param failures: failures in a row, from 1.
    :param interval: seconds between two requests while all is well.
    """
    return max(grown(failures, interval), asked_pause(error))


def asked_pause(error: Exception) -> float:
    """Return the pause that the portal requests (s), an hour at most; 0 if none."""
    return min(MAX_RETRY_AFTER, getattr(error, "retry_after", None) or 0.0)


def pause_of_all(error: HarvestError, failures: int, interval: float) -> float:
    """Return the seconds in which nobody should send this portal a request; 0 unless it requested a pause.

    :param error: what the last request failed with.
    :param failures: failures in a row, from 1.
    :param interval: seconds between two requests while all is well.
    """
    return pause_after(error, failures, interval) if isinstance(error, HarvestRateLimited) else asked_pause(error)
