"""Decide which managed sources the files no longer name, and which of them may be deleted; called by the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, looks_like_an_accident
from airflow_provider_harvest.portal.as_code.plan.values import values_of
from airflow_provider_harvest.portal.text.words import count, few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.as_code.plan.matching import Match, Trust
    from airflow_provider_harvest.portal.models import HarvestSource


@dataclass(frozen=True)
class Orphans:
    """The sources that carry the files' marker and that no declared source means, by key and id.

    :param unnamed: those whose key is not in conflict.
    :param undecided: keys in the files of which it is not known which source of the portal they mean.
    :param managed: how many sources carry the marker, those that the files name included.
    :param strangers: sources with the marker whose owners the files do not name: a marker is text that anybody may
        write.
    """

    unnamed: tuple[HarvestSource, ...] = ()
    undecided: tuple[str, ...] = ()
    managed: int = 0
    strangers: tuple[HarvestSource, ...] = ()

    @property
    def deletable(self) -> tuple[HarvestSource, ...]:
        """The sources that may be deleted: none while one of them may be what a key in conflict means."""
        return () if self.undecided else self.unnamed


def find_orphans(
    declaration: Declaration,
    sources: Iterable[HarvestSource],
    trust: Trust,
    matches: Mapping[str, Match],
    in_conflict: Iterable[str],
) -> Orphans:
    """Return the managed sources that the files no longer name.

    Only those of owners whom the files name, or of the key's own user.

    :param declaration: the content of the files.
    :param sources: all sources of the portal.
    :param trust: the owners whose markers count.
    :param matches: what was found for each declared source, by its key.
    :param in_conflict: keys of the declared sources that are in conflict.
    """
    if not declaration.managed_by:
        return Orphans()
    conflicts = set(in_conflict)
    marked = [source for source in sources if _marker(source)[0] == declaration.managed_by]
    ours = [source for source in marked if trust.counts(source)]
    kept = {match.source.id for match in matches.values() if match.source is not None}
    kept |= {ident for match in matches.values() for ident in match.source_ids}
    unnamed = [source for source in ours if source.id not in kept and _marker(source)[1] not in conflicts]
    return Orphans(
        unnamed=tuple(sorted(unnamed, key=lambda source: (_marker(source)[1], source.id))),
        undecided=tuple(sorted(key for key in conflicts if matches[key].source is None)),
        managed=len(ours),
        strangers=tuple(source for source in marked if not trust.counts(source)),
    )


def deletion_of(source: HarvestSource) -> Change:
    """Return the deletion of a source."""
    values = values_of(source)
    return Change(
        key=_marker(source)[1],
        where="",
        name=values["name"],
        source_id=source.id,
        organization=source.organization.id if source.organization else None,
        owner=source.owner.id if source.owner and not source.organization else None,
        seen={name: values[name] for name in ("name", "url", "backend", "description")},
        is_deleted=True,
    )


def orphan_notes(orphans: Orphans, managed_by: str | None, *, prune: bool) -> Iterator[str]:
    """Yield what a person should know of the sources that the files no longer name.

    :param managed_by: name of the files' marker.
    :param prune: whether they are to be deleted.
    """
    keys = [_marker(source)[1] for source in orphans.unnamed]
    if not keys:
        return
    if not prune:
        yield f"{_unnamed(keys)}, and kept unchanged without prune: {few(keys)}."
    elif orphans.undecided:
        yield (
            f"{_unnamed(keys)}: {few(keys)}. This plan deletes nothing all the same: they may be what the files mean "
            f"by {few(orphans.undecided)}, in conflict above. Correct those first, then plan again."
        )
    else:
        yield from _accident_notes(len(orphans.deletable), orphans.managed, managed_by)


def _unnamed(keys: Sequence[str]) -> str:
    return f"{count(len(keys), 'managed source is', 'managed sources are')} no longer in the files"


def _accident_notes(deletions: int, managed: int, managed_by: str | None) -> Iterator[str]:
    if looks_like_an_accident(deletions, managed):
        yield (
            f"This deletes {deletions} of the {managed} sources that carry the marker {managed_by!r}: have "
            "the files been emptied, or do other files use the same managed_by? It is applied only with its own "
            f"confirmation: confirm_deletes={deletions} (--confirm-deletes {deletions})."
        )


def _marker(source: HarvestSource) -> tuple[str | None, str]:
    """Return who manages a source, and its key, by the marker in its description."""
    _, managed_by, key = ownership_marker.split(source.description)
    return managed_by, key or ""
