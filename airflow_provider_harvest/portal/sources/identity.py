"""Identity of a source, the changes to make in it, its JSON form; called by the flows and the operators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import as_switch
from airflow_provider_harvest.portal.statuses import ACCEPTED
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from airflow_provider_harvest.portal.models import HarvestJob, HarvestRef, HarvestSource

#: Fields of a source that identify it, for the list's mask.
IDENTITY_FIELDS = "name,url,backend,deleted,created_at"


@dataclass(frozen=True)
class Identity:
    """What identifies a source: its owner, its backend and its URL. Names are not unique on a portal.

    :param owner: id of the user whom it belongs to, None for one of an organization.
    :param organization: id of the organization that it belongs to, None for a personal one.
    :param backend: id of its backend.
    :param url: address of its catalogue, compared as :func:`normal_url` writes it.
    """

    owner: str | None
    organization: str | None
    backend: str
    url: str

    def names(self, source: HarvestSource) -> bool:
        """Whether a source is one of these. A deleted one never is: it stays readable, and cannot be brought back."""
        if source.deleted is not None or source.backend != self.backend:
            return False
        if normal_url(source.url) != normal_url(self.url):
            return False
        if self.organization is not None:
            return _id(source.organization) == self.organization
        return source.organization is None and _id(source.owner) == self.owner

    def may_name(self, entry: Mapping[str, Any]) -> bool:
        """Whether a source of which the portal returns some fields only, never its owner, may be one of these."""
        backend, url = entry.get("backend"), entry.get("url")
        return backend in (None, self.backend) and (url is None or normal_url(str(url)) == normal_url(self.url))


def same_sources(sources: Iterable[HarvestSource], identity: Identity) -> list[HarvestSource]:
    """Return the sources of this identity, the oldest first: the one that every task adopts.

    Those with the very same URL are preferred to those whose URL only means the same.
    """
    found = [source for source in sources if identity.names(source)]
    found = [source for source in found if source.url.strip() == identity.url] or found
    return sorted(found, key=lambda source: (iso(source.created_at) or "", source.id))


@lru_cache(maxsize=4096)  # one address is compared with those of all sources
def normal_url(url: str) -> str:
    """Return an address in the one form in which addresses of catalogues are compared; never sent anywhere.

    ``http`` and ``https``, the letter case of the host, the scheme's own port and a slash at the end of the path do not
    make it another catalogue.

    :param url: as a file or the portal has it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text
    if parts.scheme not in ("http", "https") or not host:
        return text
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    own_port = f":{port}" if port not in (None, 80, 443) else ""
    rest = parts._replace(scheme="", netloc="", path=parts.path.rstrip("/")).geturl()
    return f"//{user}{host.rstrip('.')}{own_port}{rest}"


def was_created_since(source: HarvestSource, when: float | None) -> bool:
    """Whether a source was created at or after a time by the portal's clock.

    :param when: seconds since the epoch; None means that no source was.
    """
    return when is not None and source.created_at is not None and source.created_at.timestamp() >= when


def needs_validation(source: HarvestSource, state: str, comment: str | None) -> bool:
    """Whether a source must be accepted or refused.

    An accepted source is not accepted again, whatever the comment: that would reset its cron and start a harvest
    (every release). A refused one is refused again only to give it another comment.
    """
    if source.validation.state != state:
        return True
    return state != ACCEPTED and (source.validation.comment or None) != comment


def created_before(jobs: Iterable[HarvestJob], when: datetime) -> list[str]:
    """Return the ids of the jobs that were created before a time, both by the portal's clock."""
    return [str(job.id) for job in jobs if job.created is not None and job.created < when]


def optional_flag(value: object, what: str) -> bool | None:
    """Return a flag that may be left out; a template renders one to a string.

    :param value: a bool, ``"true"``, ``"false"`` (in any case), or None.
    :param what: the argument's name, for the message.
    """
    return None if value is None else as_switch(value, what, "True, False, or None to leave it as it is")


def optional_text(value: object, what: str) -> str | None:
    """Return a string that may be left out, which only None does: a blank one would widen the selection.

    :param value: a string, or None.
    :param what: the argument's name, for the message.
    :raises HarvestInvalidInput: for anything else, and for what a template renders to without a value.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # what native rendering makes of a slug of digits
    if not isinstance(value, str):
        raise HarvestInvalidInput(f"{what} must be a string, not {type(value).__name__}.")
    text = value.strip()
    if text in ("", "None"):
        is_what = "blank" if not text else "'None'"
        raise HarvestInvalidInput(
            f"{what} is {is_what}: the template, task or variable that it comes from returned nothing. Give a value, "
            f"or leave {what} out (None)."
        )
    return text


# --- JSON -------------------------------------------------------------------------------------------------------------


#: What :func:`source_dict` holds.
SOURCE_KEYS = (
    "id", "name", "url", "backend", "description", "config", "active", "autoarchive", "validation", "schedule",
    "owner", "organization", "created_at", "deleted", "last_job", "source_url",
)  # fmt: skip


def source_dict(source: HarvestSource, page: str | None) -> dict[str, Any]:
    """Return a source as JSON, for XComs. Its keys are a contract with users' DAGs.

    :param source: as just read.
    :param page: its page for a person to open.
    """
    last = source.last_job
    return {
        "id": source.id,
        "name": source.name,
        "url": source.url,
        "backend": source.backend,
        "description": source.description,
        "config": source.config,
        "active": source.active,
        "autoarchive": source.autoarchive,
        "validation": {
            "state": source.validation.state,
            "comment": source.validation.comment,
            "on": iso(source.validation.on),
        },
        "schedule": source.schedule,
        "owner": _ref(source.owner),
        "organization": _ref(source.organization),
        "created_at": iso(source.created_at),
        "deleted": iso(source.deleted),
        "last_job": None
        if last is None
        else {"id": last.id, "status": last.status, "created": iso(last.created), "ended": iso(last.ended)},
        "source_url": page,
    }


def source_brief(source: HarvestSource, site: str) -> dict[str, Any]:
    """Return the few facts of a source that a list of hundreds needs, as JSON.

    :param source: as listed.
    :param site: the portal's site.
    """
    return {
        "id": source.id,
        "name": source.name,
        "url": source.url,
        "backend": source.backend,
        "active": source.active,
        "validation": source.validation.state,
        "schedule": source.schedule,
        "owner": _id(source.owner),
        "organization": _ref(source.organization),
        **ownership(site, source.organization, source.owner),
        "created_at": iso(source.created_at),
    }


def ownership(site: str, organization: HarvestRef | None, owner: HarvestRef | None) -> dict[str, str | None]:
    """Return the owner of a source as flat columns of a table.

    :param site: the portal's site.
    :param organization: that the source belongs to, or None.
    :param owner: the user that the source belongs to, or None.
    :returns: ``organization_id`` and ``organization_url`` (None for a person's source), ``owner_id``, ``owner_name``
        and ``owner_type``: ``"organization"``, ``"user"``, or None if the source belongs to nobody.
    """
    whose = organization or owner
    page = None
    if organization:
        page = organization.page or f"{site}/organizations/{quote(organization.slug or organization.id, safe='')}/"
    return {
        "organization_id": _id(organization),
        "organization_url": page,
        "owner_id": _id(whose),
        "owner_name": (whose.name or whose.id) if whose else None,
        "owner_type": None if whose is None else "organization" if organization else "user",
    }


def _id(ref: HarvestRef | None) -> str | None:
    return None if ref is None else ref.id


def _ref(ref: HarvestRef | None) -> dict[str, Any] | None:
    return None if ref is None else {"id": ref.id, "name": ref.name, "slug": ref.slug}
