"""The server process that imitates every job system of the benchmarks; :class:`JobSystem` starts and steers it.

A process of its own, so that its work is not counted as the clients'; standard library only. It is steered by lines
of JSON on its stdin and responds to each with one on its stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from email.utils import formatdate
from typing import Any

from benchmarks.responses import Jobs, answer
from sandbox.child_process import end_child

_REASONS = {200: "OK", 404: "Not Found"}


class JobSystem:
    """A running job system, as the process that started it sees it; ends with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.job_system"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port: int = self._read()["port"]

    def __enter__(self) -> JobSystem:
        return self

    def __exit__(self, *error: object) -> None:
        end_child(self._process)

    def reset(self, jobs: int, *, delay: float | None = 0.0, ended: bool = False) -> None:
        """Begin so many jobs that continue forever, and count from zero.

        :param delay: Seconds before each response; None: no response.
        :param ended: Whether they began an hour ago and have all ended instead.
        """
        self._do(what="reset", jobs=jobs, delay=delay, ended=ended)

    def end(self, ends: dict[int, float]) -> None:
        """End jobs at these times (seconds since the epoch)."""
        self._do(what="end", ends=list(ends.items()))

    def mark(self) -> None:
        """Count from zero again."""
        self._do(what="mark")

    def counts(self) -> dict[str, Any]:
        """Return ``requests``, ``routes`` (requests by kind), ``asked`` (different paths), ``open`` and ``most_open``
        (connections)."""
        return self._do(what="counts")

    def _do(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The job system of the benchmarks has died; what it said is above.")
        return dict(json.loads(line))


class _Server:
    """What the process holds."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.delay: float | None = 0.0
        self.open = 0
        self._date = (0, "")
        self.mark()

    def mark(self) -> None:
        self.requests = 0
        self.routes: Counter[str] = Counter()
        self.asked: set[str] = set()
        self.most_open = self.open

    def command(self, what: str, **arguments: Any) -> dict[str, Any]:
        if what == "reset":
            now = time.time()
            self.jobs = (
                Jobs(arguments["jobs"], now - 3600, now - 3000) if arguments["ended"] else Jobs(arguments["jobs"], now)
            )
            self.delay = arguments["delay"]
        elif what == "end":
            self.jobs.ends.update((int(number), when) for number, when in arguments["ends"])
        if what in ("reset", "mark"):
            self.mark()
        return {
            "requests": self.requests,
            "routes": dict(self.routes),
            "asked": len(self.asked),
            "open": self.open,
            "most_open": self.most_open,
        }

    def connected(self, by: int) -> None:
        self.open += by
        self.most_open = max(self.most_open, self.open)

    def respond(self, head: bytes) -> bytes:
        """Return the response to a request as it is sent."""
        lines = head.decode("latin-1").split("\r\n")
        target = lines[0].split(" ")[1]
        path, _, query = target.partition("?")
        mask = next((line.partition(":")[2].strip() for line in lines[1:] if line.lower().startswith("x-fields:")), "")
        now = time.time()
        self.requests += 1
        self.routes[_route(path)] += 1
        self.asked.add(path)
        status, body = answer(self.jobs, path, query, mask, now)
        return (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nDate: {self._http_date(int(now))}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def _http_date(self, second: int) -> str:
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


def _route(path: str) -> str:
    """Return the kind of a request: its path, without the ids of jobs and sources."""
    parts = path.removeprefix("/api/1").strip("/").split("/")
    return "/".join("{}" if part.isdigit() or len(part) == 24 else part for part in parts)


class _Connection(asyncio.Protocol):
    """One connection; as little of HTTP/1.1 as GET requests take, responses in the order of the requests."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._server.connected(+1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connected(-1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if self._server.delay is None:
                self._server.respond(head)  # counted, without a response
            elif self._server.delay:
                asyncio.get_running_loop().call_later(self._server.delay, self._send, head)
            else:
                self._send(head)

    def _send(self, head: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._server.respond(head))  # type: ignore[attr-defined]


async def _serve() -> None:
    server = _Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    commands = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        print(json.dumps(server.command(**json.loads(line))), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_serve())
