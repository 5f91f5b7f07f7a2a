"""Find out, before anything is lost, which sources a key could not hold; called by a pass that may have to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError
from airflow_provider_harvest.portal.sources.writes import WHO_EDITS
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)

_NO_KEY = "there is no API key in the connection"


def list_with_rights(
    client: HarvestClient, organization: str | None, fields: str
) -> tuple[list[HarvestSource], str | None]:
    """Return the portal's sources with what the key may do to them, and why the key may do nothing at all.

    :param client: of the portal.
    :param organization: id of an organization; None for all.
    :param fields: mask of the fields that are wanted.
    """
    refusal = None if client.has_key else _NO_KEY
    if refusal is None:
        try:
            fields = f"{fields},permissions"
            return list(client.iter_sources(organization=organization, fields=fields, keyed=True)), None
        except HarvestAuthError as error:
            refusal = f"the portal refuses the key: {plain(error, 160)}"
    return list(client.iter_sources(organization=organization, fields=fields)), refusal


def why_not_holdable(
    client: HarvestClient, sources: Iterable[HarvestSource], refusal: str | None = None
) -> dict[str, str]:
    """Return why each source that archives could not be held if it lost records, by id; empty if all could.

    :param client: of the portal.
    :param sources: as listed by :func:`list_with_rights`.
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
