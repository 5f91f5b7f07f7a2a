"""Catalogues (DCAT, CSW, CKAN) on loopback that serve what a test asks for, faults included; standard library only."""

from __future__ import annotations

import math
import socket
import struct
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from sandbox import ckan, csw, dcat

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Mode = Literal["ok", "empty", "redirect", "html", "truncated", "error-404", "error-500", "reset"]
_MOVED = "/moved"
_CKAN = "api/3/action/"
_POLL_INTERVAL = 0.01  # seconds until `close()` is noticed
_RDF, _HTML, _CSV = "application/rdf+xml", "text/html; charset=utf-8", "text/csv; charset=utf-8"
_XML, _JSON = "application/xml", "application/json"
_WELCOME = "<!doctype html><title>Rochebrune</title><p>The catalogue has moved to our <a href='/'>new site</a>."


@dataclass(frozen=True)
class _Catalogue:
    """How one catalogue responds."""

    datasets: int
    failing: int
    missing_id: int
    duplicate: int
    pages: int
    prefix: str
    mode: Mode
    delay: float
    changing_ids: bool
    exactly: tuple[dcat.Dataset, ...] | None = None
    without: frozenset[int] = frozenset()
    services: int = 0
    max_rows: int = 1000

    def contents(self, edition: int) -> tuple[dcat.Dataset, ...]:
        if self.exactly is not None:
            return self.exactly
        if self.mode == "empty":
            return ()
        prefix = f"{self.prefix}edition-{edition}-" if self.changing_ids else self.prefix
        composed = dcat.compose(prefix, self.datasets, self.failing, self.missing_id, self.duplicate, self.services)
        return tuple(entry for number, entry in enumerate(composed, 1) if number not in self.without)


@dataclass(frozen=True)
class _Answer:
    status: int
    content_type: str = _HTML
    content: bytes = b""
    location: str | None = None


class CatalogueServer:
    """Any number of named catalogues on one loopback port, each changeable while it is served.

    Usable as a context manager; it serves from the start and until `close()` or the end of the process.
    """

    def __init__(self) -> None:
        self._catalogues: dict[str, _Catalogue] = {}
        self._fetches: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(_POLL_INTERVAL,), name="catalogues", daemon=True
        ).start()

    def __enter__(self) -> CatalogueServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve no longer; slow responses in progress come at once."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        """Where the catalogues are, without a final slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def url(self, name: str) -> str:
        """The address of a catalogue, for a harvest source; by its ending ``.xml`` udata knows the format."""
        return f"{self.base_url}/{name}.xml"

    def ckan_url(self, name: str) -> str:
        """The address of the same catalogue as a CKAN."""
        return f"{self.base_url}/{name}/"

    def put(
        self,
        name: str,
        *,
        datasets: int = 5,
        failing: int = 0,
        missing_id: int = 0,
        duplicate: int = 0,
        pages: int = 1,
        prefix: str | None = None,
        mode: Mode = "ok",
        delay: float = 0.0,
        changing_ids: bool = False,
        exactly: Iterable[dcat.Dataset] | None = None,
        without: Collection[int] = (),
        services: int = 0,
        max_rows: int = 1000,
    ) -> str:
        """Serve a catalogue from now on, in the place of an earlier one of this name.

        :param name: The last part of its address, without the ending.
        :param datasets: Number of sound data sets.
        :param failing: Number of further ones that udata fails (an unreadable date).
        :param missing_id: Number of further ones without ``dct:identifier``, which udata skips.
        :param duplicate: Number of second copies of the first sound ones, under the same identifiers.
        :param pages: Number of pages that the data sets are spread over.
        :param prefix: What the identifiers begin with; ``<name>-`` by default, since udata fails an item whose
            identifier belongs to another owner's source.
        :param mode: ``"ok"``; a catalogue without data sets (``"empty"``); or a fault: a 302, a web page, half
            a document, an error status, a connection reset.
        :param delay: Seconds that each response takes.
        :param changing_ids: Whether every harvest finds other identifiers than the one before.
        :param exactly: The data sets themselves, in place of numbers of them.
        :param without: Numbers, from 1, of the data sets that are left out.
        :param services: Number of data services.
        :param max_rows: Rows that a search of the CKAN returns at most.
        :returns: The address of the catalogue.
        :raises ValueError: There is no such mode, or a number makes no sense.
        """
        if mode not in get_args(Mode):
            raise ValueError(f"A catalogue cannot be {mode!r}; it can be {', '.join(get_args(Mode))}.")
        if pages < 1 or min(datasets, failing, missing_id, duplicate, delay) < 0:
            raise ValueError(f"Catalogue {name!r} needs at least one page, and no number below zero.")
        if prefix is None:
            prefix = f"{name}-"
        given = None if exactly is None else tuple(exactly)
        catalogue = _Catalogue(
            datasets,
            failing,
            missing_id,
            duplicate,
            pages,
            prefix,
            mode,
            delay,
            changing_ids,
            given,
            frozenset(without),
            services,
            max_rows,
        )
        catalogue.contents(edition=0)
        with self._changed:
            self._catalogues[name] = catalogue
            self._fetches.setdefault(name, 0)
            self._changed.notify_all()
        return self.url(name)

    def remove(self, name: str) -> None:
        """Respond with 404 under this name from now on; slow responses in progress come at once, as after `put()`."""
        with self._changed:
            del self._catalogues[name]
            self._changed.notify_all()

    def ids(self, name: str) -> list[str]:
        """The identifiers that a catalogue serves (last served, if they change), each once, in its order."""
        catalogue, edition = self._find(name)
        identifiers = (dataset.identifier for dataset in catalogue.contents(edition))
        return list(dict.fromkeys(identifier for identifier in identifiers if identifier is not None))

    def fetches(self, name: str) -> int:
        """How often a catalogue's first page was requested."""
        with self._changed:
            return self._fetches[name]

    def _take_time(self, name: str, catalogue: _Catalogue) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self._catalogues.get(name) is not catalogue, timeout=catalogue.delay
            )

    def _find(self, name: str, *, is_fetch: bool = False) -> tuple[_Catalogue, int]:
        """Return a catalogue and its edition; counted as fetched in the same step, so that what is counted is served.

        :raises KeyError: No catalogue has this name.
        """
        with self._changed:
            catalogue = self._catalogues[name]
            if is_fetch:
                self._fetches[name] += 1
            return catalogue, self._fetches[name]

    def _answer(self, target: str, posted: str | None = None) -> _Answer | None:
        """Return the response; ``None`` resets the connection.

        :param posted: The body of a POST, which asks the same catalogue as a CSW.
        """
        parts = urlsplit(target)
        path = parts.path.removeprefix(_MOVED)
        name, _, rest = path.strip("/").partition("/")
        if rest.startswith(_CKAN):
            return self._answer_ckan(name, rest.removeprefix(_CKAN), parse_qs(parts.query))
        if rest:
            return self._answer_dataset(name, rest)
        name = name.removesuffix(".xml")
        page = int(parse_qs(parts.query).get("page", ["1"])[0])
        try:
            catalogue, edition = self._find(name, is_fetch=page == 1)
        except KeyError:
            return _Answer(404)
        self._take_time(name, catalogue)
        if catalogue.mode == "reset":
            return None
        if catalogue.mode == "redirect" and not parts.path.startswith(_MOVED):
            return _Answer(302, location=f"{_MOVED}{target}")
        if catalogue.mode.startswith("error-"):
            return _Answer(int(catalogue.mode.removeprefix("error-")))
        if catalogue.mode == "html":
            return _Answer(200, _HTML, _WELCOME.encode())
        if posted is not None:
            return _Answer(200, _XML, csw.answer(posted, f"{self.base_url}/{name}", catalogue.contents(edition)))
        content = self._write_page(name, catalogue, edition, page)
        if catalogue.mode == "truncated":
            content = content[: len(content) // 2]
        return _Answer(200, _RDF, content)

    def _write_page(self, name: str, catalogue: _Catalogue, edition: int, page: int) -> bytes:
        contents = catalogue.contents(edition)
        per_page = math.ceil(len(contents) / catalogue.pages)
        next_page = f"{self.url(name)}?page={page + 1}" if page < catalogue.pages else None
        shown = contents[(page - 1) * per_page : page * per_page]
        return dcat.write_page(f"{self.base_url}/{name}", shown, next_page)

    def _answer_ckan(self, name: str, action: str, query: dict[str, list[str]]) -> _Answer:
        try:
            catalogue, edition = self._find(name, is_fetch=action != "package_show")
        except KeyError:
            return _Answer(404)
        if catalogue.mode == "html":
            return _Answer(200, _HTML, _WELCOME.encode())
        if catalogue.mode.startswith("error-"):
            return _Answer(int(catalogue.mode.removeprefix("error-")))
        status, content = ckan.answer(action, query, catalogue.contents(edition), catalogue.max_rows)
        return _Answer(status, _JSON, content)

    def _answer_dataset(self, name: str, rest: str) -> _Answer:
        try:
            catalogue, edition = self._find(name)
        except KeyError:
            return _Answer(404)
        for dataset in catalogue.contents(edition):
            if rest == f"{dataset.slug}.csv":
                return _Answer(200, _CSV, dcat.write_table(dataset).encode())
            if rest == dataset.slug:
                page = f"<!doctype html><title>{dataset.title}</title><h1>{dataset.title}</h1><p>{dataset.description}"
                return _Answer(200, _HTML, page.encode())
        return _Answer(404)


def _handler(catalogues: CatalogueServer) -> type[BaseHTTPRequestHandler]:
    class CatalogueHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(catalogues._answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._send(catalogues._answer(self.path, body.decode(errors="replace")))

        def _send(self, answer: _Answer | None) -> None:
            if answer is None:
                self._reset()
                return
            self.send_response(answer.status)
            if answer.location is not None:
                self.send_header("Location", answer.location)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.content)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _reset(self) -> None:
            """Make the kernel respond with RST: with no time to linger, closing drops what is unsent."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.rfile.close()  # it holds on to the connection
            self.connection.close()

        def log_message(self, *args: object) -> None:
            """Log nothing on the terminal of the tests."""

    return CatalogueHandler
