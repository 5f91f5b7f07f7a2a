"""A small imitation of a CKAN catalogue on loopback, with the faults that a guard must know; standard library only.

It is the remote of a harvest, never the portal: udata's own CKAN backend reads it.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class CkanServer:
    """One CKAN catalogue, changeable while it is served; usable as a context manager.

    :param prefix: What the names and ids of its datasets begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        #: Numbers of the datasets that it lists, and of those that it lists and cannot show.
        self.listed: list[int] = []
        self.broken: set[int] = set()
        #: The rows that a search answers at most, whatever it is asked for.
        self.max_rows = 1000
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="ckan", daemon=True).start()

    def __enter__(self) -> CkanServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address, for a harvest source."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def name(self, number: int) -> str:
        """The name of a dataset; its id is another."""
        return f"{self._prefix}name-{number}"

    def id(self, number: int) -> str:
        """The id of a dataset, which udata takes for its remote id."""
        return f"{self._prefix}id-{number}"

    def answer(self, action: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        """Return the status and the result of an action."""
        if action == "package_list":
            return 200, [self.name(number) for number in self.listed]
        if action == "package_search":
            rows = min(int(query.get("rows", ["10"])[0]), self.max_rows)
            found = [{"name": self.name(number)} for number in self.listed[:rows]]
            return 200, {"count": len(self.listed), "results": found}
        wanted = query.get("id", [""])[0]
        number = next((number for number in self.listed if self.name(number) == wanted), None)
        if action != "package_show" or number is None or number in self.broken:
            return 500, None
        return 200, self._package(number)

    def _package(self, number: int) -> dict[str, Any]:
        day = "2024-03-01T10:00:00"
        resource = {
            "id": f"{self.id(number)}-csv",
            "position": 0,
            "name": "Table",
            "description": "A table.",
            "format": "CSV",
            "mimetype": "text/csv",
            "size": None,
            "hash": "",
            "created": day,
            "last_modified": day,
            "url": f"https://data.example.org/{self.name(number)}.csv",
            "resource_type": "file",
        }
        return {
            "id": self.id(number),
            "name": self.name(number),
            "title": f"Register {self.name(number)}",
            "notes": "What the town counts.",
            "license_id": "lov2",
            "license_title": None,
            "tags": [],
            "metadata_created": day,
            "metadata_modified": day,
            "organization": None,
            "resources": [resource],
            "private": False,
            "type": "dataset",
            "author": None,
            "author_email": None,
            "maintainer": None,
            "maintainer_email": None,
            "state": "active",
        }


def _handler(catalogue: CkanServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, result = catalogue.answer(parts.path.rstrip("/").rsplit("/", 1)[-1], parse_qs(parts.query))
            content = json.dumps({"success": status == 200, "result": result}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing on the terminal of the tests."""

    return Handler
