"""Measures the guard's pass over a whole portal, in a process of its own, so that its memory is told.

The portal responds at once: 500 sources of 100 organizations with 74,200 datasets, as many as data.gouv.fr had. One
source in ten has lost a dataset since yesterday, and one has lost 40 % of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.health_passes import peak_memory

_ORGANIZATIONS = 100
_DATASETS_EACH = 148.4


@dataclass(frozen=True)
class GuardPass:
    """What a pass cost.

    :param news: Whether every source was harvested since the pass before, or none.
    :param requests: How many it sent.
    :param seconds: How long it took, and of these the CPU of this process.
    :param memory: Bytes that the process grew by at most.
    """

    sources: int
    datasets: int
    news: bool
    requests: int
    seconds: float
    cpu: float
    memory: int


class _Portal:
    def __init__(self, sources: int) -> None:
        self.sources = sources
        self.datasets = round(sources * _DATASETS_EACH)
        self.requests = 0
        self.began = datetime.now(timezone.utc) - timedelta(hours=3)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        page, size = int(query.get("page", ["1"])[0]), int(query.get("page_size", ["20"])[0])
        match path.strip("/").split("/")[2:]:
            case ["harvest", "backends"]:
                return [{"id": "dcat", "label": "DCAT", "filters": [], "features": [], "extra_configs": []}]
            case ["harvest", "sources"]:
                return self._page(page, size, self.sources, self._source)
            case ["datasets"]:
                return self._page(page, size, self.datasets, self._dataset)
            case ["dataservices"]:
                return self._page(page, size, 0, self._dataset)
            case ["harvest", "job", ident, "items"] if ident != "x":
                source = int(ident.removeprefix("6a"), base=16)
                found = [number for number in range(source, self.datasets, self.sources) if not self._is_lost(number)]
                return self._page(page, size, len(found), lambda at: {"remote_id": f"r{found[at]}", "status": "done"})
        return None

    def _page(self, page: int, size: int, total: int, entry: Any) -> dict[str, Any]:
        numbers = range((page - 1) * size, min(page * size, total))
        return {"data": [entry(number) for number in numbers], "total": total, "page": page, "page_size": size}

    def _source(self, number: int) -> dict[str, Any]:
        at = self.began.isoformat()
        organization = {"id": f"5e{number % _ORGANIZATIONS:022x}", "name": "Town", "slug": "town"}
        job = {"id": f"6a{number:022x}", "status": "done", "created": at, "started": at, "ended": at}
        return {
            "id": f"5f{number:022x}", "slug": f"town-{number}", "name": f"Catalogue {number}", "backend": "dcat",
            "url": "https://town.example/", "active": True, "autoarchive": True, "deleted": None, "description": None,
            "schedule": "0 3 * * *", "owner": None, "organization": organization,
            "last_job": {**job, "items": {"total": 148}},
        }  # fmt: skip

    def _is_lost(self, number: int) -> bool:
        source, place = number % self.sources, number // self.sources
        return (source % 10 == 0 and place == 0) or (source == 7 and place % 5 < 2)

    def _dataset(self, number: int) -> dict[str, Any]:
        seen = self.began - timedelta(days=1) if self._is_lost(number) else self.began + timedelta(minutes=1)
        harvest = {"source_id": f"5f{number % self.sources:022x}", "remote_id": f"r{number}"}
        return {
            "id": f"50{number:022x}", "title": f"Register {number} of a town with a name", "archived": None,
            "page": f"https://www.example/datasets/register-{number}/",
            "harvest": {**harvest, "last_update": seen.isoformat()},
        }  # fmt: skip


def measure(sources: int, *, news: bool) -> GuardPass:
    """Pass over a portal once.

    :param sources: How many sources the portal has.
    :param news: Whether they were all harvested since the pass before, or none.
    """
    portal = _Portal(sources)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            portal.requests += 1
            parts = urlsplit(self.path)
            body = portal.answer(parts.path, parse_qs(parts.query))
            content = json.dumps(body).encode()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "benchmarks.guard_passes",
            str(server.server_port),
            str(int(news)),
        ]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    finally:
        server.shutdown()
        server.server_close()
    warm_up = told.pop("warm_up")
    return GuardPass(sources, portal.datasets, news, portal.requests - warm_up, **told)


def _main(port: int, news: bool) -> None:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.survey import examine

    with HarvestClient(f"http://127.0.0.1:{port}") as client:
        client.list_backends()  # so that the libraries are loaded
        grown = -peak_memory()
        begun, cpu = time.perf_counter(), time.process_time()
        report = examine(client, since=None if news else time.time())
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        held = [case for case in report.cases if case.judgement.hold]
        if len(held) != int(news):
            raise RuntimeError(f"{len(held)} sources would be held. {report.requests_failed[:2]}")
        told = {"seconds": seconds, "cpu": cpu, "memory": grown + peak_memory(), "warm_up": 1}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2] == "1")
