"""Reads what a plan needs, in as few requests as pages, and plans; called by the operators and the command line."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from itertools import takewhile
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound, HarvestRequestRejected
from airflow_provider_harvest.portal.as_code.files.find_secrets import hidden
from airflow_provider_harvest.portal.as_code.model import InvalidDeclaration
from airflow_provider_harvest.portal.as_code.plan.compare import View, compare
from airflow_provider_harvest.portal.as_code.plan.matching import no_organization
from airflow_provider_harvest.portal.as_code.plan.rights import Rights
from airflow_provider_harvest.portal.http.address import site_url
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE
from airflow_provider_harvest.portal.inputs import check_backend, check_config, is_object_id

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestBackend, HarvestSource

log = logging.getLogger(__name__)

#: Sources in one request if only those are wanted that were created since others were read.
_NEWEST = 20
_FIELDS = (
    "name,url,backend,description,config,active,autoarchive,deleted,created_at,schedule,validation{state},permissions"
)


def make_plan(
    client: HarvestClient, declaration: Declaration, *, prune: bool = False, allow_duplicates: bool = False
) -> Plan:
    """Return what is to be changed so that a portal matches the files. Nothing is written.

    A portal that matches the files is read with one request for each 500 sources, and one for whose key it is.
    If something is to be created or configured, the portal's list of backends is read too, and an organization that
    has no source yet costs one request.

    :param client: of the portal; a key is needed only to report what it may not do.
    :param declaration: the content of the files for one environment.
    :param prune: whether sources with the files' own marker that they no longer name are to be deleted; default False.
    :param allow_duplicates: whether a source is created although its owner has one of the same name and backend with
        another URL; default False: that is a conflict.
    :raises HarvestInvalidInput: if the files are for another portal.
    """
    refuse_other_portal(client, declaration.portal, "The files are")
    view = read_view(client, declaration)
    plan = compare(declaration, view, prune=prune, allow_duplicates=allow_duplicates)
    unfit = _unfit(client, plan.changes, {source.id: source for source in view.sources})
    if not unfit:
        return plan
    return compare(declaration, view, prune=prune, unfit=unfit, allow_duplicates=allow_duplicates)


def refuse_other_portal(client: HarvestClient, portal: str | None, what: str) -> None:
    """Refuse what was made for another portal: its ids and organizations would not be those that are meant.

    :param portal: its site; None means any.
    :param what: what was made for it, as the beginning of a sentence.
    """
    if portal is not None and site_url(portal) != client.site:
        raise HarvestInvalidInput(
            f"{what} for {site_url(portal)}, and {client.places.site} is {client.site}: choose the environment of that "
            "portal, or the other portal."
        )


def read_view(client: HarvestClient, declaration: Declaration) -> View:
    """Read what a plan compares with."""
    me = client.whoami() if client.has_key else None
    unreadable: list[UnreadableEntry] = []
    sources = read_sources(client, on_unreadable=unreadable.append)
    read_at = datetime.fromtimestamp(client.portal_now(), tz=timezone.utc).isoformat(timespec="seconds")
    names = {declared.organization for declared in declaration.sources if declared.organization}
    organizations = _organizations(client, names, sources)
    return View(client.site, sources, organizations, Rights.read(me, sources), read_at, tuple(unreadable))


def read_sources(
    client: HarvestClient,
    *,
    organization: str | None = None,
    owner: str | None = None,
    on_unreadable: Callable[[UnreadableEntry], object] | None = None,
) -> tuple[HarvestSource, ...]:
    """Return the portal's sources that are not deleted, with all that is compared.

    :param organization: id of an organization; only its sources.
    :param owner: id of a user; only their own sources.
    :param on_unreadable: called with each source that the portal cannot return; default: it is logged.
    """
    listed = client.iter_sources(
        owner,
        organization,
        fields=_FIELDS,
        page_size=PAGE_SIZE,
        keyed=client.has_key,
        on_unreadable=on_unreadable,
    )
    return tuple(source for source in listed if source.deleted is None)


def read_newest(
    client: HarvestClient, known: Container[str], *, organization: str | None, owner: str | None
) -> Iterator[HarvestSource]:
    """Yield the sources that were created since others were listed; the newest are listed first.

    :param known: ids of those that were listed.
    :param organization: id of an organization; only its sources.
    :param owner: id of a user; only their own sources.
    """
    listed = client.iter_sources(owner, organization, fields=_FIELDS, page_size=_NEWEST, keyed=client.has_key)
    return takewhile(lambda source: source.id not in known, listed)


def _organizations(
    client: HarvestClient, names: Iterable[str], sources: Iterable[HarvestSource]
) -> dict[str, str | None]:
    """Return the id of each organization, mostly from the list itself; None for one that the portal does not have."""
    listed = {source.organization.id: source.organization for source in sources if source.organization}
    known: dict[str, str | None] = {ident: ident for ident in listed}
    known |= {ref.slug: ref.id for ref in listed.values() if ref.slug and not is_object_id(ref.slug)}
    for name in sorted(set(names) - set(known)):
        known[name] = find_organization(client, name)
    return known


def find_organization(client: HarvestClient, name: str) -> str | None:
    """Return the id of an organization, None if the portal has none of that name, or has it no longer (410).

    :param name: its id or slug.
    """
    try:
        return client.get_organization(name).id
    except HarvestNotFound as error:
        if error.is_page:  # a proxy's page says nothing about the organization
            raise
        return None
    except HarvestRequestRejected as error:
        if error.status_code != 410:
            raise
        return None


def check_organizations(client: HarvestClient, declaration: Declaration) -> None:
    """Check that a portal has the organizations that files name, by one request for each; no key is needed.

    :raises InvalidDeclaration: for those that it does not have, with the place of each source that names them.
    """
    names = {declared.organization for declared in declaration.sources if declared.organization}
    missing = {name for name in sorted(names) if find_organization(client, name) is None}
    problems = [
        f"{declared.line_of('organization')}: {declared.key}: {no_organization(declared.organization)}."
        for declared in declaration.sources
        if declared.organization in missing
    ]
    if problems:
        raise InvalidDeclaration(problems)


def _unfit(client: HarvestClient, changes: Iterable[Change], sources: Mapping[str, HarvestSource]) -> dict[str, str]:
    """Return why this portal would not take what a source is to be, by key; its backends are read only if needed."""
    touched = [change for change in changes if {"backend", "config"} & set(change.differing)]
    if not touched:
        return {}
    backends = client.list_backends()
    reasons = {}
    for change in touched:
        try:
            _check(change, sources.get(change.source_id or ""), backends)
        except HarvestInvalidInput as error:
            reasons[change.key] = f"the portal would not take it: {str(error).rstrip('.')}"
    return reasons


def _check(change: Change, source: HarvestSource | None, backends: list[HarvestBackend]) -> None:
    """Check the whole desired source: keys that the files do not give stay as they are on the portal.

    :raises HarvestInvalidInput: if its backend would not take it.
    """
    name = change.wanted.get("backend", source.backend if source else None)
    if "backend" in change.differing:
        check_backend(name, backends)
    config = change.wanted.get("config", hidden(source.config) if source else None)
    # A source may have a backend that was switched off since: then the portal's own checks must do.
    try:
        check_config(config or {}, next((backend for backend in backends if backend.id == name), None))
    except HarvestInvalidInput as error:
        if "config" in change.wanted:
            raise
        raise HarvestInvalidInput(
            f"{str(error).rstrip('.')}. The portal's config of this source does not fit the backend {name!r}: give in "
            "the file the config that it is to have with this backend."
        ) from None
