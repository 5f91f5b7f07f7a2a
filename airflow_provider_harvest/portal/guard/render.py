"""A pass of the guard as rows of a table and as a message for people."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.guard.hold_and_release import held_since
from airflow_provider_harvest.portal.text.untrusted import markdown, markdown_link, plain, web_link
from airflow_provider_harvest.portal.text.words import MAX_CHAT_LINES, count, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.case import Case, GuardReport
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestSource

GUARD_SCHEMA = 1
#: Records that a row names at most.
MAX_RECORDS = 20
#: Sources that one question to a person names.
MAX_ASKED = 10
#: What a person can do about sources whose next run archives at once.
IF_EXPOSED = "Before that run, harvest with guard=True, or switch autoarchive off until its harvest has been compared."
_NEVER = datetime.max.replace(tzinfo=timezone.utc)
_STATES = {
    "held": "held",
    "lifted": "hold lifted",
    "expired": "hold expired",
    "cannot_hold": "CANNOT BE HELD",
    "cannot_lift": "held, and the hold cannot be lifted",
}


def as_dict(client: HarvestClient, report: GuardReport) -> dict[str, Any]:
    """Return a pass as JSON. Its keys are a contract with users' DAGs.

    :param client: of the portal, for the addresses of its pages.
    :param report: of the pass.
    """
    rows = [row(client, report, case) for case in report.cases]

    def ids(name: str) -> list[str]:
        return [entry["source_id"] for entry in rows if entry[name]]

    return {
        "schema": GUARD_SCHEMA,
        "portal": report.portal,
        "at": iso(report.at),
        "sources": report.sources,
        "rows": rows,
        "must_hold_ids": ids("must_hold"),
        "held_ids": ids("is_held"),
        "held_since": {entry["source_id"]: entry["held_since"] for entry in rows if entry["held_since"]},
        "lifted_ids": [entry["source_id"] for entry in rows if entry["action"] == "lifted"],
        "cannot_hold_ids": [entry["source_id"] for entry in rows if entry["action"] == "cannot_hold"],
        "expired_ids": [entry["source_id"] for entry in rows if entry["action"] == "expired"],
        "not_holdable_ids": sorted(report.not_holdable),
        "exposed_ids": sorted(report.exposed),
        "overdue_ids": ids("is_overdue"),
        "records_at_risk": sum(entry["missing"] for entry in rows),
        "incomplete": report.requests_failed,
        "message": message(client, report),
    }


def row(client: HarvestClient, report: GuardReport, case: Case) -> dict[str, Any]:
    """Return one source of a pass as a flat row of a table, with its first missing records."""
    source, outlook = case.source, case.if_released
    days = _days(case)
    return {
        "source_id": source.id,
        "source_name": plain(source.name, 120),
        "organization": plain(source.organization.name or source.organization.id, 120) if source.organization else None,
        "admin_url": client.source_url(source.id),
        "job_id": case.job.id if case.job else None,
        "is_examined": not case.unexamined,
        "records": case.judgement.before,
        "missing": len(case.missing),
        "must_hold": case.must_hold,
        "reasons": [case.unexamined] if case.unexamined else list(case.judgement.reasons),
        "is_held": case.is_held,
        "held_since": held_since(source),
        "awaits_harvest": case.is_held and case.awaits_harvest,
        "is_overdue": case.is_overdue(report.at),
        "is_exposed": case.outlook.is_exposed and not case.is_held,
        "action": case.action,
        "why": case.why,
        "next_run": iso(outlook.next_run),
        "first_archived_at": iso(outlook.first_at),
        "will_archive": 0 if case.is_held else len(outlook.records),
        "unknown": list(outlook.unknown),
        "missing_records": [
            {
                "id": record.id,
                "kind": record.kind,
                "title": plain(record.title, 120),
                "url": web_link(record.page),
                "remote_id": plain(record.remote_id, 200),
                "last_seen": iso(record.last_update),
                "archived_at": iso(days.get(record.id)),
            }
            for record in sorted(case.missing, key=lambda record: (days.get(record.id, _NEVER), record.id))[
                :MAX_RECORDS
            ]
        ],
    }


def message(client: HarvestClient, report: GuardReport) -> str:
    """Return a pass as Markdown of a few lines: what must wait first, with titles, links and the day.

    :param client: of the portal, for the addresses of its pages.
    :param report: of the pass.
    """
    told = [case for case in report.cases if _is_told(case)]
    small = [case for case in report.cases if case.missing and not _is_told(case)]
    lines = [_head(report)]
    tail = []
    if small:
        missing = count(sum(len(case.missing) for case in small), "record is", "records are")
        tail.append(f"- {_sources(len(small))} more: {missing} missing there, within what is usual.")
    if report.exposed:
        tail.append(
            f"- {_sources(len(report.exposed))}: the next run archives at once what it does not find, so that a loss "
            f"there cannot be held afterwards: {_names(report.exposed.values())}. {IF_EXPOSED}"
        )
    if report.not_holdable:
        why = next(iter(report.not_holdable.values()))
        tail.append(
            f"- {_sources(len(report.not_holdable))} could not be held if records went missing: {markdown(why, 160)}"
        )
    if report.requests_failed:
        rest = len(report.requests_failed) - 1
        more = f" (and {rest:,} more)" if rest else ""
        tail.append(f"- not examined: {markdown(report.requests_failed[0], 160)}{more}")
    room = MAX_CHAT_LINES - 1 - len(tail)
    for number, case in enumerate(told):
        block = _block(client, report, case)
        last = number == len(told) - 1
        if len(block) > room - (0 if last else 1):
            block = block[:1] if room - (0 if last else 1) >= 1 else []
        if not block:
            lines.append(f"- and {_sources(len(told) - number)} more")
            break
        lines += block
        room -= len(block)
    return "\n".join(lines + tail)


def _is_told(case: Case) -> bool:
    return _needs_a_person(case) or case.judgement.hold or case.action not in ("", "tidied")


def _needs_a_person(case: Case) -> bool:
    return case.must_hold or case.is_held or case.action in ("cannot_hold", "cannot_lift")


def _head(report: GuardReport) -> str:
    waiting = [case for case in report.cases if _needs_a_person(case)]
    if not waiting:
        return f"**Guard of {report.portal}**: {_sources(report.sources)}, nothing has to wait for a person."
    missing = count(sum(len(case.missing) for case in waiting), "record is", "records are")
    need = "needs" if len(waiting) == 1 else "need"
    return f"**Guard of {report.portal}**: {_sources(len(waiting))} {need} a person, {missing} at risk."


def _sources(number: int) -> str:
    return count(number, "source")


def _names(sources: Iterable[HarvestSource]) -> str:
    named = [markdown(source.name, 40) for source in sources]
    return ", ".join(named[:3]) + (" ..." if len(named) > 3 else "")


def _block(client: HarvestClient, report: GuardReport, case: Case) -> list[str]:
    state = _STATES.get(case.action) or ("held, waits for you" if case.is_held else "must be held")
    if case.is_overdue(report.at):
        state += ", a reminder"
    first_at = case.if_released.first_at
    when = "If released, archived" if case.is_held else "Archived"
    day = f" {when} from {first_at:%Y-%m-%d} on." if first_at else ""
    why = f" ({markdown(case.why, 160)})" if case.action in ("cannot_hold", "cannot_lift") else ""
    lines = [f"- **{state}**{why}: {_link(client, case)}: {_reasons(case)}{day}"]
    return lines + [f"  - {_titled(record)}" for record in case.missing[:3]]


def approval_body(client: HarvestClient, report: GuardReport, source_ids: Iterable[str]) -> str:
    """Return what a person must know to accept a loss or not, as Markdown: the reasons, the records, and their day.

    :param client: of the portal, for the addresses of its pages.
    :param report: of the pass.
    :param source_ids: ids of the held sources that are asked about; empty if there are none.
    """
    wanted = set(source_ids)
    asked = [case for case in report.cases if case.source.id in wanted]
    blocks = ["\n".join(_asking(client, case)) for case in asked[:MAX_ASKED]]
    if len(asked) > MAX_ASKED:
        blocks.append(f"And {_sources(len(asked) - MAX_ASKED)} more: see the rows of the guard's result.")
    return "\n\n".join(blocks)


def _asking(client: HarvestClient, case: Case) -> Iterator[str]:
    yield f"**{_link(client, case)}**: {_reasons(case)} If you accept, the portal archives:"
    yield ""
    days = _days(case)
    records = sorted(case.missing, key=lambda record: (days.get(record.id, _NEVER), record.id))
    for record in records[:MAX_RECORDS]:
        yield f"- {f'{days[record.id]:%Y-%m-%d}' if record.id in days else 'day unknown'}: {_titled(record)}"
    if len(records) > MAX_RECORDS:
        last = f", the last on {max(days.values()):%Y-%m-%d}" if days else ""
        yield f"- and {len(records) - MAX_RECORDS:,} more{last}"


def _days(case: Case) -> dict[str, datetime]:
    """Return when the known runs archive which record; of a held source: if it is released."""
    return {record.id: run.at for run in case.if_released.runs for record in run.records}


def _link(client: HarvestClient, case: Case) -> str:
    return f"[{markdown(case.source.name, 80)}]({client.source_url(case.source.id)})"


def _titled(record: HarvestedRecord) -> str:
    return markdown_link(record.title or record.key, record.page)


def _reasons(case: Case) -> str:
    if case.unexamined:
        return case.unexamined
    if case.judgement.reasons:
        return " ".join(case.judgement.reasons)
    if case.why and case.action != "cannot_lift":
        return f"{case.why[:1].upper()}{markdown(case.why[1:].rstrip('.'), 160)}."
    if case.is_held and case.awaits_harvest:
        return "a guarded run holds it until its harvest has been compared."
    if not case.missing:
        return "nothing is missing any more."
    return f"{count(len(case.missing), 'record is', 'records are')} still missing."
