"""Previews of the sources that wait for the portal's team, as rows of a table; called by the review operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.health.findings import PENDING_REVIEW
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude_preview
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.sources.preview import preview_saved_source
from airflow_provider_harvest.portal.text.untrusted import markdown, markdown_link, plain
from airflow_provider_harvest.portal.text.words import MAX_CHAT_LINES, count

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient

#: The status of a preview that the portal did not make.
NO_PREVIEW = "no preview"
_NAME_WIDTH = 80
_UNKNOWN: dict[str, Any] = {"preview": None, "verdict": None, "items": None, "failed": None, "reasons": []}


def review(
    client: HarvestClient,
    findings: list[dict[str, Any]],
    timeout: float,
    most: int,
    say: Callable[[str], object] = lambda line: None,
) -> list[dict[str, Any]]:
    """Return the row of each source that waits, with what its preview came to; one preview at a time.

    :param client: of the portal, with a key.
    :param findings: rows of a pass; those of other kinds are left out.
    :param timeout: seconds that one preview may take.
    :param most: how many previews are made at most; the other rows have the preview None.
    :param say: takes a line on each preview.
    :raises HarvestError: not one preview could be made; the error of the last.
    """
    rows: list[dict[str, Any]] = []
    error: HarvestError | None = None
    for row in (row for row in findings if row["kind"] == PENDING_REVIEW):
        seen = _UNKNOWN
        if len(rows) < most:
            try:
                seen = _preview(client, row["source_id"], timeout)
            except HarvestError as problem:
                error = problem
                seen = {**_UNKNOWN, "preview": NO_PREVIEW, "reasons": [str(problem)]}
            say(f"{plain(row['source_name'], _NAME_WIDTH)}: {seen['preview']}.")
        rows.append({**row, **seen})
    if error and all(row["preview"] in {None, NO_PREVIEW} for row in rows):
        raise error
    return rows


def _preview(client: HarvestClient, source_id: str, timeout: float) -> dict[str, Any]:
    source = client.get_source(source_id)
    result = conclude_preview(client, source, preview_saved_source(client, source, timeout), OutcomePolicy())
    return {
        "preview": result["status"],
        "verdict": result["outcome"],
        "items": result["items"]["done"],
        "failed": result["items"]["failed"],
        "reasons": result["reasons"],
    }


def message(rows: list[dict[str, Any]], states: dict[str, int]) -> str:
    """Return rows as Markdown for a chat: how many wait, and a line for each that is new.

    :param rows: of :func:`review`.
    :param states: how many sources of the portal there are in each state.
    """
    new = [row for row in rows if row["is_new"]]
    verb = "waits" if len(rows) == 1 else "wait"
    accepted = f"{states.get('accepted', 0):,} are accepted"
    head = f"{count(len(rows), 'source')} {verb} for review, {len(new):,} of them new ({accepted})."
    room = MAX_CHAT_LINES - 1
    shown = new if len(new) <= room else new[: room - 1]
    more = [f"- and {len(new) - len(shown):,} more"] if len(new) > len(shown) else []
    return "\n".join([head, *(f"- {_line(row)}" for row in shown), *more])


def _line(row: dict[str, Any]) -> str:
    name = markdown_link(row["source_name"] or row["source_id"], row["admin_url"], _NAME_WIDTH)
    owner = f" of {markdown(row['owner_name'], _NAME_WIDTH)}" if row["owner_name"] else ""
    if row["items"] is None:
        return f"{name}{owner}: {row['preview'] or NO_PREVIEW}"
    return f"{name}{owner}: {row['preview']}, {count(row['items'], 'item')}, {row['failed']:,} failed"
