"""Decide whether and when a failed exchange is repeated; called by the transport."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestConnectionError,
    HarvestError,
    HarvestRateLimited,
    HarvestResponseLost,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: Methods that may be carried out twice without harm. POST creates a source, or starts a harvest, each time.
REPEATABLE_METHODS = frozenset({"GET", "PUT", "DELETE"})
#: Statuses of a proxy or a restarting server that pass. 500 is not one: generation A returns it for unknown ids.
PASSING_STATUSES = frozenset({429, 502, 503, 504})


#: Seconds that a ``Retry-After`` counts as at most: a year in it is a mistake.
_MAX_RETRY_AFTER = 24 * 3600.0


def parse_http_date(value: str | None) -> float | None:
    """Return a date from an HTTP header as seconds since the epoch; None if there is none or if it is malformed."""
    if not value:
        return None
    try:
        when = parsedate_to_datetime(value.strip())
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds to wait according to a ``Retry-After`` header, a day at most.

    :param value: seconds or an HTTP date; None and malformed values give None.
    :param now: the portal's clock, in seconds since the epoch: a date is compared with it.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _MAX_RETRY_AFTER)
    when = parse_http_date(text)
    return None if when is None else min(max(0.0, when - now), _MAX_RETRY_AFTER)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently a request is tried again.

    :param attempts: how many times a request is sent at most; 1 never repeats (poll loops have their own budget).
    :param base: seconds of the first delay's upper bound; it doubles with each further one.
    :param cap: seconds that no delay of its own exceeds. A ``Retry-After`` of up to as much is waited for, and up to
        ``base`` seconds more. One beyond it is not: the error is raised and carries it, since an earlier repetition
        makes a rate limit worse.
    """

    attempts: int = 4
    base: float = 1.0
    cap: float = 60.0

    def delay(
        self,
        method: str,
        error: HarvestError,
        attempt: int,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> float | None:
        """Return the seconds to wait before trying again, None if it must not be tried again.

        :param method: HTTP method of the failed request.
        :param error: what it failed with.
        :param attempt: number of attempts made so far, from 1.
        :param uniform: source of randomness (full jitter).
        """
        if attempt >= self.attempts or not may_repeat(method, error):
            return None
        told = getattr(error, "retry_after", None)
        if told is not None:
            # A little later than requested: all clients refused at the same moment got the same time.
            return told + uniform(0.0, self.base) if told <= self.cap else None
        return uniform(0.0, min(self.cap, self.base * 2 ** (attempt - 1)))


def may_repeat(method: str, error: HarvestError) -> bool:
    """Whether sending the same request again can neither do harm nor is known to be useless."""
    if isinstance(error, (HarvestConnectionError, HarvestRateLimited)):
        return True  # nothing was sent, or it was rejected unprocessed
    if method not in REPEATABLE_METHODS:
        return False
    if isinstance(error, HarvestApiError):
        return error.status_code in PASSING_STATUSES
    return isinstance(error, HarvestResponseLost)
