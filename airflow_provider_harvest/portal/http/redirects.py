"""Where a redirect leads, as every parser on the way reads it; used by the transport only.

``http://other\\@portal/`` is the host ``portal`` to :mod:`urllib.parse` and the host ``other`` to urllib3, which
connects. An address that two parsers could read differently is refused, and both must name the same origin.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

Origin = tuple[str, str, int]

_PORTS = {"http": 80, "https": 443}
# Printable ASCII without the characters that parsers disagree on; an @ only after the ?, as part of the query.
_PLAIN = re.compile(r"[!-?A-\[\]-~]*(?:\?[!-\[\]-~]*)?")


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
