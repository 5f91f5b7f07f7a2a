"""A plan and its result as text for people; called by the operators and the command line.

The same change of several sources is one entry with all their keys; what is unchanged is only counted. Nothing that an
apply would write is left out of the whole text; the summary says how much it leaves out.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.plan import planned_changes as kinds
from airflow_provider_harvest.portal.as_code.plan.excerpts import change as changed
from airflow_provider_harvest.portal.as_code.plan.excerpts import shown
from airflow_provider_harvest.portal.as_code.plan.values import leaves
from airflow_provider_harvest.portal.text.untrusted import markdown as escaped
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, few, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan

#: Lines of a summary for an approver.
MAX_MARKDOWN_LINES = 40
#: In a summary: characters of one value.
_VALUE = 200
#: Columns of a log or a terminal.
_COLUMNS = 120

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
#: What a person needs to see first: what is lost, and what is switched on or off.
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
    for heading, entries in _sections(plan, is_brief=False):
        lines += ["", f"{heading}:", *(line for entry in entries for line in _indented(plain(entry, None)))]
    return "\n".join(lines)


def _indented(entry: str) -> list[str]:
    """Return the lines of an entry: one, unless it ends in many keys."""
    if len(entry) + 2 <= _COLUMNS or " sources (" not in entry:
        return [f"  {entry}"]
    head, _, keys = entry.rpartition(" sources (")
    return [f"  {head} sources (", *textwrap.wrap(keys, _COLUMNS, initial_indent=" " * 4, subsequent_indent=" " * 4)]


def markdown(plan: Plan, max_lines: int = MAX_MARKDOWN_LINES) -> str:
    """Return a plan for an approver, as Markdown.

    Every section is included, the longer ones cut.

    :param plan: to be approved.
    :param max_lines: lines that it has at most, 40 by default.
    """
    sections = [(f"{heading} ({len(entries)})", entries) for heading, entries in _sections(plan, is_brief=True)]
    frame = 2 + 3 * len(sections)  # each section takes a blank line, its heading, and a blank line
    shares = _shares([len(entries) for _, entries in sections], max_lines - frame)
    lines = [f"**{escaped(first_line(plan), None)}**", ""]
    for (heading, entries), share in zip(sections, shares, strict=True):
        kept = entries if len(entries) <= share else entries[: max(0, share - 1)]
        rest = len(entries) - len(kept)
        lines += [f"**{heading}**", "", *(f"- {escaped(entry, None)}" for entry in kept)]
        lines += [*([f"- ... and {rest} more: see the whole plan"] if rest else []), ""]
    return "\n".join(lines[:max_lines]).rstrip()


def result_line(result: dict[str, Any]) -> str:
    """Return the result of a plan in one line.

    :param result: of :class:`.apply.result.ApplyResult`, as JSON.
    """
    counts: dict[str, int] = defaultdict(int)
    for entry in result["done"]:
        for step in entry["steps"]:
            counts[step] += 1
    steps = ", ".join(f"{step} {number}" for step, number in counts.items())
    told = [f"{count(len(result['done']), 'source')} written" + (f" ({steps})" if steps else "")]
    told += [f"{len(result[name])} {name}" for name in ("failed", "postponed") if result[name]]
    if result["unchanged"]:
        told.append(f"{count(result['unchanged'], 'was', 'were')} done already")
    if result["denied"]:
        told.append(f"{sum(len(denial['keys']) for denial in result['denied'])} need a key with more rights")
    again = f"; the portal takes more in {spell(result['retry_after'])}" if result["retry_after"] else ""
    return f"{result['portal']}: {', '.join(told)}{again}."


# --- the parts of a plan ----------------------------------------------------------------------------------------------


def _sections(plan: Plan, *, is_brief: bool) -> Iterator[tuple[str, list[str]]]:
    if plan.denials:
        told = [f"{_COUNTED[denial.kind][1]}: {denial.reason}: {few(denial.keys)}" for denial in plan.denials]
        yield "This key may not", told
    if plan.conflicts:
        told = [f"{conflict.key}{_where(conflict.where)}: {conflict.reason}." for conflict in plan.conflicts]
        yield "In conflict", told
    for kind in _ORDER:
        changes = [change for change in plan.changes if kind in change.kinds]
        if changes:
            yield _COUNTED[kind][1], list(_entries(kind, changes, is_brief))
    if plan.notes:
        yield "Notes", list(plan.notes)


def _entries(kind: str, changes: Sequence[Change], is_brief: bool) -> Iterator[str]:
    limit = _VALUE if is_brief else None
    if kind in (kinds.CREATE, kinds.DELETE):
        for change in changes:
            yield _whole(change, limit)
        return
    # Only equal changes are grouped: the same two values, not two that become equal when they are cut.
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in changes:
        for what, before, after in _edits(kind, change):
            line = f"{what} {changed(before, after, limit)}" if what and (before, after) != _STATE else what
            groups[line, f"{shown(before)} -> {shown(after)}"].append(change.key)
    # What concerns most sources comes first: it is what the pull request was about.
    for (line, _), keys in sorted(groups.items(), key=lambda group: (-len(group[1]), *group[0])):
        told = few(keys) if is_brief else ", ".join(keys)
        number = f"{count(len(keys), 'source')} ({told})" if len(keys) > 1 else keys[0]
        yield f"{line}: {number}" if line else number


#: Placeholder for both values of a change that its heading or its words describe completely.
_STATE = ("", "")


def _edits(kind: str, change: Change) -> Iterator[tuple[str, Any, Any]]:
    """Yield what a kind of work does to a source: what is changed, its value before, and its value after."""
    if kind in (kinds.ACTIVATE, kinds.DEACTIVATE):
        yield ("", *_STATE)
    elif kind == kinds.ADOPT:
        yield ("description gets the marker", *_STATE)
    elif kind == kinds.UPDATE:
        for name in change.differing:
            if name in ("active", "validation", "schedule"):
                continue
            old, new = change.seen[name], change.wanted[name]
            yield from _description_edits(old, new) if name == "description" else leaves(name, old, new)
    else:
        name = _FIELD_OF[kind]
        yield name, change.seen.get(name), change.wanted[name]
        if kind == kinds.VALIDATE and change.comment:
            yield "comment", None, change.comment
        if kind == kinds.VALIDATE and "schedule" in change.wanted and "schedule" not in change.differing:
            yield "schedule is set again, which accepting resets,", None, change.wanted["schedule"]


def _description_edits(old: str | None, new: str | None) -> Iterator[tuple[str, Any, Any]]:
    (before, *old_mark), (after, *new_mark) = ownership_marker.split(old), ownership_marker.split(new)
    if before != after:
        yield "description", before, after
    if old_mark != new_mark and old_mark[0] is not None:
        yield "marker", old_mark[1], new_mark[1]


def _whole(change: Change, limit: int | None) -> str:
    if change.is_deleted:
        seen = change.seen
        return f"{change.key}: {shown(change.name)} ({change.source_id}, {seen.get('backend')}, {seen.get('url')})"
    wanted = {**change.initial, **change.wanted}
    whose = f"of {change.owner_name}" if change.owner_name else "of the key's own user"
    told = [whose, str(wanted["backend"]), str(wanted["url"]), "active" if wanted["active"] else "inactive"]
    if wanted.get("validation"):
        told.append(str(wanted["validation"]) + (f" with {shown(change.comment, limit)}" if change.comment else ""))
    if "schedule" in wanted:
        told.append(f"cron {wanted['schedule']}" if wanted["schedule"] else "no cron")
    if wanted.get("autoarchive") is False:
        told.append("no autoarchive")
    told += [f"{path} {shown(value, limit)}" for path, _, value in leaves("config", {}, wanted["config"])]
    text = ownership_marker.split(wanted.get("description"))[0]
    told += [f"description {shown(text, limit)}"] if text else []
    return f"{change.key}{_where(change.where)}: {shown(change.name)} ({', '.join(told)})"


def _where(where: str) -> str:
    return f" [{where}]" if where else ""


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
