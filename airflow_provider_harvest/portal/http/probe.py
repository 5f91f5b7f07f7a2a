"""Finds out the generation of a portal with two small requests, for *Test connection*; called by the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal import generations

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.generations import Generation
    from airflow_provider_harvest.portal.http.transport import Answer

#: No id of a job in any release, and so answered without a look into the database.
_IMPOSSIBLE_ID = "x"


def find_generation(read: Callable[..., Answer], site: str) -> Generation:
    """Return the generation of a portal.

    What real releases answer, without a key:

    ========  =====================  ====================  ============================
    release   ``backends/``          ``backends``          ``job/x/items/``
    ========  =====================  ====================  ============================
    17.18.0   200                    308                   404, JSON with ``message``
    17.3.0    200                    308                   400
    16.6.1    200                    308                   404, JSON with ``error``
    13.0.0    200                    308                   404, JSON with ``error``
    9.2.4     404, a web page        200                   404, a web page
    ========  =====================  ====================  ============================

    A portal in trouble (5xx) is no generation: the error is raised, and the next call asks again.

    :param read: ``read(path, fields=mask)`` reads below the API's root, without a key.
    :param site: the portal's site, for messages.
    :raises HarvestProtocolError: where no udata portal answers.
    """
    if not _lists_backends(read, "/harvest/backends/", site):
        if not _lists_backends(read, "/harvest/backends", site):
            raise _no_portal(site, "there is no harvest API")
        return generations.A
    try:
        read(f"/harvest/job/{_IMPOSSIBLE_ID}/items/")
    except HarvestRequestRejected:
        return generations.C  # the endpoint is there, and finds out by itself that this is no id
    except HarvestNotFound as error:
        return generations.D if _is_from_endpoint(error.payload) else generations.B
    raise _no_portal(site, "a job that cannot exist is answered")


def _lists_backends(read: Callable[..., Answer], path: str, site: str) -> bool:
    try:
        body = read(path, fields="id").body
    except (HarvestNotFound, HarvestRequestRejected):
        return False
    except HarvestRedirected as error:
        if error.adds_slash:  # to the form that there is not
            return False
        raise
    if not isinstance(body, list) or not all(isinstance(entry, dict) and "id" in entry for entry in body):
        raise _no_portal(site, "something else is answered where its harvest backends belong")
    return True


def _is_from_endpoint(payload: Any) -> bool:
    """Whether a 404 comes from an endpoint that was found; where no route matches, udata says ``error`` instead."""
    return isinstance(payload, dict) and "message" in payload


def _no_portal(site: str, what: str) -> HarvestProtocolError:
    return HarvestProtocolError(
        f"{site} is no udata portal: {what} below its /api/1. Make the site of the portal the connection's host."
    )
