"""Measures how soon the page of all harvests is drawn once Airflow has responded; run in the environment ``ui``.

    .venvs/ui/bin/python -m benchmarks.pages --airflow airflow-3.1.8

A real api-server gives the page its surroundings, a headless Chromium draws it, and the responses about harvests are
invented: 500 sources, 50 of which have 30 harvests. Measured is the time from the last response to the frame with the
rows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import sync_playwright

from sandbox import environments
from sandbox.airflow_server import AirflowServer
from tests.ui import fake_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

PORTAL = "http://portal.example"
#: Rows that the page draws at first (``ui/src/views/SourcesTable.tsx``).
ROWS = 100
_USER = "ada"
_ANSWERED = r"/api/v2/(assets|dags/~)"
#: Notes when the rows are there, and when the frame with them has been laid out and painted.
_WATCH = """
window.harvestDrawn = 0;
new MutationObserver((_, self) => {
  if (document.querySelectorAll(".hv tbody tr").length < %d) return;
  self.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.harvestDrawn = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
_READ = """() => {
  const isAnswer = (entry) => /\\/api\\/v2\\/(assets|dags\\/~)/.test(entry.name);
  const answered = performance.getEntriesByType("resource").filter(isAnswer);
  const last = Math.max(...answered.map((entry) => entry.responseEnd));
  return [window.harvestDrawn - last, document.querySelectorAll(".hv *").length, answered.length];
}"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--airflow", default="airflow-3.3.2", help="environment of the Airflow; default 3.3.2")
    parser.add_argument("--n", type=int, default=500, help="how many sources; 500")
    parser.add_argument("--times", type=int, default=7, help="how often the page is opened; the first does not count")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    python = environments.ensure(chosen.airflow)
    with tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True) as home, sync_playwright() as engine:
        dags = Path(home) / "dags"
        dags.mkdir()
        users = {_USER: "admin"}
        with AirflowServer(python, Path(home), dags, {}, users=users, pages_only=True) as airflow:
            browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 850})
            page.set_default_timeout(120_000)
            _log_in(page, airflow.url)
            page.route(re.compile(_ANSWERED), answering(chosen.n))
            page.add_init_script(_WATCH % min(ROWS, chosen.n))
            seen = [_open(page, f"{airflow.url}/plugin/harvests") for _ in range(chosen.times)][1:]
            browser.close()
    times = [drawn for drawn, _, _ in seen]
    print(
        f"{chosen.airflow}, {chosen.n} sources: drawn {statistics.median(times):.0f} ms after the last answer "
        f"(median of {len(times)}, {min(times):.0f} to {max(times):.0f}), {seen[-1][1]:,} nodes, "
        f"{seen[-1][2]} requests, load {os.getloadavg()[0]:.1f}"
    )


def answering(count: int) -> Callable[[Route], None]:
    """Return the responses to the page's requests: so many sources, each with one harvest and every tenth with 30."""
    uris = [f"harvest://portal.example/source/{fake_results.source_id(number)}" for number in range(1, count + 1)]
    assets = [{"id": place, "name": uri, "uri": uri} for place, uri in enumerate(uris, 1)]
    events = [
        {
            "asset_id": place,
            "uri": uri,
            "extra": fake_results.result(PORTAL, place, nth),
            "timestamp": f"2026-11-{nth:02}T00:00:00Z",
        }
        for place, uri in enumerate(uris, 1)
        for nth in range(1, 31 if place % 10 == 0 else 2)
    ]

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        query = dict(parse_qsl(address.query))
        if address.path.endswith("/assets/events"):
            body = _page("asset_events", events, query)
        elif address.path.endswith("/assets"):
            body = _page("assets", assets, query)
        else:
            body = {"xcom_entries": [], "task_instances": [], "total_entries": 0}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    return answer


def _page(key: str, entries: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    begin, size = int(query.get("offset", 0)), int(query.get("limit", 50))
    return {key: entries[begin : begin + size], "total_entries": len(entries)}


def _log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("input[name=username]").fill(_USER)
    page.locator("input[name=password]").fill(_USER)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "login" not in address)


def _open(page: Page, address: str) -> tuple[float, int, int]:
    page.goto(address)
    page.wait_for_function("window.harvestDrawn > 0")
    drawn, nodes, requests = page.evaluate(_READ)
    return float(drawn), int(nodes), int(requests)


if __name__ == "__main__":
    main()
