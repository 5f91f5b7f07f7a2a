"""What a portal server can be scripted to do with a request instead of the proper response; see `server`."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestProtocolError,
    HarvestResponseLost,
    HarvestServerError,
)
from tests.support.fake_portal.response_json import as_bytes
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

#: Responds to a request as the portal would; a step calls it if the portal does its work before the fault.
Handle = Callable[[], Response]


class Step:
    """One response of a script. Steps that take ``handled`` let the portal do the work before they spoil it."""

    #: Whether it takes a socket: it continues until the client does something.
    waits = False

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Pass(Step):
    """The portal's own response, with more headers."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        response = handle()
        send(connection, Response(response.status, response.body, {**response.headers, **self.headers}))


@dataclass(frozen=True)
class Reply(Step):
    """A status with a body: JSON, text or bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    handled: bool = False

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        if self.handled:
            handle()
        send(connection, Response(self.status, self.body, dict(self.headers)))


def html(status: int = 200, text: str = "Something else lives here", **headers: str) -> Reply:
    """A web page."""
    page = f"<!DOCTYPE html>\n<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return Reply(status, page, {"Content-Type": "text/html; charset=utf-8", **headers})


def redirect(location: str, status: int = 308) -> Reply:
    """A redirect."""
    return Reply(status, "Redirecting", {"Location": location, "Content-Type": "text/html"})


def garbage(status: int = 200) -> Reply:
    """Bytes that are no JSON."""
    return Reply(status, b"\x00\xff{]not json", {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Reset(Step):
    """The connection is reset: before the request was handled, or after."""

    handled: bool = False

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        if self.handled:
            handle()
        reset(connection)


@dataclass(frozen=True)
class Truncated(Step):
    """The response breaks off: it announces more than it holds, or its last chunk never comes."""

    chunked: bool = False
    handled: bool = False

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        body = as_bytes(handle().body) if self.handled else b'{"data": []}'
        connection.send_response(200)
        connection.send_header("Content-Type", "application/json")
        if self.chunked:
            connection.send_header("Transfer-Encoding", "chunked")
        else:
            connection.send_header("Content-Length", str(len(body) + 10))
        connection.end_headers()
        connection.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) if self.chunked else body)
        connection.close_connection = True


@dataclass(frozen=True)
class Endless(Step):
    """A body without an end, as fast as it is taken."""

    waits = True

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        connection.send_response(200)
        connection.send_header("Content-Type", "application/json")
        connection.send_header("Connection", "close")
        connection.end_headers()
        connection.close_connection = True
        with contextlib.suppress(OSError):
            while True:
                connection.wfile.write(b" " * 65536)


@dataclass(frozen=True)
class Stall(Step):
    """Some bytes of a response, then nothing more until `let_go` is set; then the connection is closed.

    `begun` is set when the bytes are out, so that a test can wait for it.
    """

    waits = True

    first: bytes = b""
    handled: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def play(self, connection: BaseHTTPRequestHandler, handle: Handle) -> None:
        if self.handled:
            handle()
        connection.wfile.write(self.first)
        connection.wfile.flush()
        self.begun.set()
        self.let_go.wait(timeout=30)
        connection.close_connection = True


def send(connection: BaseHTTPRequestHandler, response: Response) -> None:
    """Send a whole response."""
    content = as_bytes(response.body)
    connection.send_response(response.status)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **response.headers}
    if response.status == 204:
        del headers["Content-Type"]
    for name, value in headers.items():
        connection.send_header(name, value)
    connection.end_headers()
    if response.status != 204:
        connection.wfile.write(content)


def reset(connection: BaseHTTPRequestHandler) -> None:
    """End the connection with a TCP reset."""
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.connection.close()
    connection.close_connection = True


def failure_of(call: Callable[[], object]) -> HarvestError:
    """The error that a call fails with."""
    with pytest.raises(HarvestError) as caught:
        call()
    return caught.value


#: What comes back from a write whose fate is unclear, by what the portal did with it.
CARRIED_OUT: dict[str, Step] = {
    "reset": Reset(handled=True),
    "truncated": Truncated(handled=True),
    "500": Reply(500, {"message": "Internal Server Error"}, handled=True),
    "proxy's 504": Reply(504, "<html>Gateway timeout</html>", handled=True),
    "a page": Reply(200, "<!doctype html>Hello", handled=True),
}
#: The same if the portal did nothing, with the error of a second request that finds nothing done.
NOT_CARRIED_OUT: dict[str, tuple[Step, type[HarvestError]]] = {
    "reset": (Reset(), HarvestResponseLost),
    "truncated": (Truncated(), HarvestResponseLost),
    "garbage": (garbage(), HarvestResponseLost),
    "500": (Reply(500, {"message": "Internal Server Error"}), HarvestServerError),
    "a page": (html(), HarvestProtocolError),
}
