"""A pass for people: as Markdown for a chat, called by the operator and scripts, and as lines of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.health.findings import MEANINGS
from airflow_provider_harvest.portal.text.untrusted import markdown as escaped
from airflow_provider_harvest.portal.text.untrusted import markdown_link, plain
from airflow_provider_harvest.portal.text.words import MAX_CHAT_LINES, count, day

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.health.findings import Finding, HealthReport

#: Characters of a name and of a detail.
_NAME_WIDTH, _DETAIL_WIDTH = 80, 200


def markdown(report: HealthReport, max_lines: int = MAX_CHAT_LINES) -> str:
    """Return a report as Markdown: what is new first, and what does not fit as a number.

    :param report: of the pass.
    :param max_lines: lines at most, 15 by default; no less than three.
    """
    findings = sorted(report.findings, key=lambda finding: not finding.is_new)
    new = sum(finding.is_new for finding in findings)
    found = f"{count(len(findings), 'finding')}, {new:,} of them new" if findings else "nothing wrong"
    head = f"**Harvests on {report.portal}**: {count(report.sources, 'source')}, {found}."
    tail = [f"_{escaped(report.incomplete, _DETAIL_WIDTH)}_"] if report.incomplete else []
    room = max(3, max_lines) - 1 - len(tail)
    shown = findings if len(findings) <= room else findings[: room - 1]
    rest = findings[len(shown) :]
    lines = [head, *(f"- {_line(finding)}" for finding in shown)]
    if rest:
        lines.append(f"- and {len(rest):,} more: {_counted(rest)}")
    return "\n".join([*lines, *tail])


def terminal_lines(report: HealthReport, *, has_previous: bool) -> list[str]:
    """Return a report as plain text, each finding in a line, by kind; nothing is left out.

    :param report: of the pass.
    :param has_previous: whether it was compared with an earlier pass; without one nothing is called new.
    """
    states = ", ".join(f"{number:,} {plain(state, 40)}" for state, number in report.states.items() if number)
    new = f", {sum(finding.is_new for finding in report.findings):,} of them new" if has_previous else ""
    found = f"{count(len(report.findings), 'finding')}{new}" if report.findings else "nothing wrong"
    lines = [f"{report.portal}: {count(report.sources, 'source')}{f' ({states})' if states else ''}, {found}."]
    for kind, meaning in MEANINGS.items():
        of_kind = [finding for finding in report.findings if finding.kind == kind]
        if of_kind:
            lines += ["", f"{meaning}: {len(of_kind):,}"]
            lines += [f"  {_terminal_line(finding, has_previous)}" for finding in of_kind]
    return [*lines, "", plain(report.incomplete, _DETAIL_WIDTH)] if report.incomplete else lines


def _terminal_line(finding: Finding, has_previous: bool) -> str:
    source = finding.source
    new = "new, " if finding.is_new and has_previous else ""
    belongs = source.organization or source.owner
    whose = f" of {plain(belongs, _NAME_WIDTH)}" if belongs else ""
    name = plain(source.name, _NAME_WIDTH)
    return f"{source.id}  {new}since {day(finding.since)}: {name}{whose}: {plain(finding.detail, _DETAIL_WIDTH)}"


def _line(finding: Finding) -> str:
    source = finding.source
    new = "new, " if finding.is_new else ""
    belongs = source.organization or source.owner
    whose = f" of {escaped(belongs, _NAME_WIDTH)}" if belongs else ""
    name = markdown_link(source.name or source.id, finding.admin_url, _NAME_WIDTH)
    detail = escaped(finding.detail, _DETAIL_WIDTH)
    return f"**{MEANINGS[finding.kind]}** ({new}since {day(finding.since)}): {name}{whose}: {detail}"


def _counted(findings: list[Finding]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[MEANINGS[finding.kind]] = counts.get(MEANINGS[finding.kind], 0) + 1
    return ", ".join(f"{number:,} {meaning}" for meaning, number in counts.items())
