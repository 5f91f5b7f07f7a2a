"""Changes of sources that are safe to request twice: each reads first, and writes only what is missing.

Called by the source operators and by plain scripts. What the portal accepts with 200 without any effect, or
although it breaks something, is refused before anything is written.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestRequestRejected,
    HarvestServerError,
)
from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.inputs import (
    as_written,
    check_backend,
    check_config,
    check_id,
    check_name,
    check_text,
    check_url,
    is_object_id,
)
from airflow_provider_harvest.portal.sources.confirm_writes import (
    UNCLEAR,
    look_again,
    refuse_deleted,
    restated,
    telling,
    write_and_read,
)
from airflow_provider_harvest.portal.sources.guard_note import heeding_guard, warn_if_overwritten
from airflow_provider_harvest.portal.sources.identity import (
    IDENTITY_FIELDS,
    Identity,
    optional_flag,
    optional_text,
    same_sources,
    was_created_since,
)
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import day, show_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)

RETURN, UPDATE, FAIL = "return", "update", "fail"
#: What to do if a source of the same identity exists already.
IF_EXISTS = (RETURN, UPDATE, FAIL)

WHO_CREATES = (
    "A source of an organization is created and previewed by one of its admins (an editor may not) or by a sysadmin; "
    "without organization it belongs to the key's own user."
)
WHO_EDITS = "A source is changed or deleted by its owner, by an admin of its organization, or by a sysadmin."


# --- creating and changing --------------------------------------------------------------------------------------------


def ensure_source(
    client: HarvestClient,
    name: str,
    url: str,
    backend: str,
    description: str | None = None,
    config: dict[str, Any] | None = None,
    active: bool | None = None,
    autoarchive: bool | None = None,
    organization: str | None = None,
    owner_id: str | None = None,
    if_exists: str = RETURN,
    asked_since: float | None = None,
) -> tuple[HarvestSource, bool]:
    """Return the source of this owner, backend and URL, created only if there is none.

    udata accepts the same source as often as it is sent, each time under a new id. So it is searched first: one that
    belongs to the same user or organization, has the same backend and URL and is not deleted. Of several the oldest is
    used. After an unclear response it is searched again, and never sent twice.

    :param client: of the portal, with a key.
    :param name: shown on the portal.
    :param url: address of the catalogue; blanks around it do not count.
    :param backend: one of the portal's backends.
    :param description: shown on the portal.
    :param config: filters, features and extra_configs of the backend.
    :param active: whether it may be harvested; None (default) is True for a new source.
    :param autoarchive: whether datasets that left the catalogue are archived; None (default) is True for a new one.
    :param organization: id or slug of the organization that it belongs to; default: the key's user.
    :param owner_id: id of the user whom it belongs to; only a sysadmin may name another than themselves.
    :param if_exists: ``"return"`` (default) takes an existing source as it is, ``"update"`` changes what is given
        and differs, ``"fail"`` refuses.
    :param asked_since: seconds since the epoch; a source that was created at or after that time counts as created by
        an earlier try of this request. Default None: there was none.
    :returns: the source, and whether it was created by this request.
    :raises HarvestInvalidInput: for invalid arguments, before any write is sent.
    """
    if if_exists not in IF_EXISTS:
        raise HarvestInvalidInput(
            f"if_exists must be one of {', '.join(map(repr, IF_EXISTS))}, not {show_value(if_exists)}."
        )
    fields = new_fields(client, name, url, backend, description, config, active, autoarchive, lazily=True)
    organization, owner_id = owner_ids(client, organization, owner_id, lazily=True)
    identity = Identity(
        owner=owner_id or (None if organization else str(client.whoami()["id"])),
        organization=organization,
        backend=fields["backend"],
        url=fields["url"],
    )
    found = find_sources(client, identity)
    if found:
        since = None if asked_since is None else on_portal_clock(asked_since, client.clock.now(), client.portal_now())
        is_ours = was_created_since(found[0], since)
        return _adopt(client, found, fields, RETURN if is_ours else if_exists), is_ours
    try:
        source = create_once(
            client, fields, organization, owner_id, lambda: next(iter(find_sources(client, identity)), None)
        )
    except HarvestRequestRejected as error:
        _explain(client, error, fields["backend"], organization)
        raise
    log.info("Created source %r (%s): %s", source.name, source.id, client.source_url(source.id))
    return source, True


def _explain(client: HarvestClient, error: HarvestRequestRejected, backend: str, organization: str | None) -> None:
    """Check after the portal has refused a new source whether its backend or organization is unknown.

    :raises HarvestInvalidInput: for a backend that the portal does not have.
    :raises HarvestNotFound: for an organization that it does not have.
    """
    refused = error.payload.get("errors") if isinstance(error.payload, dict) else None
    if not isinstance(refused, dict):
        return
    if "backend" in refused:
        check_backend(backend, client.list_backends())
    if "organization" in refused:
        organization_of(client, organization)


def find_sources(client: HarvestClient, identity: Identity) -> list[HarvestSource]:
    """Return the sources of an identity, the oldest first, with the fields that identify them.

    :raises HarvestServerError: if none is found, and the portal cannot return one that may be it.
    """
    broken: list[UnreadableEntry] = []
    listed = client.iter_sources(
        owner=identity.owner,
        organization=identity.organization,
        fields=IDENTITY_FIELDS,
        on_unreadable=broken.append,
    )
    found = same_sources(listed, identity)
    unsure = None if found else next((entry for entry in broken if identity.may_name(entry)), None)
    if unsure is not None:
        sentence = f"{unreadable_sentence(unsure)} It may be the source that harvests {identity.url} already."
        raise HarvestServerError(sentence, status_code=500)
    return found


def ensure_fields(client: HarvestClient, source: HarvestSource, **fields: Any) -> HarvestSource:
    """Change those of the given fields of a source that differ; the others keep their value, in every release.

    :param client: of the portal, with a key.
    :param source: as just read.
    :param fields: of ``name``, ``url``, ``backend``, ``description``, ``config`` (replaced as a whole), ``active``,
        ``autoarchive``; None leaves a field as it is.
    :returns: the source, read again.
    """
    refuse_deleted(source)
    given = {name: value for name, value in fields.items() if value is not None}
    return change_fields(client, source, _checked(client, source.backend, given))


def new_fields(
    client: HarvestClient,
    name: str | None,
    url: str | None,
    backend: str | None,
    description: str | None = None,
    config: dict[str, Any] | None = None,
    active: bool | None = None,
    autoarchive: bool | None = None,
    *,
    lazily: bool = False,
) -> dict[str, Any]:
    """Return what was given for a new source, checked, without the arguments that were left out.

    :param lazily: whether the portal itself may check the name of the backend (default False): it refuses one that it
        does not have, in every release, unless there is a configuration.
    :raises HarvestInvalidInput: for invalid values, and a backend that this portal does not have.
    """
    optional = {"description": description, "config": config, "active": active, "autoarchive": autoarchive}
    given = {name: value for name, value in optional.items() if value is not None}
    wanted = {"name": name, "url": url, "backend": backend, **given}
    return _checked(client, backend, wanted, ask=not lazily or bool(given.get("config")))


def _checked(client: HarvestClient, backend: str | None, fields: dict[str, Any], *, ask: bool = True) -> dict[str, Any]:
    """Return fields in the form to be sent; the portal's backends are read only if they matter.

    :param backend: the backend that a configuration is for.
    :param ask: whether the portal's backends may be read; default True.
    """
    checked = dict(fields)
    for name, check in (("name", check_name), ("url", check_url)):
        if name in checked:
            checked[name] = check(checked[name])
    if not isinstance(checked.get("description", ""), str):
        raise HarvestInvalidInput(f"description must be a string, not {type(checked['description']).__name__}.")
    for name in ("active", "autoarchive"):
        if name in checked:
            checked[name] = optional_flag(checked[name], name)
    if not ask:
        checked["backend"] = check_text(checked["backend"], "backend")
        if "config" in checked:
            checked["config"] = check_config(checked["config"])
    elif "backend" in checked or "config" in checked:
        offered = client.list_backends()
        if "backend" in checked:
            backend = checked["backend"] = check_backend(checked["backend"], offered).id
        if "config" in checked:
            # A source may have a backend that was switched off since: then the portal's own checks must do.
            checked["config"] = check_config(checked["config"], next((b for b in offered if b.id == backend), None))
    return checked


def owner_ids(
    client: HarvestClient, organization: str | None, owner_id: str | None, *, lazily: bool = False
) -> tuple[str | None, str | None]:
    """Return the id of the organization or of the user that a source is to belong to; neither: the key's user.

    :param lazily: whether the portal may refuse an id that no organization has; default False, it is looked up.
    """
    owner_id = optional_text(owner_id, "owner_id")
    if owner_id and optional_text(organization, "organization"):
        raise HarvestInvalidInput("organization and owner_id are both given: give one of them.")
    if owner_id:
        return None, check_id(owner_id, "owner_id", slug=False)
    ident = optional_text(organization, "organization")
    if lazily and ident is not None and is_object_id(ident):
        return as_written(ident), None
    return organization_of(client, organization), None


def organization_of(client: HarvestClient, organization: str | None) -> str | None:
    """Return the id of an organization that was given by id or slug, None if there is none.

    :raises HarvestNotFound: if the portal has none of that name.
    """
    ident = optional_text(organization, "organization")
    if ident is None:
        return None
    ident = check_id(ident, "organization")
    try:
        return client.get_organization(ident).id
    except HarvestNotFound as error:
        if error.is_page:
            raise
        raise restated(
            error, f"There is no organization {ident!r} on {client.site}: give its id, or the slug in its address."
        ) from error


def _adopt(client: HarvestClient, found: list[HarvestSource], fields: dict[str, Any], if_exists: str) -> HarvestSource:
    page = client.source_url(found[0].id)
    if len(found) > 1:
        log.warning(
            "%d sources of the same owner harvest %s: %s. The oldest is taken. Delete the others, since parallel "
            "harvests duplicate datasets.",
            len(found),
            fields["url"],
            ", ".join(source.id for source in found),
        )
    if if_exists == FAIL:
        raise HarvestInvalidInput(
            f"Source {found[0].name!r} ({found[0].id}) of the same owner harvests {fields['url']} already, and "
            f"if_exists='fail' is set. See {page}"
        )
    source = client.get_source(found[0].id)
    log.info("Source %r (%s) exists already: %s", source.name, source.id, page)
    if if_exists == UPDATE:
        return change_fields(client, source, fields)
    differing = source.changes_to(fields)
    if differing:
        log.info("It differs in %s and was not changed: if_exists='update' changes it.", ", ".join(differing))
    return source


def create_once(
    client: HarvestClient,
    fields: dict[str, Any],
    organization: str | None,
    owner_id: str | None,
    find: Callable[[], HarvestSource | None],
) -> HarvestSource:
    """Create a source that was not found; after an unclear response search again, and never send it twice.

    :param fields: checked values by the names of a source's fields.
    :param organization: id of the organization that it is to belong to.
    :param owner_id: id of the user whom it is to belong to; both None: the key's user.
    :param find: searches for the source.
    :returns: the source.
    """
    try:
        with telling(WHO_CREATES):
            return client.create_source(**fields, organization=organization, owner=owner_id)
    except UNCLEAR as error:
        log.warning("%s Checking whether the source exists now.", error)
        found = look_again(client, find)
        if found is None:
            raise
    return client.get_source(found.id)


def change_fields(client: HarvestClient, source: HarvestSource, fields: dict[str, Any]) -> HarvestSource:
    """Change the given, checked fields of a source that differ, but no hold of the guard; return it, read again."""
    changes = source.changes_to(heeding_guard(source, fields))
    if not changes:
        log.info("Nothing to change in source %r (%s).", source.name, source.id)
        return source
    with telling(WHO_EDITS):
        changed, _ = write_and_read(
            client,
            source.id,
            lambda: client.update_source(source.id, current=source, **changes),
            lambda read: not ignored(source, read, changes),
            unclear=(),  # a PUT is repeated by itself
            what=in_words(changes),
        )
    warn_if_overwritten(source, changes, changed)
    for name in changed.changes_to(changes):
        log.warning("The portal keeps %s in a form of its own: %s.", name, plain(getattr(changed, name), 100))
    log.info(
        "Changed %s of source %r (%s): %s", ", ".join(changes), source.name, source.id, client.source_url(source.id)
    )
    if "url" in changes and changed.is_accepted:
        log.warning("The source stays accepted, although its new URL was not reviewed.")
    return changed


def in_words(changes: Mapping[str, Any]) -> str:
    """Return changed fields for a message."""
    return ", ".join(f"{name}={value!r:.60}" for name, value in changes.items())


def ignored(before: HarvestSource, now: HarvestSource, changes: Mapping[str, Any]) -> list[str]:
    """Return the changed fields that still have their old value."""
    return [name for name in now.changes_to(changes) if getattr(now, name) == getattr(before, name)]


def ensure_deleted(client: HarvestClient, source_id: str, missing_ok: bool = True) -> HarvestSource | None:
    """Mark a source as deleted, if it is not yet. Its datasets stay until the portal purges it.

    :param client: of the portal, with a key.
    :param source_id: its id or slug.
    :param missing_ok: whether a source that is deleted already or unknown is a success (default True).
    :returns: the source, read again; None if the portal does not know it (any more).
    :raises HarvestNotFound: if it is deleted or unknown, and ``missing_ok`` is False.
    """
    ident = check_id(source_id, "source_id")
    try:
        source = client.get_source(ident)
    except HarvestNotFound as error:
        if error.is_page or not missing_ok:  # a proxy's page says nothing about the source
            raise
        log.info("The portal does not know source %r: nothing to delete.", ident)
        return None
    if source.deleted is not None:
        told = f"Source {source.name!r} ({source.id}) was deleted on {day(source.deleted)} already."
        if not missing_ok:
            raise HarvestNotFound(told)
        # A slug stays with the deleted source: one of the same name that was made since has another.
        log.log(logging.INFO if is_object_id(ident) else logging.WARNING, "%s", told)
        return source
    with telling(WHO_EDITS):
        deleted, _ = write_and_read(
            client,
            source.id,
            lambda: client.delete_source(source.id),
            lambda read: read.deleted is not None,
            unclear=(),  # a DELETE is repeated by itself
            what="its deletion",
        )
    log.info("Deleted source %r (%s); its datasets stay until the portal purges it.", source.name, source.id)
    return deleted
