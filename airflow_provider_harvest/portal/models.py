"""The responses of the harvest API as frozen dataclasses; made by the client from JSON, used by all layers.

A field that a release does not return is ``None``, never an error, and so is one of another type than udata's; ``raw``
keeps the whole response. An invalid time or number of items, and a response of another structure, raise
``HarvestProtocolError("expected ...")``; the client adds which request it was.
Generations are those of :mod:`airflow_provider_harvest.portal.http.probe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # who asks for the types of fields finds it
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.statuses import ACCEPTED, ITEM_STATUSES, PENDING, TERMINAL_JOB_STATUSES
from airflow_provider_harvest.portal.text.response_values import (
    block,
    count_of,
    entries_of,
    filled,
    flag_of,
    object_of,
    parse_time,
    text_of,
    token_of,
)
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class HarvestRef:
    """A user or an organization that a source belongs to, or a source that a job names."""

    id: str
    name: str | None = None
    slug: str | None = None
    page: str | None = None

    @classmethod
    def from_api(cls, data: object) -> HarvestRef | None:
        """Return the reference, None if the response has none (null, or an object without id)."""
        if not isinstance(data, dict) or not data.get("id"):
            return None
        name, page = text_of(data.get("name")), data.get("page")
        if not name:  # a user
            name = " ".join(str(part) for part in (data.get("first_name"), data.get("last_name")) if part) or None
        return cls(
            id=plain(data["id"]),
            name=name,
            slug=token_of(data.get("slug")),
            page=plain(page, None) if str(page).startswith(("https://", "http://")) else None,
        )


@dataclass(frozen=True)
class HarvestValidation:
    """Whether the portal's team lets a source be harvested: ``pending``, ``accepted`` or ``refused``."""

    state: str | None = None
    by: HarvestRef | None = None
    on: datetime | None = None
    comment: str | None = None

    @classmethod
    def from_api(cls, data: object) -> HarvestValidation:
        """Read the ``validation`` block of a source."""
        data = block(data)
        return cls(
            state=token_of(data.get("state")),
            by=HarvestRef.from_api(data.get("by")),
            on=parse_time(data.get("on")),
            comment=text_of(data.get("comment")),
        )


@dataclass(frozen=True)
class HarvestMessage:
    """An error of a job or of an item. ``details`` (a stack trace) is for sysadmins only from 10.1 on."""

    message: str
    created_at: datetime | None = None
    details: str | None = None

    @classmethod
    def from_api(cls, data: object) -> HarvestMessage:
        """Read one entry of ``errors``."""
        if not isinstance(data, dict):
            return cls(message=str(data))
        return cls(
            message=str(data.get("message") or ""),
            created_at=parse_time(data.get("created_at")),
            details=text_of(data.get("details")),
        )


@dataclass(frozen=True)
class ItemCounts:
    """How many items of a job are in which status."""

    total: int = 0
    pending: int = 0
    started: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    archived: int = 0
    other: int = 0

    @classmethod
    def from_statuses(cls, by_status: dict[str, Any], total: int | None = None) -> ItemCounts:
        """Count by status.

        A status that udata did not have when this was written counts as ``other``, and so do items of which the portal
        does not say the status: they are in no known one.

        :param by_status: how many there are in each status.
        :param total: how many there are, according to the portal; default: as many as have a status.
        """
        try:
            counted = {str(name): count_of(count) for name, count in by_status.items()}
            listed = sum(counted.values())
            total = listed if total is None else max(listed, count_of(total))
        except (TypeError, ValueError, OverflowError):
            raise HarvestProtocolError("expected numbers of items") from None
        known = {name: counted.get(name, 0) for name in ITEM_STATUSES}
        return cls(total=total, other=total - sum(known.values()), **known)

    @property
    def processed(self) -> int:
        """Processed items: done, failed or skipped. Archived ones were not in the catalogue."""
        return self.done + self.failed + self.skipped


@dataclass(frozen=True)
class HarvestItem:
    """One record of the remote catalogue in one job."""

    remote_id: str | None
    status: str | None
    remote_url: str | None = None
    dataset_id: str | None = None
    dataset_url: str | None = None
    dataset_title: str | None = None
    errors: tuple[HarvestMessage, ...] = ()
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_api(cls, data: object) -> HarvestItem:
        """Read one item, listed or embedded in a job or in a preview."""
        data = object_of(data, "a harvest item")
        target = block(data.get("dataset") or data.get("dataservice"))
        remote_id = data.get("remote_id")
        return cls(
            remote_id=None if remote_id is None else str(remote_id),
            status=token_of(data.get("status")),
            remote_url=text_of(data.get("remote_url")),
            dataset_id=token_of(target.get("id")),
            dataset_url=text_of(target.get("page") or target.get("uri")),
            dataset_title=text_of(target.get("title")),
            errors=tuple(map(HarvestMessage.from_api, entries_of(data.get("errors")))),
            created=parse_time(data.get("created")),
            started=parse_time(data.get("started")),
            ended=parse_time(data.get("ended")),
            raw=data,
        )

    @property
    def newest_time(self) -> datetime | None:
        """The last instant at which something happened to this item."""
        return max((t for t in (self.created, self.started, self.ended) if t), default=None)


@dataclass(frozen=True)
class HarvestJob:
    """One harvest of one source; a preview has the same structure with ``id`` None.

    ``items`` holds the items where the portal embeds them (up to 16.x, and in every preview), else None;
    ``counts`` is None if the response had neither items nor counters (a ``last_job`` up to 16.x, a masked read).
    """

    id: str | None
    status: str | None
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    errors: tuple[HarvestMessage, ...] = ()
    counts: ItemCounts | None = None
    items: tuple[HarvestItem, ...] | None = None
    source_id: str | None = None
    source_name: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_api(cls, data: object) -> HarvestJob:
        """Read a job, a ``last_job`` or a preview, of any generation."""
        data = object_of(data, "a harvest job")
        if not data.get("id") and not data.get("status"):  # a preview has no id
            raise HarvestProtocolError("expected a harvest job, got an object without id and status")
        items, counts = cls._items(data.get("items"))
        source = data.get("source")
        reference = HarvestRef.from_api(source)
        return cls(
            id=plain(data["id"]) if data.get("id") else None,
            status=token_of(data.get("status")),
            created=parse_time(data.get("created")),
            started=parse_time(data.get("started")),
            ended=parse_time(data.get("ended")),
            errors=tuple(map(HarvestMessage.from_api, entries_of(data.get("errors")))),
            counts=counts,
            items=items,
            source_id=reference.id if reference else None,
            source_name=source if isinstance(source, str) else None,
            raw=data,
        )

    @classmethod
    def from_last_job(cls, data: object) -> HarvestJob | None:
        """Read a source's ``last_job``: the newest *created* job, not the one that runs.

        Its ``errors`` are always empty, and up to 16.x its ``items`` too, whatever the job holds: the latter
        are left out here, so that they are not counted by mistake.
        """
        if not data:
            return None
        data = object_of(data, "a harvest job")
        return cls.from_api({key: value for key, value in data.items() if key != "items" or isinstance(value, dict)})

    @staticmethod
    def _items(data: object) -> tuple[tuple[HarvestItem, ...] | None, ItemCounts | None]:
        if isinstance(data, list):  # up to 16.x, and previews
            items = tuple(map(HarvestItem.from_api, data))
            by_status: dict[str, int] = {}
            for item in items:
                by_status[item.status or "?"] = by_status.get(item.status or "?", 0) + 1
            return items, ItemCounts.from_statuses(by_status)
        if isinstance(data, dict) and isinstance(data.get("by_status"), dict):  # from 17.0
            return None, ItemCounts.from_statuses(data["by_status"], data.get("total"))
        return None, None

    @property
    def has_ended(self) -> bool:
        """Whether the portal reports the job as ended. An unknown status with an end has ended, too."""
        return self.ended is not None

    @property
    def has_known_end(self) -> bool:
        """Whether the job ended in one of the statuses that udata defines for it."""
        return self.has_ended and self.status in TERMINAL_JOB_STATUSES

    @property
    def began_at(self) -> float | None:
        """When it began, in seconds since the epoch, by the clock of its worker; None if the portal does not say."""
        begun = self.started or self.created
        return None if begun is None else begun.timestamp()

    @property
    def duration(self) -> float | None:
        """Seconds from the job's start to its end, None while it runs; from its creation if no start is known."""
        begun = self.started or self.created
        return (self.ended - begun).total_seconds() if self.ended and begun else None


@dataclass(frozen=True)
class HarvestSource:
    """A catalogue that the portal harvests.

    ``slug`` exists from 17.0 on, ``permissions`` from 14.3 on.
    """

    id: str
    name: str
    url: str
    backend: str
    description: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    active: bool | None = None
    autoarchive: bool | None = None
    validation: HarvestValidation = HarvestValidation()
    last_job: HarvestJob | None = None
    owner: HarvestRef | None = None
    organization: HarvestRef | None = None
    deleted: datetime | None = None
    schedule: str | None = None
    permissions: dict[str, bool] | None = None
    slug: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_api(cls, data: object) -> HarvestSource:
        """Read a source, alone or from a list, of any generation.

        :raises HarvestProtocolError: if the response is not a harvest source.
        """
        data = object_of(data, "a harvest source")
        if not data.get("id"):
            raise HarvestProtocolError("expected a harvest source, got an object without id")
        return cls(
            id=plain(data["id"]),
            name=text_of(data.get("name")) or "",
            url=text_of(data.get("url")) or "",
            backend=plain(data.get("backend")),
            description=text_of(data.get("description")),
            config=block(data.get("config")),
            created_at=parse_time(data.get("created_at")),
            active=flag_of(data.get("active")),
            autoarchive=flag_of(data.get("autoarchive")),
            validation=HarvestValidation.from_api(data.get("validation")),
            last_job=HarvestJob.from_last_job(data.get("last_job")),
            owner=HarvestRef.from_api(data.get("owner")),
            organization=HarvestRef.from_api(data.get("organization")),
            deleted=parse_time(data.get("deleted")),
            schedule=token_of(data.get("schedule")),
            permissions=data["permissions"] if isinstance(data.get("permissions"), dict) else None,
            slug=token_of(data.get("slug")),
            raw=data,
        )

    def changes_to(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the wanted fields that differ from what the source has.

        A text or a configuration that is left out, null or empty is the same to the portal.

        :param wanted: values by the names of the fields.
        """
        return {name: value for name, value in wanted.items() if filled(getattr(self, name)) != filled(value)}

    @property
    def is_awaited(self) -> bool:
        """Whether the source waits for the portal's team, whose acceptance starts a harvest."""
        return self.validation.state == PENDING and self.deleted is None

    @property
    def owner_name(self) -> str | None:
        """The name of the organization that the source belongs to, else of the user; None if it has neither."""
        whose = self.organization or self.owner
        return (whose.name or whose.id) if whose else None

    @property
    def is_accepted(self) -> bool:
        """Whether the portal's team has accepted the source."""
        return self.validation.state == ACCEPTED


@dataclass(frozen=True)
class HarvestBackend:
    """A kind of catalogue that this portal can harvest, and what its ``config`` may hold.

    Each entry of ``filters``, ``features`` and ``extra_configs`` (None up to 9.2.3) is a dict with a ``key``.
    """

    id: str
    label: str
    filters: tuple[dict[str, Any], ...] = ()
    features: tuple[dict[str, Any], ...] = ()
    extra_configs: tuple[dict[str, Any], ...] | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_api(cls, data: object) -> HarvestBackend:
        """Read one entry of the portal's list of backends."""
        data = object_of(data, "a harvest backend")
        extra = data.get("extra_configs")
        return cls(
            id=plain(data.get("id")),
            label=text_of(data.get("label")) or "",
            filters=_declarations(data.get("filters")),
            features=_declarations(data.get("features")),
            extra_configs=None if extra is None else _declarations(extra),
            raw=data,
        )


def _declarations(entries: object) -> tuple[dict[str, Any], ...]:
    """Return what a backend declares: objects with a ``key``."""
    return tuple(entry for entry in map(block, entries_of(entries)) if isinstance(entry.get("key"), str))
