"""What happens instead of a request for a harvest, and after a failed one; for the run operator and the command.

Both keep one promise: a harvest that began after the request has ended, and none was knowingly requested twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestConnectionError,
    HarvestNotFound,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestSourceBusy,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.statuses import ATTACH, ATTACHED, BLOCKED, FAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

#: Errors of a request after which it was certainly not carried out.
NOT_CARRIED_OUT = (
    HarvestConnectionError,
    HarvestRateLimited,
    HarvestUnavailable,
    HarvestAuthError,
    HarvestRequestRejected,
    HarvestRedirected,
    HarvestNotFound,
)
_UNAUTHORIZED = 401


def join_or_let_end(
    client: HarvestClient,
    source: HarvestSource,
    running: Sequence[HarvestJob],
    if_running: str,
    say: Callable[[str], object],
) -> tuple[Literal["attached", "blocked"], str]:
    """Return what a running job means for a request, and its id: it is waited for instead of it, or before it.

    :param client: of the portal.
    :param source: the source.
    :param running: its running jobs, newest first; at least one.
    :param if_running: ``wait``, ``attach`` or ``fail``.
    :param say: takes a sentence about it.
    :raises HarvestSourceBusy: for ``fail``.
    """
    oldest = str(running[-1].id)
    if if_running == FAIL:
        raise HarvestSourceBusy(
            f"Job {oldest} of source {source.name!r} is running ({client.job_url(source.id, oldest)}), and "
            "if_running='fail' is set."
        )
    if if_running == ATTACH:
        say(f"Job {oldest} is running: no other harvest is requested.")
        return ATTACHED, oldest
    say(f"Job {oldest} of this source is running and may have read the old catalogue: it must end first.")
    return BLOCKED, oldest


def is_refused(error: Exception) -> bool:
    """Whether the portal does not let this key start a harvest, so that only its own harvests can be waited for.

    :param error: of the request. A wrong key (401) is wrong for everything.
    """
    return isinstance(error, (HarvestAuthError, HarvestRequestRejected)) and error.status_code != _UNAUTHORIZED
