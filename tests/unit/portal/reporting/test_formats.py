"""A report in each format: whatever a catalogue says in it does no harm, and it stays small."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.compare.find_harvests import Harvest
from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestMessage, HarvestSource
from airflow_provider_harvest.portal.reporting import formats
from airflow_provider_harvest.portal.reporting.report import read_report, summary_of
from airflow_provider_harvest.portal.text.words import MAX_CHAT_LINES

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066",
    '=HYPERLINK("http://evil.example")',
    "[click](javascript:alert(1)) @channel <!here>",
    "{{ 7*7 }} {% raw %}",
    "line\r\n- forged line",
    "x" * 10_000,
]
_BAD_LINKS = ["javascript:alert(1)", "data:text/html,<script>", "http://user:pw@evil.example/", "//evil.example"]


class FakeClient:
    """A portal that returns lists from memory; counts nothing, fails nowhere."""

    site = "https://portal.example"

    def __init__(self, items: dict[str, list[HarvestItem]], jobs: list[HarvestJob]) -> None:
        self.items, self.jobs = items, jobs

    def iter_job_items(self, job_id: str) -> list[HarvestItem]:
        return self.items[job_id]

    def iter_jobs(self, source_id: str) -> list[HarvestJob]:
        return self.jobs

    def job_history(self, source_id: str, size: int) -> list[HarvestJob]:
        return self.jobs

    def job_url(self, source_id: str, job_id: str) -> str:
        return f"{self.site}/jobs/{job_id}"

    def source_url(self, source_id: str) -> str:
        return f"{self.site}/sources/{source_id}"


def job(ident: str, status: str = "done-errors", **counts: int) -> HarvestJob:
    body = {
        "id": ident,
        "status": status,
        "created": f"2026-11-2{ident}T00:00:00Z",
        "ended": f"2026-11-2{ident}T00:01:00Z",
    }
    return HarvestJob.from_api({**body, "items": {"total": sum(counts.values()), "by_status": counts}})


def report_of(
    before: list[HarvestItem], after: list[HarvestItem], name: str = "Towns", status: str = "done-errors"
) -> dict[str, Any]:
    jobs = [job("2", status, done=len(after)), job("1", done=len(before))]
    client: Any = FakeClient({"2": after, "1": before}, jobs)
    return read_report(Harvest(client, jobs[0], HarvestSource("s", name, "https://geo.example", "dcat")))


def item(
    remote_id: str, status: str = "failed", title: str | None = None, message: str = "", url: str | None = None
) -> HarvestItem:
    errors = (HarvestMessage(message),) if message else ()
    return HarvestItem(remote_id, status, dataset_title=title, dataset_url=url, remote_url=url, errors=errors)


@pytest.fixture
def hostile() -> dict[str, Any]:
    """A report in which everything that a catalogue can say is hostile."""
    words = [*HOSTILE, *_BAD_LINKS]
    after = [item(word, title=word, message=word, url=_BAD_LINKS[place % 4]) for place, word in enumerate(words)]
    return report_of([], after, name=" ".join(HOSTILE))


class Page(HTMLParser):
    """Collects what a browser would do with a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


def test_html_runs_nothing_and_loads_nothing_of_a_hostile_catalogue(hostile: dict[str, Any]) -> None:
    page = Page(formats.as_html(hostile))
    assert not {"script", "img", "iframe", "object", "form", "input"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links
    assert all(str(link).startswith("https://") for link in links)
    assert [attributes["href"] for tag, attributes in page.tags if tag == "link"] == ["data:,"]


def test_html_evaluates_no_template_of_a_hostile_catalogue(hostile: dict[str, Any]) -> None:
    text = formats.as_html(hostile)
    assert "{{ 7*7 }}" in text


@pytest.mark.parametrize("name", ["html", "csv", "md", "json"])
def test_no_format_holds_control_characters_or_marks_that_turn_the_text(hostile: dict[str, Any], name: str) -> None:
    text = formats.FORMATS[name](hostile)
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\\\\]u001b|[\x1b\u202e]", text)


def test_markdown_has_at_most_15_lines_and_no_link_or_mention_of_a_strangers(hostile: dict[str, Any]) -> None:
    text = formats.as_markdown(hostile)
    assert len(text.splitlines()) <= MAX_CHAT_LINES
    assert re.findall(r"(?<!\\)\]\((?!https://portal\.example)", text) == []
    assert "@channel" not in text


def test_csv_holds_no_formula_and_a_row_for_each_record(hostile: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(formats.as_csv(hostile))))
    assert len(rows) == len(HOSTILE) + len(_BAD_LINKS)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]


def test_html_of_5000_failed_items_with_long_messages_stays_below_a_megabyte() -> None:
    url = "https://x.example/" + "p" * 300
    after = [item(f"id-{n}" * 20, "failed", f"Title {n} " * 40, f"Message <{n % 99}> " * 30, url) for n in range(5000)]
    report = report_of([], after)
    assert len(formats.as_html(report).encode()) < 1_000_000
    assert len(json.loads(formats.as_json(report))["changes"]) == 5000
    assert len(json.dumps(summary_of(report))) < 20_000


@pytest.mark.parametrize(
    "letters, url",
    [
        pytest.param("城", "https://x.example/", id="letters of three bytes"),
        pytest.param("\U0001f600", "https://x.example/" + "p" * 1900, id="letters of four bytes, long addresses"),
        pytest.param('"', "https://x.example/?" + "a&" * 900, id="letters that become six"),
        pytest.param("x", "https://x.example/" + "p" * 2_500, id="addresses that no browser follows"),
    ],
)
def test_html_stays_below_a_megabyte_whatever_its_letters_take(letters: str, url: str) -> None:
    kinds, shown = ("failed", "done"), formats.MAX_ROWS
    after = [item(f"{letters * 99}{n}", kinds[n % 2], letters * 200, letters * 500, url) for n in range(2 * shown)]
    report = report_of([], after)
    page = formats.as_html(report)
    assert 200_000 < len(page.encode()) < 1_000_000
    assert "are shown; the CSV and the JSON hold all" in page
    assert max(map(len, formats.as_markdown(report).splitlines())) < 4_500


def test_one_is_singular() -> None:
    report = report_of([], [item("a", title="A", message="odd"), item("", "skipped", message="missing identifier")])
    assert "1 time: " in formats.as_markdown(report)
    assert "1 record without an identifier" in formats.as_html(report)
    assert "1 times" not in formats.as_markdown(report)


def test_a_record_without_an_identifier_is_not_called_the_job() -> None:
    report = report_of([], [item("", "skipped", message="missing identifier")])
    for name in ("html", "md"):
        assert "a record without an identifier" in formats.FORMATS[name](report)
        assert "the job itself" not in formats.FORMATS[name](report)


def test_a_harvest_that_did_not_read_the_catalogue_calls_nothing_vanished() -> None:
    report = report_of([item("a", "done")], [], status="failed")
    assert report["counts"] is None
    assert report["changes"] == []
    for name in formats.FORMATS:
        assert formats.FORMATS[name](report)
    assert "nothing is compared" in formats.as_markdown(report)


def test_a_first_harvest_is_all_new() -> None:
    client: Any = FakeClient({"2": [item("a", "done")]}, [job("2", done=1)])
    report = read_report(Harvest(client, client.jobs[0], HarvestSource("s", "Towns", "https://geo.example", "dcat")))
    assert report["counts"]["new"] == 1
    assert "first harvest" in formats.as_markdown(report)


@pytest.mark.parametrize(
    "given, expected", [("html,csv", ["html", "csv"]), (["markdown", "MD"], ["md"]), (" json ", ["json"])]
)
def test_formats_are_chosen_by_name(given: Any, expected: list[str]) -> None:
    assert formats.check_formats(given) == expected


@pytest.mark.parametrize("given", ["pdf", "", [], "html,docx"])
def test_a_format_that_is_not_written_is_refused(given: Any) -> None:
    with pytest.raises(HarvestInvalidInput, match="html, csv, json, md"):
        formats.check_formats(given)
