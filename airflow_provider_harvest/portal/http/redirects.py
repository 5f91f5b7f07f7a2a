"""Where a redirect leads, as every parser on the way reads it, and whether it is followed; for the transport only.

``http://other\\@portal/`` is the host ``portal`` to :mod:`urllib.parse` and the host ``other`` to urllib3, which
connects. An address that two parsers could read differently is refused, and both must name the same origin.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from airflow_provider_harvest.exceptions import HarvestProtocolError, HarvestRedirected
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places

Origin = tuple[str, str, int]

_PORTS = {"http": 80, "https": 443}
# Printable ASCII without the characters that parsers disagree on; an @ only after the ?, as part of the query.
_PLAIN = re.compile(r"[!-?A-\[\]-~]*(?:\?[!-\[\]-~]*)?")


def next_address(
    base: str, method: str, url: str, status: int, location: str | None, places: Places = ARGUMENTS
) -> str:
    """Return the address at which a redirected request is sent again: a read's, within the portal's origin.

    :param base: root of the portal's API, whose origin the key may be sent to.
    :param method: of the request.
    :param url: of the request.
    :param status: of the response, such as 308.
    :param location: the response's header ``Location``; None if it is missing.
    :param places: where the portal's address was set, for messages.
    :raises HarvestRedirected: if it is not followed: a write, another origin, or the same path with a slash.
    :raises HarvestProtocolError: if the address is missing, or two parsers could read it differently.
    """
    try:
        where = target(url, location)
        scheme, host, port = origin(where)
    except ValueError:
        raise HarvestProtocolError(
            f"{method} {url} is redirected to an invalid or ambiguous address; not followed."
        ) from None
    shown = f"[{host}]" if ":" in host else host
    place = f"{scheme}://{shown}" + ("" if port in (80, 443) else f":{port}")
    if adds_slash(url, where):
        raise HarvestRedirected(
            f"{method} {url} is redirected ({status}) to the same path with a slash; not followed.",
            location=place,
            adds_slash=True,
        )
    if (scheme, host, port) != origin(base):
        raise HarvestRedirected(
            f"{method} {url} is redirected to {place}. It was not followed, since the API key must not be sent "
            f"to another address: if that is the portal, set {places.site} to it.",
            location=place,
        )
    if method != "GET":
        raise HarvestRedirected(
            f"{method} {url} is redirected ({status}) to another path of the portal. Writes follow no "
            "redirect: address sources by their id, not by a slug that may have changed.",
            location=place,
        )
    return where


def origin(url: str) -> Origin:
    """Return scheme, host and port of an address, the default port filled in.

    :param url: absolute.
    :raises ValueError: if two parsers read it differently, or if it is not a web address.
    """
    if not _PLAIN.fullmatch(url):
        raise ValueError("characters that parsers read differently")
    try:
        split, parsed = urlsplit(url), parse_url(url)
    except HTTPError as error:  # urllib3's LocationParseError is a ValueError only from 2.0 on
        raise ValueError("no address") from error
    scheme = split.scheme.lower()
    if scheme not in _PORTS or not split.hostname or parsed.auth or split.username is not None:
        raise ValueError("not a web address")
    one = (scheme, split.hostname.lower(), split.port or _PORTS[scheme])
    host = (parsed.host or "").lower().strip("[]")
    if one != (parsed.scheme, host, parsed.port or _PORTS[scheme]):
        raise ValueError("parsers disagree")
    return one


def target(url: str, location: str | None) -> str:
    """Return the absolute address that a redirect leads to.

    :param url: of the request.
    :param location: the header as it came; None if it is missing.
    :raises ValueError: if there is none, or if two parsers could read it differently.
    """
    if not location or not _PLAIN.fullmatch(location):
        raise ValueError("no plain address")
    found = urljoin(url, location)
    origin(found)
    return found


def adds_slash(url: str, found: str) -> bool:
    """Whether an address has the same path as another one, and a slash at its end.

    :param url: of the request.
    :param found: that it is redirected to, perhaps below another origin: portals name their own idea of their origin.
    """
    return urlsplit(found).path == f"{urlsplit(url).path}/"
