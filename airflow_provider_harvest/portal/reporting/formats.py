"""A report as CSV, JSON, Markdown and HTML; every format is safe to open whatever a catalogue says in it."""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.compare.diff import KINDS, TROUBLE, UNCHANGED
from airflow_provider_harvest.portal.reporting.chart import chart
from airflow_provider_harvest.portal.statuses import FAILED
from airflow_provider_harvest.portal.text.untrusted import MAX_LINK, markdown, markdown_link
from airflow_provider_harvest.portal.text.words import MAX_CHAT_LINES, count, shorten, spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

COMPARISON_COLUMNS = ("kind", "remote_id", "before", "after", "title", "url", "remote_url", "message")
#: Rows of one kind, and of all, in the HTML, and its bytes: it stays below 1 MB. The CSV and the JSON hold all.
MAX_ROWS_OF_KIND, MAX_ROWS, MAX_BYTES = 500, 1000, 960_000
#: Characters of a row's texts in the HTML.
SHOWN = {"title": 120, "remote_id": 80, "message": 160}
#: Bytes of a row's markup.
_ROW_BYTES = 420
WHO = {
    "producer": "the producer",
    "portal": "the portal's team",
    "nobody": "nobody yet: it may pass by itself",
    "unknown": "unknown: read the message",
}


def as_json(report: dict[str, Any]) -> str:
    """Return a report as JSON."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def as_csv(report: dict[str, Any]) -> str:
    """Return the changes of a report as CSV, a row for each remote id whose status is not what it was."""
    return table_as_csv(COMPARISON_COLUMNS, report["changes"])


def table_as_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV. A cell that a spreadsheet would read as a formula begins with an apostrophe."""
    output = io.StringIO()
    table = csv.writer(output, lineterminator="\r\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([_cell(row.get(column)) for column in columns])
    return output.getvalue()


def as_markdown(report: dict[str, Any]) -> str:
    """Return a report as Markdown of at most 15 lines, for a chat."""
    job, counts = report["job"], report["counts"]
    lines = [f"**{markdown(report['source']['name'], 80)}**: {headline(report)}"]
    if counts is not None:
        trouble = [f"{counts[kind]:,} {kind.replace('_', ' ')}" for kind in TROUBLE if counts[kind]]
        others = [
            f"{counts[kind]:,} {kind.replace('_', ' ')}"
            for kind in KINDS
            if counts[kind] and kind not in (*TROUBLE, UNCHANGED)
        ]
        lines.append(f"- Needs attention: {', '.join(trouble) or 'nothing'}")
        lines.append(f"- Also: {', '.join([*others, f'{counts[UNCHANGED]:,} unchanged'])}")
    for group in report["errors"][:5]:
        example = group["examples"][0]
        named = example["title"] or example["remote_id"] or "a record without an identifier"
        lines.append(
            f"- {count(group['count'], 'time')}: {markdown(group['title'], 90)} ({WHO[group['who']]}), such as "
            f"{markdown_link(named, example['url'], 60)}"
        )
    if len(report["errors"]) > 5:
        lines.append(f"- and {count(len(report['errors']) - 5, 'more kind', 'more kinds')} of errors")
    lines.append(f"- {markdown_link('The job on the portal', job['url'])}")
    return "\n".join(lines[:MAX_CHAT_LINES]) + "\n"


def headline(report: dict[str, Any]) -> str:
    """Return a line with the result of a harvest and what it was compared with."""
    job, previous = report["job"], report["previous"]
    items = job["items"]
    counted = (
        f", {items['done']:,} done, {items['failed']:,} failed, {items['skipped']:,} skipped, "
        f"{items['archived']:,} archived"
        if items
        else ""
    )
    lasted = f" after {spell(job['duration'])}" if job["duration"] is not None else ""
    ended = f"ended {(job['ended'] or '')[:16].replace('T', ' ')} UTC {job['status']!r}{lasted}{counted}"
    if report["counts"] is None:
        which = "It" if job["status"] == FAILED or previous is None else "The harvest to compare it with"
        return f"{ended}. {which} did not read the whole catalogue, so nothing is compared."
    if previous is None:
        return f"{ended}. It is the first harvest that can be read: everything is new."
    return f"{ended}. Compared with the harvest of {(previous['ended'] or '')[:16].replace('T', ' ')} UTC."


def as_html(report: dict[str, Any]) -> str:
    """Return a report as one HTML file that loads nothing and runs nothing.

    :raises HarvestInvalidInput: if Jinja2 is not installed.
    """
    tables = []
    for kind, meaning in KINDS.items():
        rows = [row for row in report["changes"] if row["kind"] == kind]
        if rows:
            tables.append({"kind": kind, "meaning": meaning, "count": len(rows), "rows": rows[:MAX_ROWS_OF_KIND]})
    without_rows = _rendered(report, [{**table, "rows": []} for table in tables])
    return _rendered(report, _fitting(tables, MAX_BYTES - len(without_rows.encode())))


def _fitting(tables: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Return the tables with as many of their rows as there is room for, the first tables first.

    :param tables: each with its ``rows``.
    :param room: bytes.
    """
    left, fitting = MAX_ROWS, []
    for table in tables:
        shown: list[dict[str, Any]] = []
        for row in table["rows"][:left]:
            room -= _bytes_of(row)
            if room < 0:
                break
            shown.append(row)
        left -= len(shown)
        fitting.append({**table, "rows": shown})
    return fitting


def _bytes_of(row: dict[str, Any]) -> int:
    """Return how many bytes a row of the HTML takes at most: a letter takes up to four, and a quotation mark six."""
    shown = (shorten(row[name] or "", width) for name, width in SHOWN.items())
    url = row["url"] or row["remote_url"] or ""
    texts = [*shown, row["remote_id"] if not row["title"] else "", url if len(url) <= MAX_LINK else ""]
    return _ROW_BYTES + sum(len(escape(text).encode()) for text in texts)


def _rendered(report: dict[str, Any], tables: list[dict[str, Any]]) -> str:
    rendered: str = _template().render(
        report=report,
        headline=headline(report),
        tables=tables,
        kinds=KINDS,
        trouble=TROUBLE,
        who=WHO,
        chart=chart(report["history"]),
        shorten=shorten,
        shown=SHOWN,
        max_link=MAX_LINK,
        count=count,
    )
    return rendered


#: What writes each format, by its name, which is also the ending of its file.
FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "html": as_html,
    "csv": as_csv,
    "json": as_json,
    "md": as_markdown,
}


def check_formats(names: Sequence[str] | str) -> list[str]:
    """Return the names of formats that a user gave.

    :param names: a list, or a string separated by commas.
    :raises HarvestInvalidInput: for an unknown format, or an empty list.
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    chosen = list(dict.fromkeys(str(name).strip().lower().replace("markdown", "md") for name in given))
    unknown = [name for name in chosen if name not in FORMATS]
    if unknown or not chosen:
        raise HarvestInvalidInput(f"formats must be some of {', '.join(FORMATS)}, not {', '.join(unknown) or 'empty'}.")
    return chosen


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@cache
def _template() -> Any:
    try:
        from jinja2 import Environment
    except ImportError:
        raise HarvestInvalidInput(
            "An HTML report needs Jinja2: pip install 'airflow-provider-harvest[cli]', or choose another format."
        ) from None
    source = Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
