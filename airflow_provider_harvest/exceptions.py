"""The errors of this package: one class per handling strategy; raised by all layers, caught by DAG authors.

Each takes one sentence and keeps its data as attributes. None of them is an ``AirflowException``:
Airflow turns those into *skipped* under ``soft_fail``, also when the key is wrong. ``HarvestInvalidInput`` is a
``ValueError``, too.

::

    HarvestError
      · HarvestInvalidInput
      · HarvestApiError
        · HarvestAuthError
        · HarvestNotFound
        · HarvestRequestRejected
        · HarvestUnavailable
        · HarvestRateLimited
        · HarvestServerError
      · HarvestConnectionError
      · HarvestResponseLost
        · HarvestAnswerTimeout
      · HarvestRedirected
      · HarvestProtocolError
      · HarvestSourceNotRunnable
      · HarvestWriteIgnored
      · HarvestSourceBusy
      · HarvestJobNotStarted
      · HarvestJobStalled
      · HarvestTimeout
      · HarvestPortalUnreachable
      · HarvestOutcomeRejected
      · HarvestPortalUnhealthy
      · HarvestSourcesDrifted
      · HarvestPlanStale
      · HarvestApplyIncomplete
"""

from __future__ import annotations

from typing import Any


class HarvestError(Exception):
    """Root of all errors of this package.

    :param message: the whole sentence.
    :param brief: the sentence for who has read the rest in the log, or is about to; default: the whole.
    """

    def __init__(self, message: str = "", *, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


class HarvestInvalidInput(HarvestError, ValueError):
    """An argument is invalid; nothing was sent."""


# --- failed HTTP exchanges ---------------------------------------------------------------------------------------


class HarvestApiError(HarvestError):
    """The portal responded with an error.

    :param message: the whole sentence.
    :param status_code: HTTP status of the response.
    :param method: HTTP method of the request.
    :param url: URL of the request; it never holds a key.
    :param payload: the decoded JSON body, or the first characters of another body.
    """

    def __init__(
        self, message: str, *, status_code: int = 0, method: str = "", url: str = "", payload: object = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.method = method
        self.url = url
        self.payload = payload


class HarvestAuthError(HarvestApiError):
    """401 (no key, or a wrong, expired or revoked one) or 403 (the key lacks the right)."""


class HarvestNotFound(HarvestApiError):
    """404: the portal has no such object (up to 17.7 an unknown job is a 500, up to 10.8.1 an unknown source too), or
    the site is no udata portal."""

    @property
    def is_page(self) -> bool:
        """Whether the body was a web page or other string, as from a proxy while the portal restarts; that proves
        nothing."""
        return isinstance(self.payload, str)


class HarvestRequestRejected(HarvestApiError):
    """400, 405, 409, 415, 422 or another 4xx: the same request will be refused again."""


class HarvestUnavailable(HarvestApiError):
    """423: the portal is in read-only mode (maintenance)."""


class HarvestRateLimited(HarvestApiError):
    """429: too many requests.

    :param retry_after: seconds to wait, according to the portal; None if it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class HarvestServerError(HarvestApiError):
    """5xx: the portal, or a proxy before it, failed.

    :param retry_after: seconds to wait, according to the portal (503); None if it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class HarvestConnectionError(HarvestError):
    """No connection was made: nothing was sent, so it is safe to send the request again."""


class HarvestResponseLost(HarvestError):
    """The request was sent and no complete response was received: it may or may not have been carried out."""


class HarvestAnswerTimeout(HarvestResponseLost):
    """The request was sent and no response was received in time; the portal may still be working on it."""


class HarvestRedirected(HarvestError):
    """The portal redirects to another address; not followed, since the key must not be sent there.

    :param location: origin (scheme, host and port) of the address that was named.
    :param adds_slash: whether only a slash at the end of the path was missing: from 10.8.2 on udata responds so.
    """

    def __init__(self, message: str, *, location: str = "", adds_slash: bool = False) -> None:
        super().__init__(message)
        self.location = location
        self.adds_slash = adds_slash


class HarvestProtocolError(HarvestError):
    """The response is not one of udata's (not JSON, or another structure): perhaps not a udata portal."""


# --- failed harvests ---------------------------------------------------------------------------------------------


class HarvestSourceNotRunnable(HarvestError):
    """The source is deleted, inactive, not validated, has no schedule to wait for, or its backend is off."""


class HarvestWriteIgnored(HarvestError):
    """The portal reported a write as carried out, but the source is unchanged."""


class HarvestSourceBusy(HarvestError):
    """A job of the source is running, and ``if_running="fail"`` is set."""


class HarvestJobNotStarted(HarvestError):
    """No job appeared in time, although one was requested or due."""


class HarvestJobStalled(HarvestError):
    """The job has not ended, and nothing in it has moved for longer than allowed."""


class HarvestTimeout(HarvestError):
    """The job, or the whole wait, takes longer than allowed."""


class HarvestPortalUnreachable(HarvestError):
    """Too many polls in a row failed while waiting; this says nothing about the job."""


class HarvestOutcomeRejected(HarvestError):
    """The job has ended and does not meet the criteria.

    :param result: the result dict, as a successful task would have returned it.
    """

    def __init__(self, message: str, *, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


class HarvestPortalUnhealthy(HarvestError):
    """The check of a whole portal found something listed in ``fail_on``.

    :param result: the result dict, as a task that only reports would have returned it.
    """

    def __init__(self, message: str, *, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


# --- failed plans of sources -------------------------------------------------------------------------------------


class HarvestSourcesDrifted(HarvestError):
    """The portal differs from the files of sources, and ``on_drift="fail"`` is set."""


class HarvestPlanStale(HarvestError):
    """The portal has changed since the plan was made: a planned source is different now. Plan again.

    :param moved: one sentence per source that has changed.
    """

    def __init__(self, message: str, *, moved: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.moved = moved


class HarvestApplyIncomplete(HarvestError):
    """A plan was not carried out completely; applying the same plan again continues from there.

    :param result: what was done and what was not, as JSON.
    :param again: whether applying the plan again may help although nothing else is changed.
    :param retry_after: seconds until then, if the portal says.
    :param brief: the message without the reason of the portal, which the log has.
    """

    def __init__(
        self,
        message: str,
        *,
        result: dict[str, Any] | None = None,
        again: bool = False,
        retry_after: float | None = None,
        brief: str = "",
    ) -> None:
        super().__init__(message, brief=brief)
        self.result = result or {}
        self.again = again
        self.retry_after = retry_after
