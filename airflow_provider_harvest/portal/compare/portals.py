"""Compares the newest harvests of all sources of two portals, source by source: demo and production, old and new."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource
from airflow_provider_harvest.portal.as_code.plan.matching import match_sources
from airflow_provider_harvest.portal.compare.diff import counts_of
from airflow_provider_harvest.portal.compare.find_harvests import compare_harvests, latest_harvest
from airflow_provider_harvest.portal.sources.listing import SourceFilter, list_sources
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

ALIKE, DIFFERENT, NOT_COMPARED = "alike", "different", "not compared"
ONLY_BEFORE, ONLY_AFTER = "only on the first portal", "only on the second portal"
#: Remote ids that a row names for each kind of change.
_EXAMPLES = 3


@dataclass(frozen=True)
class Pair:
    """What the newest harvests of one source on two portals have in common; of what they say, one visible line each.

    :param name: of the source.
    :param verdict: ``alike``, ``different``, ``not compared``, or that it is on one of the portals only.
    :param detail: what differs, or why nothing was compared.
    :param before_id: id of the source on the first portal.
    :param after_id: id of the source on the second one.
    :param counts: how many remote ids there are of each kind of change.
    :param examples: some remote ids of each kind.
    """

    name: str
    verdict: str
    detail: str
    before_id: str | None = None
    after_id: str | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)


def compare_portals(
    before: HarvestClient,
    after: HarvestClient,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> list[Pair]:
    """Compare the newest complete harvest of each source of two portals.

    Sources are matched as sources as code matches them: by the marker in their description, then by organization,
    backend and URL, then by URL. Costs two requests for a source, and one for each 500 items of each harvest.

    :param before: client of the first portal.
    :param after: client of the second one.
    :param progress: called with the number of sources done, the number of all, and the name of the next.
    :returns: a row for each source: of the first portal by name, then those that only the second has.
    """
    matched = match_portals(_sources(before), others := _sources(after))
    rows = []
    for number, (source, other, reason) in enumerate(matched):
        progress(number, len(matched), source.name)
        rows.append(_compare(before, source, after, other) if other else _single(source, reason))
    taken = {other.id for _, other, _ in matched if other}
    rows += [
        Pair(plain(other.name), ONLY_AFTER, "", after_id=other.id)
        for other in sorted(others, key=lambda other: other.name)
        if other.id not in taken
    ]
    return rows


def match_portals(
    sources: Iterable[HarvestSource], others: Iterable[HarvestSource]
) -> list[tuple[HarvestSource, HarvestSource | None, str | None]]:
    """Return each source of one portal with the same one of another, or why it is not clear which that is.

    :param sources: of the first portal; with description, organization, backend and URL.
    :param others: of the second one.
    """
    left = {source.id: source for source in sources}
    pool = {other.id: other for other in others}
    slugs = {o.organization.slug: o.organization.id for o in pool.values() if o.organization and o.organization.slug}
    found: dict[str, HarvestSource] = {}
    reasons: dict[str, str | None] = {}
    for declaration, by_key in _declarations(list(left.values()), slugs):
        keys = {key: source for key, source in by_key.items() if source.id not in found}
        remaining = tuple(declared for declared in declaration.sources if declared.key in keys)
        matches = match_sources(
            Declaration(sources=remaining, managed_by=declaration.managed_by), pool.values(), dict(slugs)
        )
        for key, match in matches.items():
            reasons[keys[key].id] = match.conflict
            if match.source is not None:
                found[keys[key].id] = pool.pop(match.source.id)
    ordered = sorted(left.values(), key=lambda source: (source.name, source.id))
    return [(source, found.get(source.id), reasons.get(source.id)) for source in ordered]


def _declarations(
    sources: list[HarvestSource], slugs: dict[str, str]
) -> Iterator[tuple[Declaration, dict[str, HarvestSource]]]:
    """Yield the keys to match by, the surest first: marker, organization if both have it, URL alone."""
    managed: dict[str, dict[str, HarvestSource]] = defaultdict(dict)
    for source in sources:
        _, managed_by, key = ownership_marker.split(source.description)
        if managed_by and key:
            managed[managed_by][key] = source
    for managed_by, by_key in managed.items():
        yield Declaration(tuple(_declared(key, s) for key, s in by_key.items()), managed_by=managed_by), by_key
    by_id = {source.id: source for source in sources}
    same = {i: s for i, s in by_id.items() if s.organization and s.organization.slug in slugs}
    yield Declaration(tuple(_declared(i, s, s.organization.slug) for i, s in same.items() if s.organization)), same
    yield Declaration(tuple(_declared(i, s) for i, s in by_id.items())), by_id


def _declared(key: str, source: HarvestSource, organization: str | None = None) -> DeclaredSource:
    fields = {"url": source.url, "backend": source.backend}
    return DeclaredSource(key=key, where=source.name, fields=fields, organization=organization)


def _sources(client: HarvestClient) -> list[HarvestSource]:
    return list_sources(client, SourceFilter(), more_fields="description")


def _single(source: HarvestSource, reason: str | None) -> Pair:
    if reason:
        return Pair(plain(source.name), NOT_COMPARED, f"It is not clear which source it is: {reason}.", source.id)
    return Pair(plain(source.name), ONLY_BEFORE, "", source.id)


def _compare(before: HarvestClient, source: HarvestSource, after: HarvestClient, other: HarvestSource) -> Pair:
    try:
        first, second = latest_harvest(before, source), latest_harvest(after, other)
        comparison = compare_harvests(first, second)
    except HarvestError as error:
        return Pair(plain(source.name), NOT_COMPARED, str(error), source.id, other.id)
    examples: dict[str, list[str]] = {}
    for change in comparison.changes:
        if len(shown := examples.setdefault(change.kind, [])) < _EXAMPLES:
            shown.append(plain(change.remote_id))
    verdict = ALIKE if comparison.is_alike else DIFFERENT
    return Pair(plain(source.name), verdict, comparison.summary(), source.id, other.id, counts_of(comparison), examples)
