"""Map HTTP error responses to exceptions; used by the transport only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestAuthError,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRequestRejected,
    HarvestServerError,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Callable

_Parsed = TypeVar("_Parsed")

#: What Python raises if a value is of another type, or beyond what it can hold.
_ODD = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)

#: Default texts of the web framework below udata; they add nothing to the status.
_BOILERPLATE = ("The requested URL was not found on the server.", "The server could not verify that you are authorized")
_ADVICE = {
    404: "The portal has no such object.",
    405: "This portal's udata release has no such endpoint (run came with 9.1.2), or a proxy forbids the method.",
    407: "A proxy on the way requires credentials: put them into the address that HTTP_PROXY or HTTPS_PROXY names.",
    423: "The portal is in read-only mode (maintenance); try again later.",
}


def _advice(status: int, payload: object, keyed: bool, has_key: bool, places: Places) -> str | None:
    """Return what to do about an error response; None if its own words must do."""
    if status in (401, 403):
        return _key_advice(status, keyed, has_key, places)
    if status == 404 and not is_api_body(payload):
        return (
            f"That is not the API of a udata portal: check that {places.site} is the site of one. If it is, a proxy "
            "has responded in its place, or its release has no such endpoint."
        )
    return _ADVICE.get(status)


def _key_advice(status: int, keyed: bool, has_key: bool, places: Places) -> str:
    if not keyed:
        return (
            "This is public on a udata portal, so no key was sent: a login or a firewall is in front of the portal. "
            "Ask its team to let this machine and the User-Agent airflow-provider-harvest in."
        )
    if not has_key:
        return f"This needs an API key: put it into {places.key}."
    if status == 401:
        return f"Check the API key in {places.key}: it may be wrong, expired or revoked."
    return "The key is valid, but its user lacks this right on the portal."


def is_api_body(payload: object) -> bool:
    """Whether an error body comes from udata's API itself, not from its router or a proxy."""
    return isinstance(payload, dict) and ("message" in payload or "errors" in payload)


def looks_like_html(content: bytes) -> bool:
    """Whether a body is a web page."""
    start = content[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def words_of(payload: object) -> str:
    """Return the portal's own words from an error body of any generation.

    ``{"errors": {"name": ["..."]}}`` up to 17.3, ``{"errors": {"name": "..."}, "message": "..."}`` from 17.4,
    ``{"message": "..."}`` and ``{"error": "..."}`` everywhere.
    """
    if not isinstance(payload, dict):
        return plain(payload or "")
    parts: list[str] = []
    errors = payload.get("errors")
    if isinstance(errors, dict):
        parts = [f"{key}: {_joined(value)}" for key, value in errors.items()]
    elif errors:
        parts = [_joined(errors)]
    message = payload.get("message") or payload.get("error")
    if message and not str(message).startswith(_BOILERPLATE) and not any(str(message) in part for part in parts):
        parts.append(str(message))
    return plain("; ".join(parts), 500)


def _joined(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_joined(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_joined(inner) for inner in value)
    return str(value)


def api_error(
    method: str,
    url: str,
    status: int,
    payload: object,
    is_json: bool,
    retry_after: float | None,
    *,
    keyed: bool = True,
    has_key: bool = True,
    places: Places = ARGUMENTS,
) -> HarvestApiError:
    """Return the exception for an error response.

    :param payload: decoded JSON, or the beginning of another body.
    :param is_json: whether the body was JSON; an HTML page's words are not the portal's.
    :param retry_after: seconds from ``Retry-After``, None without.
    :param keyed: whether the request takes a key (default True).
    :param has_key: whether there was one to send (default True).
    :param places: where address and key were set.
    """
    words = words_of(payload) if is_json else "(a page, not the API's own words)"
    sentence = f"{method} {url} responded with {status}"
    sentence += f": {words.rstrip('.')}." if words else "."
    advice = _advice(status, payload, keyed, has_key, places)
    if advice:
        sentence += f" {advice}"
    known: dict[str, Any] = {"status_code": status, "method": method, "url": url, "payload": payload}
    if status in (401, 403):
        return HarvestAuthError(sentence, **known)
    if status == 404:
        return HarvestNotFound(sentence, **known)
    if status == 423:
        return HarvestUnavailable(sentence, **known)
    if status == 429:
        wait = "" if retry_after is None else f" The portal asks to wait {retry_after:g} s."
        return HarvestRateLimited(sentence + wait, retry_after=retry_after, **known)
    if status >= 500:
        return HarvestServerError(sentence, retry_after=retry_after, **known)
    return HarvestRequestRejected(sentence, **known)


def parsed(parse: Callable[[Any], _Parsed], value: object, request: str) -> _Parsed:
    """Return a value of a response as a function parses it.

    :param parse: such as ``HarvestJob.from_api``; raises ``HarvestProtocolError("expected ...")``.
    :param request: method and path, for the message.
    :raises HarvestProtocolError: also if the function stumbles over a value that it did not expect.
    """
    try:
        return parse(value)
    except (HarvestProtocolError, *_ODD) as error:
        problem = str(error) if isinstance(error, HarvestProtocolError) else f"{type(error).__name__} in its values"
        raise HarvestProtocolError(f"Unexpected response to {request}: {problem}.") from error
