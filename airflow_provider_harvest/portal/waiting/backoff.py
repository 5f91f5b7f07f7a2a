"""How long to pause after failed requests to a portal: one rule for waits, watches and the poll loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_harvest.exceptions import HarvestError

#: Seconds that a pause grows to at most, and that a portal's ``Retry-After`` is obeyed for at most.
MAX_PAUSE, MAX_RETRY_AFTER = 600.0, 3600.0


def pause_after(error: HarvestError, failures: int, interval: float) -> float:
    """Return the seconds to pause: the interval, doubled with each failure in a row, or as long as the portal requests.

    :param error: what the last request failed with.
    :param failures: failures in a row, from 1.
    :param interval: seconds between two requests while all is well.
    """
    return max(min(MAX_PAUSE, interval * 2.0 ** min(failures - 1, 30)), asked_pause(error))


def asked_pause(error: HarvestError) -> float:
    """Return the pause that the portal requests (s), an hour at most; 0 if none."""
    return min(MAX_RETRY_AFTER, getattr(error, "retry_after", None) or 0.0)
