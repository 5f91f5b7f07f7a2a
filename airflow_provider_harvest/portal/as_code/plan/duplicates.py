"""Refuse to create unintended second sources; called by the comparison.

A file without ids and markers is matched by owner, backend and URL: a changed URL would make all its sources new ones.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.files.find_secrets import hidden
from airflow_provider_harvest.portal.as_code.plan.matching import whose
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.sources.identity import normal_url
from airflow_provider_harvest.portal.text.words import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource
    from airflow_provider_harvest.portal.as_code.plan.matching import Match
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestSource


def refuse_duplicates(
    declaration: Declaration,
    sources: Iterable[HarvestSource],
    unreadable: Iterable[UnreadableEntry],
    organizations: Mapping[str, str | None],
    matches: dict[str, Match],
    *,
    allow_duplicates: bool,
) -> None:
    """Make a conflict of each declared source that would be created although an existing one may be it.

    :param declaration: the content of the files.
    :param sources: all sources of the portal that could be read.
    :param unreadable: what is known about the others; their owners are unknown.
    :param organizations: id of each organization that the files name, by what they call it.
    :param matches: what was found for each declared source, by its key; changed here.
    :param allow_duplicates: whether a person has confirmed second sources.
    """
    claimed = {match.source.id for match in matches.values() if match.source is not None}
    by_name: dict[tuple[str, str], list[HarvestSource]] = defaultdict(list)
    for source in sources:
        if source.id not in claimed and source.deleted is None:
            by_name[_named(source.name), source.backend].append(source)
    broken = list(unreadable)
    for declared in declaration.sources:
        match = matches[declared.key]
        if match.source is not None:
            continue
        entry = next((entry for entry in broken if _may_be(declared, entry, declaration.managed_by)), None)
        if entry is not None:
            reason = f"it may be a source that cannot be read. {unreadable_sentence(entry).rstrip('.')}"
            matches[declared.key] = replace(match, conflict=reason)
        elif match.conflict is None and not allow_duplicates:
            owner = whose(declared, organizations)
            name = _named(str(declared.fields.get("name", "")))
            same = [s for s in by_name.get((name, str(declared.fields.get("backend"))), ()) if owner.fits(s)]
            if same:
                ids = tuple(sorted(source.id for source in same))
                matches[declared.key] = replace(match, conflict=_reason(same), source_ids=ids)


def _named(name: str) -> str:
    return " ".join(name.split()).casefold()


def _may_be(declared: DeclaredSource, entry: UnreadableEntry, managed_by: str | None) -> bool:
    ident = str(entry.get("id") or "").lower()
    if declared.portal_id:
        return declared.portal_id.lower() == ident
    if managed_by and ownership_marker.split(entry.get("description"))[1:] == (managed_by, declared.key):
        return True
    url = entry.get("url")
    return bool(url) and normal_url(str(url)) == normal_url(str(declared.fields.get("url", "")))


def _reason(same: list[HarvestSource]) -> str:
    shown = few([f"{source.id} ({hidden(source.url)})" for source in same], 3)
    return (
        f"its owner has a source of this name and backend already, with another URL: {shown}. If that is the one "
        "that is the same, give its id (or a marker, managed_by); if you want a second one, confirm it: "
        "allow_duplicates=True (--allow-duplicates)"
    )
