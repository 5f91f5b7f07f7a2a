"""Which errors Airflow may retry, and what a task says about it; used by all tasks of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import AirflowFailException
from airflow_provider_harvest.exceptions import (
    HarvestApplyIncomplete,
    HarvestAuthError,
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestOutcomeRejected,
    HarvestPlanStale,
    HarvestPortalUnhealthy,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestSourceNotRunnable,
    HarvestSourcesDrifted,
    HarvestWriteIgnored,
)

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context

#: Errors that a repeated request would cause again.
_FINAL = (
    HarvestInvalidInput,
    HarvestAuthError,
    HarvestNotFound,
    HarvestRequestRejected,
    HarvestRedirected,
    HarvestSourceNotRunnable,
    HarvestWriteIgnored,
    HarvestPlanStale,
    HarvestSourcesDrifted,
    HarvestPortalUnhealthy,
)


class HarvestFailException(AirflowFailException):
    """Fails the task without a retry, since a retry would fail in the same way.

    :param error: what went wrong.
    """

    def __init__(self, error: HarvestError | str) -> None:
        super().__init__(str(error))
        self.error = error

    @property
    def result(self) -> dict[str, Any]:
        """The result dict of a harvest that did not meet the criteria, else an empty one."""
        return getattr(self.error, "result", {})


def is_final(error: HarvestError) -> bool:
    """Whether a retry of the task would fail with the same error.

    A harvest that failed since the portal could not reach the remote catalogue, and a preview that took too long, are
    worth another try, unless only the portal itself may start one.
    """
    if isinstance(error, HarvestOutcomeRejected):
        may_pass = error.result.get("failure_kind") in ("remote_unreachable", "unreadable", "timeout")
        return not may_pass or error.result.get("how") == "waited"
    if isinstance(error, HarvestApplyIncomplete):
        return not error.again
    return isinstance(error, _FINAL)


def retry_sentence(context: Context, final: bool) -> str:
    """Return whether Airflow will try this task again, as a sentence.

    :param final: whether the error is one that a retry would not mend.
    """
    ti: Any = context.get("ti")
    tried, allowed = getattr(ti, "try_number", None), getattr(ti, "max_tries", None)
    if final:
        return "Airflow does not retry this, since a retry would fail in the same way. Clear the task to harvest again."
    if isinstance(tried, int) and isinstance(allowed, int) and tried <= allowed:
        return f"Airflow retries this (try {tried} of {allowed + 1})."
    return "Airflow does not retry this: no retries are left."
