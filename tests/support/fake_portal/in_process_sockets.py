"""Connections to servers in this process: urllib3 gets the end of a wire instead of a socket, for chosen ports only.

A server is a class of `BaseHTTPRequestHandler`; it handles a request when the client reads the response, on the
client's thread. What a client does between its sockets and its caller is as on a network: parsing, keeping connections,
seeing a reset or an end in the middle. Nothing can wait here: what is about timeouts needs a real server.
"""

from __future__ import annotations

import io
import itertools
import socket
from typing import TYPE_CHECKING, Any

import urllib3.util.connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    Handler = type[BaseHTTPRequestHandler]

_real_connection = urllib3.util.connection.create_connection
_servers: dict[int, tuple[Handler, Callable[[int], None]]] = {}
#: Where clients seem to come from: requests with the same one shared a connection.
_peers = itertools.count(50_000)


def serve(port: int, handler: Handler, changed: Callable[[int], None]) -> None:
    """Respond to connections to a port of 127.0.0.1 in this process.

    :param changed: is called with +1 and -1 when a client connects and goes.
    """
    urllib3.util.connection.create_connection = _create_connection
    _servers[port] = (handler, changed)


def stop(port: int) -> None:
    """Refuse connections to a port again."""
    del _servers[port]


def _create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
    host, port = address
    if host == "127.0.0.1" and port in _servers:
        return _Wire(*_servers[port])
    return _real_connection(address, *args, **kwargs)


class _Wire:
    """What replaces the socket at the client's end; and for the connection of the handler."""

    def __init__(self, handler: Handler, changed: Callable[[int], None]) -> None:
        self._handler, self._changed = handler, changed
        self._peer = ("127.0.0.1", next(_peers))
        self._sent = bytearray()
        self._answer = io.BytesIO()
        self._is_open, self._was_reset, self._is_over = True, False, False
        # Whoever waits for the client's descriptor sees the end of the connection by it.
        self._here, self._there = socket.socketpair()
        changed(+1)

    # --- for the client --------------------------------------------------------------------------------------

    def sendall(self, data: bytes) -> None:
        if self._is_over:
            raise BrokenPipeError("The server has closed this connection.")
        self._sent += data

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_Readable(self))

    def read_into(self, buffer: memoryview) -> int:
        count = self._answer.readinto(buffer)
        if count == 0 and self._sent:
            self._serve()
            count = self._answer.readinto(buffer)
        if count == 0 and self._was_reset:
            raise ConnectionResetError("Connection reset by peer")
        return count

    def fileno(self) -> int:
        return self._here.fileno()

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing: no read waits."""

    def setsockopt(self, *_: object) -> None:
        """Do nothing: a handler that resets the connection asks for no lingering."""

    def shutdown(self, how: int) -> None:
        self._is_over = True

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._here.close()
            self._there.close()
            self._changed(-1)

    # --- for the handler -------------------------------------------------------------------------------------

    def _serve(self) -> None:
        handler = self._handler.__new__(self._handler)
        handler.client_address = self._peer
        handler.connection = handler.request = _Served(self)
        handler.rfile, handler.wfile = io.BufferedReader(io.BytesIO(bytes(self._sent))), io.BytesIO()
        handler.close_connection = True
        self._sent.clear()
        handler.handle_one_request()
        self._answer = io.BytesIO(b"" if self._was_reset else handler.wfile.getvalue())
        if handler.close_connection:
            self._is_over = True
            self._there.close()

    def reset(self) -> None:
        self._was_reset = True


class _Served:
    """The handler's end of a wire, which it closes to reset the connection."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def setsockopt(self, *_: object) -> None:
        """Do nothing: a connection that is closed here is reset anyway."""

    def close(self) -> None:
        self._wire.reset()


class _Readable(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.read_into(buffer)
