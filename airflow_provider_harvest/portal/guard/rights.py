"""List the sources, and find out, before anything is lost, which of them a key could not hold; called by a pass."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError
from airflow_provider_harvest.portal.sources.listing import clocked
from airflow_provider_harvest.portal.sources.writes import WHO_EDITS
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)


class Listing(NamedTuple):
    """The sources of a portal.

    :param sources: all that were listed.
    :param at: the portal's clock when the first page was read, in seconds since the epoch.
    :param refusal: why the key may do nothing at all; None if it may, or was not asked.
    """

    sources: list[HarvestSource]
    at: float
    refusal: str | None = None


def list_sources(client: HarvestClient, organization: str | None, fields: str, *, with_rights: bool) -> Listing:
    """Return the portal's sources, if wanted with what the key may do to them.

    :param client: of the portal.
    :param organization: id of an organization; None for all.
    :param fields: mask of the fields that are wanted.
    :param with_rights: whether the key goes along.
    """
    no_key = f"there is no API key in {client.places.key}"
    refusal = no_key if with_rights and not client.has_key else None
    if with_rights and refusal is None:
        try:
            listed = client.iter_sources(organization=organization, fields=f"{fields},permissions", keyed=True)
            return _read(client, listed)
        except HarvestAuthError as error:
            refusal = f"the portal refuses the key: {plain(error, 160)}"
    return _read(client, client.iter_sources(organization=organization, fields=fields))._replace(refusal=refusal)


def _read(client: HarvestClient, listed: Iterator[HarvestSource]) -> Listing:
    at, listed = clocked(client, listed)
    return Listing(list(listed), at)


def why_not_holdable(
    client: HarvestClient, sources: Iterable[HarvestSource], refusal: str | None = None
) -> dict[str, str]:
    """Return why each source that archives could not be held if it lost records, by id; empty if all could.

    :param client: of the portal.
    :param sources: as listed by :func:`list_sources`.
    :param refusal: why the key may do nothing at all.
    """
    archiving = [source for source in sources if source.autoarchive and source.active is not False]
    if refusal is not None:
        return {source.id: refusal for source in archiving}
    me: Mapping[str, Any] | None = None
    refused = {}
    for source in archiving:
        may = None if source.permissions is None else source.permissions.get("edit")
        if may is None:  # before udata 14.3
            me = _user(client) if me is None else me
            may = _is_theirs(me, source)
        if not may:
            refused[source.id] = WHO_EDITS
    return refused


def _user(client: HarvestClient) -> Mapping[str, Any]:
    """Return the key's user, without an entry if it cannot be read now: the pass does not depend on it."""
    try:
        return client.whoami()
    except HarvestError as error:
        log.warning("Whose key this is cannot be read, so only an attempt shows what it may do: %s", error)
        return {}


def _is_theirs(me: Mapping[str, Any], source: HarvestSource) -> bool:
    """Whether a key's user may change a source, on releases that do not report it: members of its organization may."""
    if not me:
        return True  # only an attempt shows it
    if "admin" in (me.get("roles") or ()):
        return True
    if source.organization is None:
        return source.owner is not None and source.owner.id == str(me.get("id"))
    memberships = me.get("organizations")
    if not isinstance(memberships, list):
        return True  # only an attempt shows it
    return source.organization.id in {str(entry.get("id")) for entry in memberships if isinstance(entry, dict)}
