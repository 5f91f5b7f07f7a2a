"""Finds out the generation of a portal with two small requests, for *Test connection*; called by the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import (
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal.http.dialect import is_from_endpoint
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.http.transport import Answer

#: Not an id of a job in any release, so the response needs no database query.
_IMPOSSIBLE_ID = "x"


@dataclass(frozen=True)
class Generation:
    """A family of udata releases whose API responds alike. No request depends on it: see :mod:`.dialect`.

    :param letter: its short name.
    :param releases: the udata releases that belong to it.
    """

    letter: str
    releases: str

    def __str__(self) -> str:
        return f"generation {self.letter} (udata {self.releases})"


A = Generation("A", "9.2.4 to 10.8.1")
B = Generation("B", "10.8.2 to 16.x")
C = Generation("C", "17.0 to 17.7")  # 17.4 to 17.7 respond like 17.0 to the probe
D = Generation("D", "17.8 or newer")


def find_generation(read: Callable[..., Answer], site: str, places: Places = ARGUMENTS) -> Generation:
    """Return the generation of a portal.

    Responses of real releases, without a key:

    ========  =====================  ====================  ============================
    release   ``backends/``          ``backends``          ``job/x/items/``
    ========  =====================  ====================  ============================
    17.18.0   200                    308                   404, JSON with ``message``
    17.3.0    200                    308                   400
    16.6.1    200                    308                   404, JSON with ``error``
    13.0.0    200                    308                   404, JSON with ``error``
    9.2.4     404, a web page        200                   404, a web page
    ========  =====================  ====================  ============================

    A portal that fails (5xx) has no generation: the error is raised, and the next call probes again.

    :param read: ``read(path, fields=mask)`` reads below the API's root, without a key.
    :param site: the portal's site, for messages.
    :param places: where it was set, for messages.
    :raises HarvestProtocolError: if it is not a udata portal.
    """
    if not _lists_backends(read, "/harvest/backends/", site, places):
        if not _lists_backends(read, "/harvest/backends", site, places):
            raise _no_portal(site, places, "there is no harvest API")
        return A
    try:
        read(f"/harvest/job/{_IMPOSSIBLE_ID}/items/")
    except HarvestRequestRejected:
        return C  # the endpoint exists, and checks by itself that this is not an id
    except HarvestNotFound as error:
        return D if is_from_endpoint(error) else B  # if no route matches, udata returns ``error`` instead
    raise _no_portal(site, places, "it returns a job that cannot exist")


def _lists_backends(read: Callable[..., Answer], path: str, site: str, places: Places) -> bool:
    try:
        body = read(path, fields="id").body
    except (HarvestNotFound, HarvestRequestRejected):
        return False
    except HarvestRedirected as error:
        if error.adds_slash:  # to the form that there is not
            return False
        raise
    if not isinstance(body, list) or not all(isinstance(entry, dict) and "id" in entry for entry in body):
        raise _no_portal(site, places, "it returns no list of harvest backends")
    return True


def _no_portal(site: str, places: Places, what: str) -> HarvestProtocolError:
    return HarvestProtocolError(
        f"{site} is not a udata portal: {what} below /api/1. Set {places.site} to the site of the portal."
    )
