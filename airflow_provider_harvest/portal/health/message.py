"""Pure: what people read of a pass, as Markdown for a chat; called by the health operator and by plain scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.health.findings import MEANINGS
from airflow_provider_harvest.portal.words import day

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.health.findings import Finding, HealthReport

#: Lines that a message has at most: it is read in a chat.
MAX_LINES = 15
#: Characters of a name and of a detail.
_NAME_WIDTH, _DETAIL_WIDTH = 80, 200

_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")


def markdown(report: HealthReport, max_lines: int = MAX_LINES) -> str:
    """Return a report as Markdown: what is new first, and what does not fit as a number.

    :param report: of the pass.
    :param max_lines: lines at most, 15 by default; no less than three.
    """
    findings = sorted(report.findings, key=lambda finding: not finding.is_new)
    new = sum(finding.is_new for finding in findings)
    looked_at = f"{report.sources:,} {'source' if report.sources == 1 else 'sources'}"
    found = f"{len(findings):,} {'finding' if len(findings) == 1 else 'findings'}, {new:,} of them new"
    head = f"**Harvests on {report.portal}**: {looked_at}, {found if findings else 'nothing wrong'}."
    tail = [f"_{plain(report.incomplete, _DETAIL_WIDTH)}_"] if report.incomplete else []
    room = max(3, max_lines) - 1 - len(tail)
    shown = findings if len(findings) <= room else findings[: room - 1]
    rest = findings[len(shown) :]
    lines = [head, *(f"- {_line(finding)}" for finding in shown)]
    if rest:
        lines.append(f"- and {len(rest):,} more: {_counted(rest)}")
    return "\n".join([*lines, *tail])


def plain(text: str, width: int) -> str:
    """Return a text of the portal's users as one line that a chat shows as it is, and that calls nobody.

    :param text: a name or a message, which may hold anything.
    :param width: characters at most, before what keeps them from being read as markup.
    """
    line = " ".join(text.split())
    cut = line if len(line) <= width else f"{line[: width - 1]}…"
    return _MARKUP.sub(r"\\\1", cut).replace("@", "@\u200b")


def _line(finding: Finding) -> str:
    source = finding.source
    new = "new, " if finding.is_new else ""
    belongs = source.organization or source.owner
    whose = f" of {plain(belongs, _NAME_WIDTH)}" if belongs else ""
    page = finding.admin_url.replace(")", "%29").replace(" ", "%20")
    name = f"[{plain(source.name or source.id, _NAME_WIDTH)}]({page})"
    detail = plain(finding.detail, _DETAIL_WIDTH)
    return f"**{MEANINGS[finding.kind]}** ({new}since {day(finding.since)}): {name}{whose}: {detail}"


def _counted(findings: list[Finding]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[MEANINGS[finding.kind]] = counts.get(MEANINGS[finding.kind], 0) + 1
    return ", ".join(f"{count:,} {meaning}" for meaning, count in counts.items())
