"""The connections below a session: they record whether anything was sent, and can be cut. For the transport only.

``requests`` does not distinguish a request that was never sent from one whose response was lost: its exceptions
differ between urllib3 1.26 and 2, and with proxies. Here the bytes themselves are watched.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL

from airflow_provider_harvest.portal.http.redirects import origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

_current = threading.local()


class Exchange:
    """One request and its response, as seen by the connection; a context manager around both.

    :param limit: seconds after which the connection is cut, however lively it is: a server that sends a byte now
        and then is never silent for as long as a read timeout.
    :param timer: makes the timer, as :class:`threading.Timer` does.
    """

    def __init__(self, limit: float, timer: Callable[[float, Callable[[], None]], Any] = threading.Timer) -> None:
        self.sent = False
        self.was_cut = False
        self._socket: Any = None
        self._timer = timer(limit, self.cut)
        self._timer.daemon = True

    def __enter__(self) -> Exchange:
        _current.exchange = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _current.exchange = None

    def cut(self) -> None:
        """Cut the connection; a read that waits for it gets an error or an end immediately."""
        self.was_cut = True
        self._shut()

    def uses(self, sock: Any) -> None:
        """Remember the socket that carries this exchange; None once another exchange uses it.

        If the exchange was cut before there was one, as during a slow handshake, it is cut now.
        """
        self._socket = sock
        if self.was_cut:
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may just have ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Mixed into urllib3's connection classes."""

    sock: Any
    # Set after the connection is established: what is sent to a proxy is not the request.
    _exchange: Exchange | None = None

    def putrequest(self, *args: Any, **kwargs: Any) -> Any:
        if self._exchange is not None:
            self._exchange.uses(None)
        self._exchange = getattr(_current, "exchange", None)
        return super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: object) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if self._exchange is not None:
            self._exchange.uses(self.sock)
            self._exchange.sent = True
        super().send(data)  # type: ignore[misc]


class WatchedAdapter(HTTPAdapter):
    """Makes a session's connections report to the :class:`Exchange` of their thread, also through proxies.

    :param base: of the portal. Nothing is sent anywhere else: here, last of all, the address is final.
    """

    def __init__(self, base: str) -> None:
        self._home = origin(base)
        super().__init__()

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        try:
            at_home = origin(request.url or "") == self._home
        except ValueError:
            at_home = False
        if not at_home:
            raise InvalidURL("not an address of the portal")
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if is_new:
            _watch(manager)
        return manager


def _watch(manager: Any) -> None:
    manager.pool_classes_by_scheme = {
        scheme: _watched_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


@functools.cache  # of two schemes; making a class takes longer than all else of a session
def _watched_pool(pool: Any) -> type:
    connection = type(f"Watched{pool.ConnectionCls.__name__}", (_Watched, pool.ConnectionCls), {})
    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": connection})
