"""Match declared sources with a portal's sources; called by the plan.

By the id that the file gives, then by the marker in the description, then by owner, backend and URL, and last by owner
and URL alone: the same URL with another backend is the same source, changed. Each step is made for all declared sources
before the next one, so that the order of sources in a file does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.sources.identity import normal_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource
    from airflow_provider_harvest.portal.models import HarvestSource

K = TypeVar("K")

BY_ID, BY_MARKER, BY_IDENTITY, BY_URL = "id", "marker", "owner, backend and URL", "owner and URL"


@dataclass(frozen=True)
class Match:
    """What was found for a declared source.

    :param source: the portal's source; None if there is none yet.
    :param by: what it was matched by.
    :param conflict: why the match is ambiguous, as the end of a sentence; None if it is clear.
    :param source_ids: the sources that the conflict is about.
    """

    source: HarvestSource | None = None
    by: str | None = None
    conflict: str | None = None
    source_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whose:
    """The owner of a declared source; both None if the file does not say.

    :param organization: id of an organization.
    :param owner: id of a user.
    """

    organization: str | None = None
    owner: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether the file says anything of it."""
        return bool(self.organization or self.owner)

    def fits(self, source: HarvestSource) -> bool:
        """Whether a source belongs to this owner; if none is given, any source does."""
        if self.organization:
            return source.organization is not None and source.organization.id == self.organization
        if self.owner:
            return source.organization is None and source.owner is not None and source.owner.id == self.owner
        return True


def match_sources(
    declaration: Declaration,
    sources: Iterable[HarvestSource],
    organizations: Mapping[str, str | None],
    user_id: str | None = None,
) -> dict[str, Match]:
    """Return the match of each declared source, by its key.

    :param declaration: the content of the files.
    :param sources: all sources of the portal.
    :param organizations: id of each organization that the files name, by what they call it; None for an unknown one.
    :param user_id: id of the key's user; None without a key.
    """
    return _Matching(declaration, sources, organizations, user_id).result()


def no_organization(name: str | None) -> str:
    """Return that a portal has no such organization, as the end of a sentence."""
    return f"there is no organization {name!r} on this portal, or it was deleted: give the id or slug of one that is"


class Trust:
    """Owners whose markers count: anyone may write the files' marker into the description of their own source.

    :param declaration: the content of the files.
    :param organizations: as for :func:`match_sources`.
    :param user_id: id of the key's user, whose own sources count; None without a key.
    """

    def __init__(
        self, declaration: Declaration, organizations: Mapping[str, str | None], user_id: str | None = None
    ) -> None:
        owners = [whose(declared, organizations) for declared in declaration.sources]
        self._owners = {owner for owner in owners if owner.is_said}
        if user_id is not None:
            self._owners.add(Whose(owner=user_id))
        # Without a key the user of the files is unknown; a source of an organization is not that user's.
        self._is_keyless = user_id is None

    def counts(self, source: HarvestSource) -> bool:
        """Whether a source belongs to an owner named in the files, or to the key's own user."""
        return any(owner.fits(source) for owner in self._owners)

    def may_match(self, source: HarvestSource) -> bool:
        """Whether a source's marker may identify it; it never suffices to delete the source."""
        return (self._is_keyless and source.organization is None) or self.counts(source)


def whose(declared: DeclaredSource, organizations: Mapping[str, str | None]) -> Whose:
    """Return the owner of a declared source.

    :param organizations: as for :func:`match_sources`.
    """
    organization = organizations.get(declared.organization) if declared.organization else None
    return Whose(organization, declared.owner)


class _Matching:
    def __init__(
        self,
        declaration: Declaration,
        sources: Iterable[HarvestSource],
        organizations: Mapping[str, str | None],
        user_id: str | None,
    ) -> None:
        self._declared = {declared.key: declared for declared in declaration.sources}
        self._managed_by = declaration.managed_by
        self._organizations = organizations
        self._sources = [source for source in sources if source.deleted is None]
        self._user = Whose(owner=user_id) if user_id is not None else None
        self._trust = Trust(declaration, organizations, user_id)
        self._markers: dict[str, tuple[str | None, str | None]] = {
            source.id: ownership_marker.split(source.description)[1:] if self._trust.may_match(source) else (None, None)
            for source in self._sources
        }
        self._by_url: dict[str, list[HarvestSource]] = defaultdict(list)
        for source in self._sources:
            self._by_url[normal_url(source.url)].append(source)
        self._found: dict[str, Match] = {}
        self._claimed: dict[str, str] = {}
        self._wanted_by: dict[str, set[str]] = defaultdict(set)

    def result(self) -> dict[str, Match]:
        self._refuse_unknown_organizations()
        self._by_portal_id()
        self._by_marker()
        for by in (BY_IDENTITY, BY_URL):
            for is_same_text in (True, False):  # the very same URL first, then one that means the same
                # Sources with a given owner come first; the rest may be those without one.
                self._by_fields(by, is_same_text, is_owner_said=True)
                self._by_fields(by, is_same_text, is_owner_said=False)
        self._refuse_twins()
        return {key: self._found.get(key, Match()) for key in self._declared}

    def _open(self) -> list[DeclaredSource]:
        return [declared for key, declared in self._declared.items() if key not in self._found]

    def _conflict(self, key: str, reason: str, sources: Iterable[HarvestSource] = ()) -> None:
        self._found[key] = Match(conflict=reason, source_ids=tuple(sorted(source.id for source in sources)))

    def _take(self, declared: DeclaredSource, source: HarvestSource, by: str) -> None:
        claimed_by = self._claimed.get(source.id)
        managed_by, _ = self._markers[source.id]
        if claimed_by is not None:
            reason = f"its {by} names source {source.id}, which is the file's {claimed_by!r} already"
        elif not whose(declared, self._organizations).fits(source):
            reason = (
                f"source {source.id} belongs to {_owner_of(source)}, and not to "
                f"{declared.organization or declared.owner}: the owner of a source is fixed at its creation, so "
                "correct the file, or delete that source and let another one be created"
            )
        elif by == BY_ID and self._is_marked_for_other(source, declared):
            key = self._markers[source.id][1]
            reason = f"its id names source {source.id}, which carries the marker of the file's {key!r}"
        elif self._managed_by and managed_by not in (None, self._managed_by):
            reason = f"source {source.id} is managed by other files: its description says {managed_by!r}"
        else:
            self._claimed[source.id] = declared.key
            self._found[declared.key] = Match(source, by)
            return
        self._conflict(declared.key, reason, [source])

    # --- the steps, in their order ------------------------------------------------------------------------------------

    def _refuse_unknown_organizations(self) -> None:
        for declared in self._open():
            name = declared.organization
            if name and self._organizations.get(name) is None:
                self._conflict(declared.key, no_organization(name))

    def _by_portal_id(self) -> None:
        by_id = {source.id.lower(): source for source in self._sources}
        named = _grouped(self._open(), lambda declared: declared.portal_id and declared.portal_id.lower())
        for ident, declared_ones in named.items():
            for declared in declared_ones:
                if len(declared_ones) > 1:
                    keys = ", ".join(sorted(other.key for other in declared_ones))
                    self._conflict(declared.key, f"the same id {ident} is given to {keys}")
                elif ident not in by_id:
                    self._conflict(declared.key, f"its id {ident} names no source of this portal, or a deleted one")
                else:
                    self._take(declared, by_id[ident], BY_ID)

    def _by_marker(self) -> None:
        marked: dict[str, list[HarvestSource]] = defaultdict(list)
        for source in self._sources:
            managed_by, key = self._markers[source.id]
            if managed_by is not None and managed_by == self._managed_by and key is not None:
                marked[key].append(source)
        for declared in self._open():
            # Without a key anybody's personal source may be the user's, but not one that the files give an owner.
            is_owner_said = whose(declared, self._organizations).is_said
            sources = [one for one in marked.get(declared.key, ()) if self._trust.counts(one) or not is_owner_said]
            if len(sources) > 1:
                self._conflict(declared.key, f"{len(sources)} sources carry its marker: {_ids(sources)}", sources)
            elif sources:
                self._take(declared, sources[0], BY_MARKER)

    def _by_fields(self, by: str, is_same_text: bool, *, is_owner_said: bool) -> None:
        """Match the rest by owner and URL, and the backend unless by URL alone; ambiguous matches are left
        unmatched."""
        candidates = {
            declared.key: self._own(
                [
                    source
                    for source in self._free(declared)
                    if (by == BY_URL or source.backend == declared.fields.get("backend"))
                    and (not is_same_text or source.url.strip() == declared.fields.get("url"))
                ],
                is_owner_said,
            )
            for declared in self._open()
            if whose(declared, self._organizations).is_said is is_owner_said
        }
        for key, sources in candidates.items():
            for source in sources:
                self._wanted_by[source.id].add(key)
        for key, sources in candidates.items():
            rivals = sorted({other for source in sources for other in self._wanted_by[source.id]} - {key})
            if len(sources) > 1:
                reason = f"{len(sources)} sources match by {by}: {_ids(sources)}; give the id of the right one"
                self._conflict(key, reason, sources)
            elif rivals:
                reason = f"source {sources[0].id} matches by {by}, and so it does for {', '.join(rivals)}: give ids"
                self._conflict(key, reason, sources)
            elif sources:
                self._take(self._declared[key], sources[0], by)

    def _own(self, sources: list[HarvestSource], is_owner_said: bool) -> list[HarvestSource]:
        """Return the key's own one of several sources if the files give no owner, so that others cannot block the
        match."""
        if is_owner_said or len(sources) < 2 or self._user is None:
            return sources
        return [source for source in sources if self._user.fits(source)] or sources

    def _free(self, declared: DeclaredSource) -> list[HarvestSource]:
        """Return the sources of the declared one's URL and owner that no other declared one has."""
        owner = whose(declared, self._organizations)
        return [
            source
            for source in self._by_url.get(normal_url(str(declared.fields.get("url", ""))), ())
            if source.id not in self._claimed and owner.fits(source) and not self._is_marked_for_other(source, declared)
        ]

    def _is_marked_for_other(self, source: HarvestSource, declared: DeclaredSource) -> bool:
        """Whether our own marker says that a source is another one of the file. (A key may have been renamed.)"""
        managed_by, key = self._markers[source.id]
        ours = managed_by is not None and managed_by == self._managed_by
        return ours and key != declared.key and key in self._declared

    def _refuse_twins(self) -> None:
        """Without markers, two new sources of the same owner, backend and URL could never be distinguished again."""
        if self._managed_by:
            return
        unpinned = [
            declared
            for key, declared in self._declared.items()
            if key not in self._found or self._found[key].by in (BY_IDENTITY, BY_URL)
        ]
        same_address = _grouped(unpinned, _address)
        for declared in self._open():
            twins = sorted(other.key for other in same_address[_address(declared)] if self._are_twins(declared, other))
            if twins:
                reason = (
                    f"it cannot be distinguished from {', '.join(twins)}, which has the same owner, backend and URL: "
                    "only a marker (managed_by) can distinguish such sources"
                )
                self._conflict(declared.key, reason)

    def _are_twins(self, one: DeclaredSource, other: DeclaredSource) -> bool:
        owners = whose(one, self._organizations), whose(other, self._organizations)
        return one is not other and (owners[0] == owners[1] or not all(owner.is_said for owner in owners))


def _address(declared: DeclaredSource) -> tuple[object, object]:
    return declared.fields.get("backend"), declared.fields.get("url")


def _grouped(
    declared_ones: Iterable[DeclaredSource], by: Callable[[DeclaredSource], K | None]
) -> dict[K, list[DeclaredSource]]:
    groups: dict[K, list[DeclaredSource]] = defaultdict(list)
    for declared in declared_ones:
        value = by(declared)
        if value is not None:
            groups[value].append(declared)
    return groups


def _ids(sources: Iterable[HarvestSource]) -> str:
    return ", ".join(sorted(source.id for source in sources))


def _owner_of(source: HarvestSource) -> str:
    if source.organization is not None:
        return f"organization {source.organization.slug or source.organization.id}"
    return f"user {source.owner.id}" if source.owner is not None else "nobody"
