"""Read from a portal that may be down for a while: what a wait tolerates, for reads before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow_provider_harvest.exceptions import HarvestError, HarvestPortalUnreachable
from airflow_provider_harvest.portal.http.temporary_errors import Doubts
from airflow_provider_harvest.portal.waiting.backoff import pause_after
from airflow_provider_harvest.portal.waiting.which_job import now_there

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient

T = TypeVar("T")


def read_patiently(
    read: Callable[[], T],
    client: HarvestClient,
    *,
    interval: float,
    max_failures: int,
    until: float | None,
    say: Callable[[str], object],
) -> T:
    """Return what a function reads, and repeat it while the portal is down.

    :param read: sends the requests; it may be called again after it failed.
    :param client: of the portal; its clock is used.
    :param interval: seconds of the first pause.
    :param max_failures: failures in a row that are tolerated.
    :param until: no pause lasts beyond this time, in seconds since the epoch by the portal's clock; None sets no end.
    :param say: takes a sentence about each failure that is tolerated.
    :raises HarvestPortalUnreachable: if the portal is down for longer.
    :raises HarvestError: for an error that will not pass by waiting, once it is seen often enough to count.
    """
    doubts, failures = Doubts(), 0
    while True:
        try:
            return read()
        except HarvestError as error:
            if doubts.believes(error):
                raise
            failures += 1
            pause = pause_after(error, failures, interval)
            is_late = until is not None and now_there(client) + pause > until
            if failures > max_failures or is_late:
                times = "once" if failures == 1 else f"{failures} times in a row; the last time"
                late = " There is no time left to try again." if is_late else ""
                raise HarvestPortalUnreachable(f"The portal could not be read {times}: {error}{late}") from error
            say(f"{error} Trying again ({failures} of {max_failures} failures).")
            client.clock.sleep(pause)
