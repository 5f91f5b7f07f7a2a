"""Pure: a plan, and what came of it, as people read them; called by the operators and the command line.

Identical changes are told once, with the number of sources; what is unchanged is only counted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code import marker
from airflow_provider_harvest.portal.as_code.plan import changes as kinds
from airflow_provider_harvest.portal.as_code.plan.values import leaves
from airflow_provider_harvest.portal.words import count, few, plain, shorten, spell
from airflow_provider_harvest.portal.words import markdown as escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_harvest.portal.as_code.plan.changes import Change, Plan

#: Lines of a summary for an approver.
MAX_MARKDOWN_LINES = 40
#: Characters of one value.
_WIDTH = 60

#: What each kind of work is called in a count, and as a heading.
_COUNTED = {
    kinds.CREATE: ("to create", "Create"),
    kinds.UPDATE: ("to update", "Update"),
    kinds.RESCHEDULE: ("to reschedule", "Reschedule"),
    kinds.VALIDATE: ("to accept", "Accept"),
    kinds.ACTIVATE: ("to activate", "Activate"),
    kinds.DEACTIVATE: ("to deactivate", "Deactivate"),
    kinds.ADOPT: ("to adopt", "Adopt"),
    kinds.DELETE: ("to delete", "Delete"),
}
_FIELD_OF = {kinds.RESCHEDULE: "schedule", kinds.VALIDATE: "validation", kinds.ADOPT: "description"}
_STATES = (kinds.ACTIVATE, kinds.DEACTIVATE, kinds.VALIDATE, kinds.ADOPT)
#: What a person looks for first: what is lost, and what is switched on or off.
_ORDER = (
    kinds.DELETE,
    kinds.DEACTIVATE,
    kinds.CREATE,
    kinds.UPDATE,
    kinds.RESCHEDULE,
    kinds.VALIDATE,
    kinds.ACTIVATE,
    kinds.ADOPT,
)


def first_line(plan: Plan) -> str:
    """Return a plan in one line of counts."""
    counts = plan.counts
    told = [f"{counts[kind]:,} {_COUNTED[kind][0]}" for kind in kinds.KINDS if counts[kind]]
    if counts["conflict"]:
        told.append(f"{counts['conflict']:,} in conflict")
    where = plan.portal + (f" ({plan.environment})" if plan.environment else "")
    return f"{where}: {', '.join(told) or 'no changes'}, {counts['unchanged']:,} unchanged."


def text(plan: Plan) -> str:
    """Return a whole plan for a log or a terminal: counts, what the key may not do, conflicts, changes, notes."""
    lines = [first_line(plan)]
    for heading, entries in _sections(plan):
        lines += ["", f"{heading}:", *(f"  {plain(entry, None)}" for entry in entries)]
    return "\n".join(lines)


def markdown(plan: Plan, max_lines: int = MAX_MARKDOWN_LINES) -> str:
    """Return a plan for an approver, as Markdown.

    Every section is told, the longer ones cut.

    :param plan: to be approved.
    :param max_lines: lines that it has at most, 40 by default.
    """
    sections = [(f"{heading} ({len(entries)})", entries) for heading, entries in _sections(plan)]
    frame = 2 + 3 * len(sections)  # each section takes a blank line, its heading, and a blank line
    shares = _shares([len(entries) for _, entries in sections], max_lines - frame)
    lines = [f"**{escaped(first_line(plan), None)}**", ""]
    for (heading, entries), share in zip(sections, shares, strict=True):
        shown = entries if len(entries) <= share else entries[: max(0, share - 1)]
        rest = len(entries) - len(shown)
        lines += [f"**{heading}**", "", *(f"- {escaped(entry, None)}" for entry in shown)]
        lines += [*([f"- ... and {rest} more"] if rest else []), ""]
    return "\n".join(lines[:max_lines]).rstrip()


def result_line(result: dict[str, Any]) -> str:
    """Return what came of a plan in one line.

    :param result: of :class:`.apply.ApplyResult`, as JSON.
    """
    counts: dict[str, int] = defaultdict(int)
    for entry in result["done"]:
        for step in entry["steps"]:
            counts[step] += 1
    steps = ", ".join(f"{step} {number}" for step, number in counts.items())
    told = [f"{count(len(result['done']), 'source')} written" + (f" ({steps})" if steps else "")]
    told += [f"{len(result[name])} {name}" for name in ("failed", "postponed") if result[name]]
    if result["unchanged"]:
        told.append(f"{result['unchanged']:,} {'was' if result['unchanged'] == 1 else 'were'} done already")
    if result["denied"]:
        told.append(f"{sum(len(denial['keys']) for denial in result['denied'])} left to a key that may")
    again = f"; the portal takes more in {spell(result['retry_after'])}" if result["retry_after"] else ""
    return f"{result['portal']}: {', '.join(told)}{again}."


# --- the parts of a plan ----------------------------------------------------------------------------------------------


def _sections(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    if plan.denials:
        told = [f"{_COUNTED[denial.kind][1]}: {denial.reason}: {few(denial.keys)}" for denial in plan.denials]
        yield "This key may not", told
    if plan.conflicts:
        told = [f"{conflict.key}{_where(conflict.where)}: {conflict.reason}." for conflict in plan.conflicts]
        yield "In conflict", told
    for kind in _ORDER:
        changes = [change for change in plan.changes if kind in change.kinds]
        if changes:
            yield _COUNTED[kind][1], list(_entries(kind, changes))
    if plan.notes:
        yield "Notes", list(plan.notes)


def _entries(kind: str, changes: Sequence[Change]) -> Iterator[str]:
    if kind in (kinds.CREATE, kinds.DELETE):
        for change in changes:
            yield _whole(change)
        return
    groups: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        for line in _lines(kind, change):
            groups[line].append(change.key)
    # What concerns most sources comes first: it is what the pull request was about.
    for line, keys in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        number = f"{count(len(keys), 'source')} ({few(keys)})" if len(keys) > 1 else keys[0]
        yield f"{line}: {number}" if line else number


def _lines(kind: str, change: Change) -> Iterator[str]:
    """Yield what a kind of work does to a source; the same line for the same change."""
    if kind in (kinds.ACTIVATE, kinds.DEACTIVATE):
        yield ""
    elif kind == kinds.ADOPT:
        yield "description gets the marker"
    elif kind == kinds.UPDATE:
        for name in change.differing:
            if name in ("active", "validation", "schedule"):
                continue
            old, new = change.seen[name], change.wanted[name]
            if name == "description":
                yield from _description_lines(change, old, new)
                continue
            for path, before, after in leaves(name, old, new):
                yield f"{path} {_shown(before)} -> {_shown(after)}"
    else:
        name = _FIELD_OF[kind]
        yield f"{name} {_shown(change.seen.get(name))} -> {_shown(change.wanted[name])}"


def _description_lines(change: Change, old: str | None, new: str | None) -> Iterator[str]:
    (before, *old_mark), (after, *new_mark) = marker.split(old), marker.split(new)
    if before != after:
        yield f"description {_shown(before)} -> {_shown(after)}"
    if old_mark != new_mark and old_mark[0] is not None:
        yield f"marker {_shown(old_mark[1])} -> {_shown(new_mark[1])}"


def _whole(change: Change) -> str:
    if change.is_deleted:
        seen = change.seen
        return f"{change.key}: {_shown(change.name)} ({change.source_id}, {seen.get('backend')}, {seen.get('url')})"
    wanted = {**change.initial, **change.wanted}
    told = [str(wanted["backend"]), str(wanted["url"]), "active" if wanted["active"] else "inactive"]
    if wanted.get("validation"):
        told.append(str(wanted["validation"]))
    if "schedule" in wanted:
        told.append(f"cron {wanted['schedule']}" if wanted["schedule"] else "no cron")
    return f"{change.key}{_where(change.where)}: {_shown(change.name)} ({', '.join(told)})"


def _where(where: str) -> str:
    return f" [{where}]" if where else ""


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    told = json.dumps(value, ensure_ascii=False)
    return shorten(told, _WIDTH)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def _shares(lengths: Sequence[int], lines: int) -> list[int]:
    """Return how many lines each section gets: short ones all of theirs, the longer ones what is left, alike."""
    shares = [0] * len(lengths)
    left, open_ones = max(lines, len(lengths)), len(lengths)
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        shares[index] = min(lengths[index], max(1, left // open_ones))
        left -= shares[index]
        open_ones -= 1
    return shares
