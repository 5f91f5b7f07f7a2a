"""Every error of this package: one class per way of handling it; raised by all layers, caught by DAG authors.

Each takes one sentence and keeps what it was made from as attributes. None of them is an ``AirflowException``:
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
    """Root of all errors of this package."""


class HarvestInvalidInput(HarvestError, ValueError):
    """An argument cannot be right; nothing was sent."""


# --- what an HTTP exchange can come to -------------------------------------------------------------------------


class HarvestApiError(HarvestError):
    """The portal answered with an error.

    :param message: the whole sentence.
    :param status_code: HTTP status of the answer.
    :param method: HTTP method of the request.
    :param url: URL of the request; it never holds a key.
    :param payload: the decoded JSON body, or the first characters of another body.
    """

    def __init__(
        self, message: str, *, status_code: int = 0, method: str = "", url: str = "", payload: Any = None
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
    """404: there is no such thing on the portal (up to 17.7 an unknown job answers 500, up to 10.8.1 a source too)."""

    @property
    def is_page(self) -> bool:
        """Whether it came as a web page or another text, as a proxy answers while the portal restarts: no proof."""
        return isinstance(self.payload, str)


class HarvestRequestRejected(HarvestApiError):
    """400, 405, 409, 415, 422 or another 4xx: the same request will be refused again."""


class HarvestUnavailable(HarvestApiError):
    """423: the portal is in read-only mode (maintenance)."""


class HarvestRateLimited(HarvestApiError):
    """429: too many requests.

    :param retry_after: seconds that the portal asks to wait, None where it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class HarvestServerError(HarvestApiError):
    """5xx: the portal, or a proxy before it, failed.

    :param retry_after: seconds that the portal asks to wait (503), None where it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class HarvestConnectionError(HarvestError):
    """No connection came about: nothing was sent, so asking again is safe."""


class HarvestResponseLost(HarvestError):
    """The request went out and no whole answer came back: it may or may not have been carried out."""


class HarvestAnswerTimeout(HarvestResponseLost):
    """The request went out and no answer came in time; the portal may still be at it."""


class HarvestRedirected(HarvestError):
    """The portal points to another address; not followed, since the key must not travel there.

    :param location: origin (scheme, host and port) of the address that was named.
    :param adds_slash: whether only a slash at the end of the path was missing: from 10.8.2 on udata answers so.
    """

    def __init__(self, message: str, *, location: str = "", adds_slash: bool = False) -> None:
        super().__init__(message)
        self.location = location
        self.adds_slash = adds_slash


class HarvestProtocolError(HarvestError):
    """The answer is not what udata answers (not JSON, or another shape): perhaps not a udata portal."""


# --- what a harvest can come to --------------------------------------------------------------------------------


class HarvestSourceNotRunnable(HarvestError):
    """The source is deleted, inactive, not validated, has no schedule to wait for, or its backend is off."""


class HarvestWriteIgnored(HarvestError):
    """The portal answered that a write was carried out, and the source still is as it was."""


class HarvestSourceBusy(HarvestError):
    """A job of the source is under way, and ``if_running="fail"`` was asked for."""


class HarvestJobNotStarted(HarvestError):
    """No job appeared in time, although one was asked for or was due."""


class HarvestJobStalled(HarvestError):
    """The job has not ended, and nothing in it has moved for longer than allowed."""


class HarvestTimeout(HarvestError):
    """The job, or the whole wait, takes longer than allowed."""


class HarvestPortalUnreachable(HarvestError):
    """The portal could not be read too many times in a row while waiting; this says nothing of the job."""


class HarvestOutcomeRejected(HarvestError):
    """The job has ended, and not as required.

    :param result: the result dict, as a successful task would have returned it.
    """

    def __init__(self, message: str, *, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


class HarvestPortalUnhealthy(HarvestError):
    """A look at a whole portal found what it was told to fail on.

    :param result: the result dict, as a task that only reports would have returned it.
    """

    def __init__(self, message: str, *, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


# --- what applying a plan of sources can come to ---------------------------------------------------------------------


class HarvestSourcesDrifted(HarvestError):
    """The portal is not as the files of sources say, and ``on_drift="fail"`` was asked for."""


class HarvestPlanStale(HarvestError):
    """The portal is no longer what the plan saw: somebody changed a planned source. Plan anew.

    :param moved: one sentence for each source that has changed.
    """

    def __init__(self, message: str, *, moved: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.moved = moved


class HarvestApplyIncomplete(HarvestError):
    """Not all of a plan could be carried out; applying the same plan again goes on where this stopped.

    :param result: what was done and what was not, as JSON.
    :param again: whether applying the plan again may help without anybody changing anything.
    :param retry_after: seconds until then, where the portal says.
    """

    def __init__(
        self,
        message: str,
        *,
        result: dict[str, Any] | None = None,
        again: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.result = result or {}
        self.again = again
        self.retry_after = retry_after
