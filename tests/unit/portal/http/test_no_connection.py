"""Why there is no connection, and what to do: each cause as the HTTP libraries wrap it, and what they leave of it."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import pytest
from requests.exceptions import ConnectionError as NotConnected
from requests.exceptions import ConnectTimeout, ProxyError, SSLError
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from airflow_provider_harvest.portal.http.no_connection import why_no_connection, words_of
from airflow_provider_harvest.portal.http.places import Places

PLACES = Places("--portal", "HARVEST_API_KEY", "REQUESTS_CA_BUNDLE")


def wrapped(cause: Exception) -> Exception:
    """A cause as urllib3 and requests wrap it."""
    inner: Any = NewConnectionError
    try:
        raise inner("WatchedHTTPConnection(host='portal.example', port=80)", f"Failed to establish: {cause}") from cause
    except NewConnectionError as error:
        return NotConnected(MaxRetryError(None, "/", error))  # type: ignore[arg-type]


def certificate(code: int, message: str) -> Exception:
    cause = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)")
    cause.verify_code, cause.verify_message = code, message
    return SSLError(cause)


def tls(reason: str) -> Exception:
    cause = ssl.SSLError(1, f"[SSL: {reason}] oh (_ssl.c:1006)")
    cause.reason = reason
    return SSLError(cause)


@pytest.mark.parametrize(
    "error, what, advice",
    [
        pytest.param(
            wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")),
            "no connection; nothing was sent (Connection refused).",
            "Nothing listens there. Check --portal, and that the portal is running.",
            id="refused",
        ),
        pytest.param(
            wrapped(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
            "no connection; nothing was sent (Name or service not known).",
            "The host's name is unknown. Check --portal for a typing error, or the DNS of this machine.",
            id="an unknown name",
        ),
        pytest.param(
            wrapped(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")),
            "no connection; nothing was sent (Temporary failure in name resolution).",
            "The host's name cannot be looked up now. Check the network and the DNS of this machine.",
            id="no DNS",
        ),
        pytest.param(
            wrapped(OSError(errno.EHOSTUNREACH, "No route to host")),
            "no connection; nothing was sent (No route to host).",
            "The host cannot be reached from here. Check --portal, and the network of this machine.",
            id="no route",
        ),
        pytest.param(
            ConnectTimeout("x"),
            "no connection within 5 s; nothing was sent.",
            "Check --portal. If it is right, the host is down or overloaded, or a firewall stops this machine.",
            id="nobody answers",
        ),
        pytest.param(
            NotConnected(ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))),
            "no connection; nothing was sent (Connection reset by peer).",
            "Check --portal, and that the portal is running.",
            id="a reset",
        ),
        pytest.param(
            ProxyError(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")),
            "no connection through the proxy that the environment names; nothing was sent (Connection refused).",
            "Check the proxy's address in HTTP_PROXY and HTTPS_PROXY; hosts in NO_PROXY are reached without it.",
            id="a proxy",
        ),
        pytest.param(
            certificate(18, "self-signed certificate"),
            "the portal's certificate could not be verified; nothing was sent (self-signed certificate).",
            "Set REQUESTS_CA_BUNDLE to the path of the CA bundle that signed it.",
            id="a certificate of an unknown authority",
        ),
        pytest.param(
            certificate(62, "Hostname mismatch, certificate is not valid for 'portal.example'."),
            "the portal's certificate could not be verified; nothing was sent (Hostname mismatch, certificate is not "
            "valid for 'portal.example').",
            "It is that of another host: check --portal.",
            id="a certificate of another host",
        ),
        pytest.param(
            certificate(10, "certificate has expired"),
            "the portal's certificate could not be verified; nothing was sent (certificate has expired).",
            "It has expired: ask the portal's team to renew it, and check the clock of this machine.",
            id="an old certificate",
        ),
        pytest.param(
            certificate(9, "certificate is not yet valid"),
            "the portal's certificate could not be verified; nothing was sent (certificate is not yet valid).",
            "It is not valid yet: check the clock of this machine.",
            id="a future certificate",
        ),
        pytest.param(
            tls("WRONG_VERSION_NUMBER"),
            "no connection; nothing was sent ([SSL: WRONG_VERSION_NUMBER] oh).",
            "That server does not speak TLS. If it serves the portal unencrypted, begin --portal with http://.",
            id="https where there is only http",
        ),
        pytest.param(
            tls("TLSV1_ALERT_PROTOCOL_VERSION"),
            "no connection; nothing was sent ([SSL: TLSV1_ALERT_PROTOCOL_VERSION] oh).",
            "The server and this machine agree on no TLS connection. Check --portal, and ask the portal's team.",
            id="an old TLS",
        ),
        pytest.param(
            NotConnected("<urllib3.connection.HTTPConnection object at 0x7f8a>: odd"),
            "no connection; nothing was sent (odd).",
            "Check --portal, and that the portal is running.",
            id="a cause that nobody knows",
        ),
    ],
)
def test_the_cause_is_named_with_what_to_do(error: Exception, what: str, advice: str) -> None:
    assert why_no_connection(error, 5, PLACES) == (what, advice)


@pytest.mark.parametrize(
    "error, words",
    [
        (NotConnected("HTTPConnectionPool(host='portal.example', port=80): Read timed out."), "Read timed out."),
        (NotConnected("WatchedHTTPSConnection(host='::1', port=443): gone"), "gone"),
        (NotConnected("<urllib3.connection.HTTPConnection object at 0x7f8a>: gone"), "gone"),
        (NotConnected(), "ConnectionError"),
    ],
)
def test_objects_of_the_library_are_not_shown(error: Exception, words: str) -> None:
    assert words_of(error) == words


def test_an_error_that_was_handled_before_is_not_the_cause() -> None:
    refused = wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))
    refused.__context__ = FileNotFoundError(errno.ENOENT, "No such file")
    assert words_of(refused) == "Connection refused"
