"""Map incomplete HTTP exchanges to exceptions; used by the transport only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.exceptions import Timeout
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from airflow_provider_harvest.exceptions import (
    HarvestAnswerTimeout,
    HarvestConnectionError,
    HarvestError,
    HarvestResponseLost,
)
from airflow_provider_harvest.portal.http.no_connection import why_no_connection, words_of
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.http.sockets import Exchange

UNKNOWN_FATE = "Whether the portal carried the request out is unknown."


def loss(
    request: object,
    error: Exception | None,
    exchange: Exchange,
    connect_timeout: float,
    timeout: float,
    limit: float,
    places: Places = ARGUMENTS,
) -> HarvestError:
    """Return the exception for an exchange that broke off.

    :param request: what was to be sent; its ``str`` names method and URL.
    :param error: what the HTTP library raised; None if it read the cut as the end of the response.
    :param exchange: knows whether anything was sent, and whether it was cut for taking too long in all.
    :param connect_timeout: seconds allowed for the connection.
    :param timeout: seconds allowed without a part of the response.
    :param limit: seconds allowed in all.
    :param places: where address and CA bundle were set.
    :returns: :class:`HarvestConnectionError` if nothing was sent, else :class:`HarvestResponseLost`, and its kind
        :class:`HarvestAnswerTimeout` if the time was up.
    """
    if exchange.sent:
        kind = HarvestAnswerTimeout if _took_too_long(error, exchange) else HarvestResponseLost
        return kind(f"{request}: {_why_lost(error, exchange, timeout, limit)}. {UNKNOWN_FATE}")
    if exchange.was_cut or error is None:
        return HarvestConnectionError(f"{request}: no connection within {limit:g} s; nothing was sent.")
    what, advice = why_no_connection(error, connect_timeout, places)
    return HarvestConnectionError(f"{request}: {what} {advice}", brief=f"{request}: {what}")


def _took_too_long(error: Exception | None, exchange: Exchange) -> bool:
    return (
        exchange.was_cut or error is None or isinstance(error, Timeout) or isinstance(_cause(error), ReadTimeoutError)
    )


def _why_lost(error: Exception | None, exchange: Exchange, timeout: float, limit: float) -> str:
    if exchange.was_cut or error is None:
        return f"no complete response within {limit:g} s, so the connection was cut"
    if isinstance(error, Timeout) or isinstance(_cause(error), ReadTimeoutError):
        return f"no response, or no more of it, for {timeout:g} s"
    return f"the connection broke before the response was complete ({words_of(error)})"


def _cause(error: Exception) -> object:
    """Return the urllib3 exception inside one of requests."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner
