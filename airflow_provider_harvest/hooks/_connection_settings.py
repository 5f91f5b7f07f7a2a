"""Read and check the settings of an Airflow connection of type ``harvest``; called by the hook only."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.http.address import site_url
from airflow_provider_harvest.portal.http.places import CONNECTION
from airflow_provider_harvest.provider_info import EXTRA_FIELDS

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Connection

log = logging.getLogger(__name__)

#: Seconds to wait for a response of the portal.
DEFAULT_TIMEOUT = 30.0
#: Fewest seconds between two polls of a job. Portals limit readers: dados.gov.pt allows 200 requests an hour.
DEFAULT_MIN_POLL_INTERVAL = 30.0


@dataclass(frozen=True)
class ConnectionSettings:
    """The settings of a connection.

    :param site: the portal's site, such as ``https://www.data.gouv.fr``.
    :param api_key: the connection's password, None without; not shown by ``repr``.
    :param timeout: seconds to wait for a response; 30.
    :param verify: whether certificates are checked (True), or the path of a CA bundle.
    :param min_poll_interval: least seconds between two polls of a job; 30.
    :param source_page: URL template of the portal's admin page of a source; None: the known one, else the API.
    :param job_page: the same of a job.
    :param requests_per_hour: requests an hour that all triggerers of a deployment may send together; None: no limit.
    :param triggerers: how many triggerers share ``requests_per_hour``; 1.
    """

    site: str
    api_key: str | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    verify: bool | str = True
    min_poll_interval: float = DEFAULT_MIN_POLL_INTERVAL
    source_page: str | None = None
    job_page: str | None = None
    requests_per_hour: float | None = None
    triggerers: int = 1

    @property
    def poller_requests_per_hour(self) -> float | None:
        """Requests an hour that the poll loop of one triggerer may send; None sets no limit."""
        return None if self.requests_per_hour is None else self.requests_per_hour / self.triggerers


def connection_settings(connection: Connection) -> ConnectionSettings:
    """Return the settings of a connection; extras that this package does not know are named in a warning, once.

    The extra is decoded here: Airflow's ``extra_dejson`` is a synchronous call, which a trigger must not make.

    :param connection: Airflow's connection.
    :raises HarvestInvalidInput: for an invalid setting; the key is not repeated.
    """
    extra = _extra(connection.extra)
    unknown = sorted(set(extra) - set(EXTRA_FIELDS))
    if unknown:
        warn_of_unknown(connection.conn_id, tuple(unknown))
    return ConnectionSettings(
        site=site_url(connection.host, connection.schema, connection.port, CONNECTION),
        api_key=(connection.password or "").strip() or None,
        timeout=_seconds(extra, "timeout", DEFAULT_TIMEOUT),
        verify=_verify(extra.get("verify")),
        min_poll_interval=_seconds(extra, "min_poll_interval", DEFAULT_MIN_POLL_INTERVAL),
        source_page=_page(extra, "source_page", "{source_id}"),
        job_page=_page(extra, "job_page", "{job_id}"),
        requests_per_hour=_requests(extra, "requests_per_hour"),
        triggerers=int(_requests(extra, "triggerers") or 1),
    )


@lru_cache(maxsize=256)  # once in a process: a trigger reads its connection again and again
def warn_of_unknown(conn_id: str | None, names: tuple[str, ...]) -> None:
    """Log which extras of a connection this package does not know.

    :param conn_id: id of the connection.
    :param names: of these extras.
    """
    log.warning(
        "The extra of connection %r holds %s, which this package does not know: it reads %s.",
        conn_id,
        ", ".join(names),
        ", ".join(EXTRA_FIELDS),
    )


def _extra(text: str | None) -> dict[str, Any]:
    try:
        extra = json.loads(text or "{}")
    except ValueError:
        raise HarvestInvalidInput('The extra is not JSON: give an object such as {"timeout": 60}.') from None
    if not isinstance(extra, dict):
        raise HarvestInvalidInput('The extra is not a JSON object: give one such as {"timeout": 60}.')
    return extra


def _seconds(extra: dict[str, Any], name: str, default: float) -> float:
    """Return a number of seconds."""
    seconds = _number(extra, name)
    if seconds is None:
        return default
    if not 0 < seconds < float("inf"):
        raise HarvestInvalidInput(f"{name} in the extra must be a number of seconds above 0, not {extra[name]!r}.")
    return seconds


def _requests(extra: dict[str, Any], name: str) -> float | None:
    """Return a whole number from 1 on, None without."""
    number = _number(extra, name)
    if number is not None and not (number >= 1 and number.is_integer()):
        raise HarvestInvalidInput(f"{name} in the extra must be a whole number from 1 on, not {extra[name]!r}.")
    return number


def _number(extra: dict[str, Any], name: str) -> float | None:
    """Return a number of the extra, None without; 0 for anything else.

    The connection form of Airflow 2.11 stores numbers as strings.
    """
    value = extra.get(name)
    if value is None or value == "":
        return None
    try:
        return 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return 0.0


def _verify(value: object) -> bool | str:
    """Return whether certificates are checked, or a path; the connection form stores true and false as strings."""
    if value is None or value == "":
        return True
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise HarvestInvalidInput(f"verify in the extra must be true, false or the path of a CA bundle, not {value!r}.")
    return {"true": True, "false": False}.get(value.strip().lower(), value.strip())


def _page(extra: dict[str, Any], name: str, placeholder: str) -> str | None:
    value = extra.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")) or placeholder not in value:
        raise HarvestInvalidInput(
            f"{name} in the extra must be an http or https URL with {placeholder} in it, not {value!r}."
        )
    return value
