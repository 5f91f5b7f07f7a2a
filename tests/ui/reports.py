"""Reports for the tests of the HTML page: one of every day, one of a hostile catalogue, one of 5,000 failed items."""

from __future__ import annotations

from typing import Any

from airflow_provider_harvest.portal.compare.find_harvests import Harvest
from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestMessage, HarvestSource
from airflow_provider_harvest.portal.reporting.report import read_report

SITE = "https://portal.example"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066",
    '=HYPERLINK("https://evil.example")',
    "[click](javascript:alert(1)) @channel <!here>",
    "{{ 7*7 }} {% raw %}",
    "line\r\n- forged line",
    "</details></main><h1>forged</h1>",
    "x" * 10_000,
]
_LINKS = ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "https://user:pw@evil.example/"]


class _Portal:
    """A portal that returns lists from memory."""

    site = SITE

    def __init__(self, items: dict[str, list[HarvestItem]], jobs: list[HarvestJob]) -> None:
        self._items, self._jobs = items, jobs

    def iter_job_items(self, job_id: str) -> list[HarvestItem]:
        return self._items.get(job_id, [])

    def iter_jobs(self, source_id: str) -> list[HarvestJob]:
        return self._jobs

    def job_history(self, source_id: str, size: int) -> list[HarvestJob]:
        return self._jobs

    def job_url(self, source_id: str, job_id: str) -> str:
        return f"{SITE}/jobs/{job_id}"

    def source_url(self, source_id: str) -> str:
        return f"{SITE}/sources/{source_id}"


def usual_report() -> dict[str, Any]:
    """A report with every kind of change, some errors and thirty jobs."""
    before = [
        *(_item(f"tree-{n}", "done", f"Trees of district {n}") for n in range(40)),
        *(_item(f"bad-{n}", "failed", f"Markets {n}", "cannot parse date: 'soon'") for n in range(6)),
        *(_item(f"gone-{n}", "done", f"Pools {n}") for n in range(5)),
        *(_item(f"old-{n}", "archived", f"Old {n}") for n in range(4)),
    ]
    after = [
        *(_item(f"tree-{n}", "done", f"Trees of district {n}") for n in range(30)),
        *(_item(f"tree-{n}", "failed", f"Trees {n}", f"Item has another owner: 6b07dbc79cbd7e80365e4c{n}")
          for n in range(30, 38)),
        *(_item(f"tree-{n}", "archived", f"Trees {n}") for n in range(38, 40)),
        *(_item(f"bad-{n}", "failed", f"Markets {n}", "cannot parse date: 'soon'") for n in range(3)),
        *(_item(f"bad-{n}", "done", f"Markets {n}") for n in range(3, 6)),
        *(_item(f"new-{n}", "done", f"Noise map {n}") for n in range(7)),
        _item("old-0", "archived", "Old 0"),
        HarvestItem(None, "skipped", errors=(HarvestMessage("missing identifier"),)),
    ]  # fmt: skip
    return _report("Towns of the valley", before, after)


def hostile_report() -> dict[str, Any]:
    """A report in which everything that a catalogue can say is hostile."""
    after = [_item(word, "failed", word, word, _LINKS[place % 3]) for place, word in enumerate(HOSTILE)]
    return _report(" ".join(HOSTILE), [], after)


def large_report() -> dict[str, Any]:
    """A report of 5,000 failed items with long titles and messages."""
    url = "https://x.example/" + "p" * 300
    after = [_item(f"id-{n}" * 20, "failed", f"Title {n} " * 40, f"Message <{n}> " * 100, url) for n in range(5000)]
    return _report("A large catalogue", [], after)


def _item(remote_id: str, status: str, title: str, message: str = "", url: str | None = None) -> HarvestItem:
    errors = (HarvestMessage(message),) if message else ()
    link = url or f"https://geo.example/{remote_id}"
    return HarvestItem(remote_id, status, dataset_title=title, dataset_url=link, remote_url=link, errors=errors)


def _report(name: str, before: list[HarvestItem], after: list[HarvestItem]) -> dict[str, Any]:
    jobs = [_job(number, failed=(number * 7) % 9) for number in range(30, 0, -1)]
    portal: Any = _Portal({"30": after, "29": before}, jobs)
    return read_report(Harvest(portal, jobs[0], HarvestSource("s", name, "https://geo.example", "dcat")))


def _job(number: int, failed: int) -> HarvestJob:
    status = "failed" if number == 12 else "done-errors" if failed else "done"
    day = f"2026-11-{number:02}"
    counts = {"done": 40 + number % 5, "failed": failed, "archived": number % 4}
    body = {"id": str(number), "status": status, "created": f"{day}T01:00:00Z", "ended": f"{day}T01:{number:02}:00Z"}
    return HarvestJob.from_api({**body, "items": {"total": sum(counts.values()), "by_status": counts}})
