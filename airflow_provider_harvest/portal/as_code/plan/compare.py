"""Compute what to change so that a portal matches the files; called by :mod:`.make_plan`.

    plan = compare(declaration, view, prune=False)

Keys that the files do not give are neither compared nor changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.files.find_secrets import hidden
from airflow_provider_harvest.portal.as_code.model import Cron, Window
from airflow_provider_harvest.portal.as_code.plan import windows
from airflow_provider_harvest.portal.as_code.plan.deletions import deletion_of, find_orphans, orphan_notes
from airflow_provider_harvest.portal.as_code.plan.duplicates import refuse_duplicates
from airflow_provider_harvest.portal.as_code.plan.find_planned import SourceIndex
from airflow_provider_harvest.portal.as_code.plan.matching import Match, Trust, match_sources, whose
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Conflict, Plan
from airflow_provider_harvest.portal.as_code.plan.rights import Rights, denials
from airflow_provider_harvest.portal.as_code.plan.values import normal, values_of
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.sources.guard_note import is_held
from airflow_provider_harvest.portal.sources.identity import normal_url
from airflow_provider_harvest.portal.statuses import ACCEPTED
from airflow_provider_harvest.portal.text.words import count, few

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource
    from airflow_provider_harvest.portal.as_code.plan.deletions import Orphans
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestSource

#: Values of a new source for keys that the files do not give: udata's own defaults from 17.4 on.
_INITIAL: dict[str, Any] = {"description": None, "config": {}, "active": True, "autoarchive": True}
_NEEDED = ("name", "url", "backend")


@dataclass(frozen=True)
class View:
    """What was read of a portal.

    :param site: the portal.
    :param sources: all its sources that are not deleted.
    :param organizations: id of each organization that the files name, by what they call it; None for an unknown one.
    :param rights: what the key may do.
    :param read_at: when, ISO, by the portal's clock.
    :param unreadable: what is known about each source that the portal cannot return.
    """

    site: str
    sources: tuple[HarvestSource, ...]
    organizations: Mapping[str, str | None] = field(default_factory=dict)
    rights: Rights = field(default_factory=Rights)
    read_at: str | None = None
    unreadable: tuple[UnreadableEntry, ...] = ()


def compare(
    declaration: Declaration,
    view: View,
    *,
    prune: bool = False,
    unfit: Mapping[str, str] | None = None,
    allow_duplicates: bool = False,
) -> Plan:
    """Return the plan that makes a portal match the files.

    :param declaration: the content of the files for one environment.
    :param view: what was read of the portal.
    :param prune: whether sources with the files' own marker that they no longer name are deleted; default False:
        they are only named in the plan's notes. None is, while it is not known which source a declared one is.
    :param unfit: why the portal would not take a source, as the end of a sentence, by its key; it is a conflict then.
    :param allow_duplicates: whether a source is created if its owner has one of the same name and backend that the
        files do not mean; default False: that is a conflict.
    """
    user_id = view.rights.user_id
    matches = match_sources(declaration, view.sources, view.organizations, user_id)
    refuse_duplicates(
        declaration, view.sources, view.unreadable, view.organizations, matches, allow_duplicates=allow_duplicates
    )
    trust = Trust(declaration, view.organizations, user_id)
    for key, reason in (unfit or {}).items():
        matches[key] = replace(matches[key], conflict=matches[key].conflict or reason)
    crons = _placed(declaration, view, matches)
    index = SourceIndex(view.sources)
    changes, conflicts, unchanged = [], [], 0
    for declared in declaration.sources:
        match = matches[declared.key]
        problem = match.conflict or _missing(declared, match)
        if problem:
            conflicts.append(Conflict(declared.key, declared.where, problem, match.source_ids))
            continue
        change = _change(declared, match.source, crons.get(declared.key), declaration, view, index)
        if change.is_new or change.differing:
            changes.append(change)
        else:
            unchanged += 1
    orphans = find_orphans(declaration, view.sources, trust, matches, [conflict.key for conflict in conflicts])
    deletions = [deletion_of(source) for source in orphans.deletable] if prune else []
    everything = (*sorted(changes, key=lambda change: change.key), *deletions)
    return Plan(
        portal=view.site,
        environment=declaration.environment,
        managed_by=declaration.managed_by,
        read_at=view.read_at,
        changes=everything,
        conflicts=tuple(sorted(conflicts, key=lambda conflict: conflict.key)),
        denials=denials(everything, view.rights),
        notes=(
            *map(unreadable_sentence, view.unreadable),
            *_without_key(everything, view),
            *_notes(everything, view),
            *_inactive_notes(declaration, matches, changes),
            *orphan_notes(orphans, declaration.managed_by, prune=prune),
            *_stranger_notes(orphans, view),
        ),
        unchanged=unchanged,
    )


def _missing(declared: DeclaredSource, match: Match) -> str | None:
    missing = [name for name in _NEEDED if not declared.fields.get(name)]
    if match.source is not None or not missing:
        return None
    return f"the portal has no such source yet, and to create it the file must say its {' and '.join(missing)}"


def _change(
    declared: DeclaredSource,
    source: HarvestSource | None,
    cron: str | None,
    declaration: Declaration,
    view: View,
    index: SourceIndex,
) -> Change:
    values = values_of(source) if source is not None else {}
    # What is not among the values of a source is not for the files to decide.
    decided = [name for name in declared.fields if source is None or name in values]
    wanted = {name: normal(name, declared.fields[name]) for name in decided}
    current = values.get("description")
    if declaration.managed_by:
        text, _, _ = ownership_marker.split(wanted.get("description", current))
        wanted["description"] = ownership_marker.join(text, declaration.managed_by, declared.key)
    elif "description" in wanted:
        wanted["description"] = ownership_marker.keep(wanted["description"], current)
    if "description" in wanted:
        wanted["description"] = normal("description", wanted["description"])  # as it will be read
    if declared.incomplete:
        _hold_back(wanted, declared, source)
    if declared.validation is not None:
        wanted["validation"] = ACCEPTED
    if declared.schedule is not None and "schedule" not in declared.incomplete:
        wanted["schedule"] = cron
    elif values.get("schedule") and "validation" in wanted and values["validation"] != ACCEPTED:
        wanted["schedule"] = values["schedule"]  # accepting it would reset the cron that it has
    owner = whose(declared, view.organizations)
    if source is None:
        initial = {name: value for name, value in _INITIAL.items() if name not in wanted}
        return Change(
            key=declared.key,
            where=declared.where,
            name=wanted["name"],
            organization=owner.organization,
            owner=owner.owner,
            owner_name=declared.organization or declared.owner,
            wanted=wanted,
            initial=initial,
            comment=declared.validation.comment if declared.validation else None,
            twins=tuple(sorted(other.id for other in index.at(wanted["url"], wanted["backend"]) if owner.fits(other))),
        )
    return Change(
        key=declared.key,
        where=declared.where,
        name=values["name"],
        source_id=source.id,
        organization=source.organization.id if source.organization else None,
        owner=source.owner.id if source.owner and not source.organization else None,
        seen={name: values[name] for name in wanted},
        wanted=wanted,
        comment=declared.validation.comment if declared.validation else None,
    )


def _hold_back(wanted: dict[str, Any], declared: DeclaredSource, source: HarvestSource | None) -> None:
    """Keep incomplete sources inactive, and leave the keys that the files lack unchanged on the portal."""
    if source is None:
        wanted["active"] = False
        return
    for name in declared.incomplete:
        wanted.pop(name, None)
    if wanted.get("active"):
        wanted.pop("active")


# --- schedules --------------------------------------------------------------------------------------------------------


def _placed(declaration: Declaration, view: View, matches: Mapping[str, Match]) -> dict[str, str | None]:
    """Return the desired cron of each declared source with a schedule, by its key; None for no cron."""
    crons: dict[str, str | None] = {}
    requests, taken = [], []
    placed_ids = set()
    for declared in declaration.sources:
        match = matches[declared.key]
        if declared.schedule is None or match.conflict:
            continue
        source = match.source
        if source is not None:
            placed_ids.add(source.id)
        url = str(declared.fields.get("url") or (source.url if source else ""))
        if isinstance(declared.schedule, Window):
            current = source.schedule if source else None
            requests.append(windows.Request(declared.key, url, declared.schedule, current))
        else:
            crons[declared.key] = declared.schedule.text if isinstance(declared.schedule, Cron) else None
            taken.append((url, crons[declared.key]))
    taken += [(source.url, source.schedule) for source in view.sources if source.id not in placed_ids]
    return {**crons, **windows.place(requests, [(url, cron) for url, cron in taken if cron])}


# --- what a person should know ----------------------------------------------------------------------------------------


def _stranger_notes(orphans: Orphans, view: View) -> Iterable[str]:
    strangers = [source.id for source in orphans.strangers]
    if strangers and view.rights.user_id is not None:
        yield (
            f"{count(len(strangers), 'source carries', 'sources carry')} the files' marker and "
            "belong to owners whom the files do not name. Anyone may write a marker, so they are left unchanged: "
            f"{few(strangers)}."
        )


def _inactive_notes(declaration: Declaration, matches: Mapping[str, Match], changes: Iterable[Change]) -> Iterable[str]:
    silent = [
        declared.key
        for declared in declaration.sources
        if "active" not in declared.fields
        and (source := matches[declared.key].source) is not None
        and source.active is False
    ]
    if silent:
        yield (
            f"{count(len(silent), 'source is', 'sources are')} inactive on the portal, and the files "
            f"do not say whether they are to be active: {few(sorted(silent))}. Say 'active: true' to switch them on, "
            "'active: false' if they are to stay so."
        )
    new = {change.key for change in changes if change.is_new and change.wanted.get("active") is False}
    lacking = [declared for declared in declaration.sources if declared.key in new and declared.incomplete]
    for declared in lacking:
        more = "" if declared.fields.get("active") else ", and say 'active: true'"
        yield (
            f"{declared.key} is created inactive, and stays so: the files lack its {' and '.join(declared.incomplete)} "
            f"[{declared.line_of('incomplete')}]. Complete it, then take 'incomplete' out{more}."
        )
    off = sorted(new - {declared.key for declared in lacking})
    if off:
        yield (
            f"{count(len(off), 'new source is', 'new sources are')} created inactive and stay so, as the "
            f"files say: {few(off)}."
        )


def _without_key(changes: Iterable[Change], view: View) -> Iterable[str]:
    if view.rights.user_id is None and any(True for _ in changes):
        yield "The portal was read without an API key: what the key that applies this may not do is not known."


def _notes(changes: Iterable[Change], view: View) -> Iterable[str]:
    held = sorted(hidden(source.name) for source in view.sources if is_held(source))
    if held:
        yield f"Held by the guard, so that autoarchive stays off until a person releases it: {few(held)}."
    created = [change for change in changes if change.is_new]
    by_address: dict[tuple[str, str], list[str]] = {}
    for source in view.sources:
        by_address.setdefault((source.backend, normal_url(source.url)), []).append(source.id)
    for change in created:
        address = (change.wanted["backend"], normal_url(change.wanted["url"]))
        others = set(by_address.get(address, ())) - set(change.twins)
        if others:
            yield f"{change.key} is new, and another owner's source harvests the same URL: {few(sorted(others))}."
    accepted = {source.id for source in view.sources if source.is_accepted}
    unasked = [
        change.key
        for change in changes
        if "schedule" in change.differing
        and change.wanted["schedule"] is not None
        and "validation" not in change.wanted
        and change.source_id not in accepted
    ]
    if unasked:
        yield (
            f"{count(len(unasked), 'source gets', 'sources get')} a cron, and the files do not say "
            "that they are accepted: a portal harvests by the cron of an active source that nobody has accepted, and "
            f"accepting one resets it: {few(unasked)}."
        )
