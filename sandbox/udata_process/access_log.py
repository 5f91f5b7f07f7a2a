"""Remembers every request that the portal was asked, for tests that count them; wrapped round the application."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The sender of a key that is not one of the sandbox's own.
UNKNOWN_KEY = "unknown key"


class AccessLog:
    """A WSGI middleware that keeps one record per request, in the order of arrival.

    :param application: The WSGI application to pass every request on to.
    :param roles_by_key: Whose key each is.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], roles_by_key: dict[str, str]) -> None:
        self._application = application
        self._roles_by_key = roles_by_key
        self._records: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        record = self._remember(environ)

        def start_recorded(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
            record["status"] = int(status.split(" ", 1)[0])
            lengths = [value for name, value in headers if name.lower() == "content-length"]
            record["length"] = int(lengths[0]) if lengths else None
            return start_response(status, headers, *args)

        return self._application(environ, start_recorded)

    def since(self, mark: int = 0) -> list[dict[str, Any]]:
        """The records numbered above ``mark``; a record without ``status`` has no response yet."""
        with self._lock:
            return [dict(record) for record in self._records[mark:]]

    def know(self, key: str, role: str) -> None:
        """Recognise another key."""
        self._roles_by_key[key] = role

    def _remember(self, environ: dict[str, Any]) -> dict[str, Any]:
        key = environ.get("HTTP_X_API_KEY")
        with self._lock:
            record = {
                "n": len(self._records) + 1,
                "at": time.time(),
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"],
                "query": environ.get("QUERY_STRING", ""),
                "status": None,
                "length": None,
                "user": self._roles_by_key.get(key, UNKNOWN_KEY) if key else None,
                "user_agent": environ.get("HTTP_USER_AGENT", ""),
                "cookies": "HTTP_COOKIE" in environ,
            }
            self._records.append(record)
        return record
