"""Why no connection was made, and what to do about it; used by the transport only."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from requests.exceptions import ConnectTimeout, ProxyError, RequestException

from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.http.places import Places

#: How the HTTP libraries begin a message with one of their objects: its repr, or its class with host and port.
_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>: |\b\w*Connection(?:Pool)?\(host=[^()]*\): ")
#: Where in Python's own C code a TLS error was noticed.
_C_LINE = re.compile(r" \(_ssl\.c:\d+\)")
_NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL)
#: What OpenSSL calls a response that is not TLS, which differs between its releases.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
# OpenSSL's numbers of what is wrong with a certificate.
_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_IP = 10, 9, 62, 64


class NoConnection(NamedTuple):
    """Why there is no connection.

    :param what: a clause, with the words of the system.
    :param advice: what to do, as the rest of a sentence or as sentences.
    """

    what: str
    advice: str


def why_no_connection(error: Exception, connect_timeout: float, places: Places) -> NoConnection:
    """Return why a connection failed.

    :param error: what the HTTP library raised.
    :param connect_timeout: seconds allowed for the connection.
    :param places: where address and CA bundle were set.
    """
    cause = next(_system_errors(error), None)
    if isinstance(error, ProxyError):
        return NoConnection(
            f"no connection through the proxy that the environment names; nothing was sent ({words_of(error)}).",
            "Check the proxy's address in HTTP_PROXY and HTTPS_PROXY; hosts in NO_PROXY are reached without it.",
        )
    if isinstance(error, ConnectTimeout):
        return NoConnection(
            f"no connection within {connect_timeout:g} s; nothing was sent.",
            f"Check {places.site}. If it is right, the host is down or overloaded, or a firewall stops this machine.",
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NoConnection(
            f"the portal's certificate could not be verified; nothing was sent ({_certificate_words(cause)}).",
            _certificate_advice(cause, places),
        )
    return NoConnection(f"no connection; nothing was sent ({words_of(error)}).", _advice(cause, places))


def words_of(error: Exception) -> str:
    """Return what the system, or else the HTTP library, says of a failed exchange, without the library's objects.

    :param error: what the HTTP library raised.
    """
    cause = next(_system_errors(error), None)
    if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, ssl.SSLError):
        return plain(cause.strerror)
    last = cause if cause is not None else list(_chain(error))[-1]
    return plain(_C_LINE.sub("", _OBJECT.sub("", str(last) or type(last).__name__)))


def _advice(cause: OSError | None, places: Places) -> str:
    check = f"Check {places.site}"
    if isinstance(cause, ConnectionRefusedError):
        return f"Nothing listens there. {check}, and that the portal is running."
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return "The host's name cannot be looked up now. Check the network and the DNS of this machine."
        return f"The host's name is unknown. {check} for a typing error, or the DNS of this machine."
    if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
        return f"The host cannot be reached from here. {check}, and the network of this machine."
    if isinstance(cause, ssl.SSLError):
        if any(name in (cause.reason or "") for name in _NO_TLS):
            return f"That server does not speak TLS. If it serves the portal unencrypted, begin {places.site} with http://."
        return f"The server and this machine agree on no TLS connection. {check}, and ask the portal's team."
    return f"{check}, and that the portal is running."


def _certificate_words(cause: ssl.SSLCertVerificationError) -> str:
    return plain(cause.verify_message or _C_LINE.sub("", str(cause))).rstrip(".")


def _certificate_advice(cause: ssl.SSLCertVerificationError, places: Places) -> str:
    code = getattr(cause, "verify_code", None)
    if code in (_OTHER_HOST, _OTHER_IP):
        return f"It is that of another host: check {places.site}."
    if code == _EXPIRED:
        return "It has expired: ask the portal's team to renew it, and check the clock of this machine."
    if code == _NOT_YET:
        return "It is not valid yet: check the clock of this machine."
    return f"Set {places.verify} to the path of the CA bundle that signed it."


def _system_errors(error: BaseException) -> Iterator[OSError]:
    """Yield the system's errors behind one of the HTTP library, which are of other classes in each of its releases."""
    for found in _chain(error):
        if isinstance(found, OSError) and not isinstance(found, RequestException):
            yield found


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: list[object] = [error]
    while following:
        found = following.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        # What it wraps first: its context may be an error that was handled before.
        following[:0] = [getattr(found, "reason", None), *found.args, found.__cause__ or found.__context__]
