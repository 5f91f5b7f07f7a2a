"""Map incomplete HTTP exchanges to exceptions; used by the transport only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from requests.exceptions import ConnectTimeout, ProxyError, SSLError, Timeout
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from airflow_provider_harvest.exceptions import (
    HarvestAnswerTimeout,
    HarvestConnectionError,
    HarvestError,
    HarvestResponseLost,
)
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.http.sockets import Exchange

UNKNOWN_FATE = "Whether the portal carried the request out is unknown."

_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>: ")


def loss(
    request: object,
    error: Exception | None,
    exchange: Exchange,
    connect_timeout: float,
    timeout: float,
    limit: float,
) -> HarvestError:
    """Return the exception for an exchange that broke off.

    :param request: what was to be sent; its ``str`` names method and URL.
    :param error: what the HTTP library raised; None if it read the cut as the end of the response.
    :param exchange: knows whether anything was sent, and whether it was cut for taking too long in all.
    :param connect_timeout: seconds allowed for the connection.
    :param timeout: seconds allowed without a part of the response.
    :param limit: seconds allowed in all.
    :returns: :class:`HarvestConnectionError` if nothing was sent, else :class:`HarvestResponseLost`, and its kind
        :class:`HarvestAnswerTimeout` if the time was up.
    """
    if exchange.sent:
        kind = HarvestAnswerTimeout if _took_too_long(error, exchange) else HarvestResponseLost
        return kind(f"{request}: {_why_lost(error, exchange, timeout, limit)}. {UNKNOWN_FATE}")
    return HarvestConnectionError(f"{request}: {_why_not_sent(error, exchange, connect_timeout, limit)}")


def _took_too_long(error: Exception | None, exchange: Exchange) -> bool:
    return (
        exchange.was_cut or error is None or isinstance(error, Timeout) or isinstance(_cause(error), ReadTimeoutError)
    )


def _why_lost(error: Exception | None, exchange: Exchange, timeout: float, limit: float) -> str:
    if exchange.was_cut or error is None:
        return f"no complete response within {limit:g} s, so the connection was cut"
    if isinstance(error, Timeout) or isinstance(_cause(error), ReadTimeoutError):
        return f"no response, or no more of it, for {timeout:g} s"
    return f"the connection broke before the response was complete ({_words(error)})"


def _why_not_sent(error: Exception | None, exchange: Exchange, connect_timeout: float, limit: float) -> str:
    if exchange.was_cut or error is None:
        return f"no connection within {limit:g} s; nothing was sent."
    if isinstance(error, ConnectTimeout):
        return f"no connection within {connect_timeout:g} s; nothing was sent."
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "the portal's certificate could not be verified; nothing was sent. Set 'verify' in the connection's extra "
            f"to the path of the CA bundle that signed it. ({_words(error)})"
        )
    through = " through the proxy that the environment names" if isinstance(error, ProxyError) else ""
    return f"no connection{through}; nothing was sent. ({_words(error)})"


def _cause(error: Exception) -> object:
    """Return the urllib3 exception inside one of requests."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner


def _words(error: Exception) -> str:
    cause = _cause(error)
    if isinstance(cause, ProtocolError) and len(cause.args) > 1:  # ("Connection aborted.", the error that did it)
        cause = cause.args[1]
    return plain(_OBJECT.sub("", str(cause or error)))
