"""The responses of the harvest API as frozen dataclasses; made by the client from JSON, used by all layers.

A field that a release does not return is ``None``, never an error, and so is one of another type than udata's; ``raw``
keeps the whole response. An invalid time or number of items, and a response of another structure, raise
``HarvestProtocolError("expected ...")``; the client adds which request it was.
Generations are those of :mod:`airflow_provider_harvest.portal.http.probe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pendulum

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.statuses import ACCEPTED, ITEM_STATUSES, PENDING, TERMINAL_JOB_STATUSES
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_time(value: Any) -> datetime | None:  # noqa: ANN401  # of a response
    """Return an API time as an aware UTC datetime, None if there is none.

    Releases from 6.1 on return UTC with an offset; a time without one is read as UTC. Milliseconds are what a portal
    keeps: the response to a write shows microseconds, which later ones do not.

    :raises HarvestProtocolError: if the string is not a time.
    """
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value).astimezone(timezone.utc) if "+" in value else _parse_slowly(value)
    except (TypeError, ValueError, OverflowError):
        parsed = _parse_slowly(value)
    finer = parsed.microsecond % 1000
    return parsed.replace(microsecond=parsed.microsecond - finer) if finer else parsed


def _parse_slowly(value: Any) -> datetime:  # noqa: ANN401  # of a response
    """Read a time that is not plain ISO with an offset; only the plain form takes the 20 times faster way."""
    try:
        parsed: object = pendulum.parse(str(value))
        if isinstance(parsed, datetime):
            return datetime.fromtimestamp(parsed.timestamp(), tz=timezone.utc)
    except (ValueError, OverflowError, TypeError, OSError) as error:  # OverflowError: beyond the years 1 to 9999
        raise HarvestProtocolError(f"expected a time, got {str(value)[:40]!r}") from error
    raise HarvestProtocolError(f"expected a time, got {str(value)[:40]!r}")


def _entries(value: object) -> list[Any]:
    """Return the entries of a list; a value in place of a list counts as its one entry, so nothing is lost."""
    return value if isinstance(value, list) else [value] if value else []


def _object(data: object, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise HarvestProtocolError(f"expected {what}, got {type(data).__name__}")
    return data


def block(value: object) -> dict[str, Any]:
    """Return an object inside a response; anything else in its place has no fields."""
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Return what people wrote: a name, a comment, an address."""
    return value if value is None or isinstance(value, str) else str(value)


def _filled(value: object) -> object:
    return None if value in ("", {}) else value


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _token(value: object) -> str | None:
    """Return an id, a status or another word that the portal itself makes: one line without control characters."""
    return None if value is None else plain(value)


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
        person = " ".join(str(part) for part in (data.get("first_name"), data.get("last_name")) if part)
        page = data.get("page")
        return cls(
            id=plain(data["id"]),
            name=_text(data.get("name")) or person or None,
            slug=_token(data.get("slug")),
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
            state=_token(data.get("state")),
            by=HarvestRef.from_api(data.get("by")),
            on=parse_time(data.get("on")),
            comment=_text(data.get("comment")),
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
            details=_text(data.get("details")),
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
            counted = {str(name): int(count or 0) for name, count in by_status.items()}
            listed = sum(counted.values())
            total = listed if total is None else max(listed, int(total))
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
        data = _object(data, "a harvest item")
        target = block(data.get("dataset") or data.get("dataservice"))
        remote_id = data.get("remote_id")
        return cls(
            remote_id=None if remote_id is None else str(remote_id),
            status=_token(data.get("status")),
            remote_url=_text(data.get("remote_url")),
            dataset_id=_token(target.get("id")),
            dataset_url=_text(target.get("page") or target.get("uri")),
            dataset_title=_text(target.get("title")),
            errors=tuple(HarvestMessage.from_api(error) for error in _entries(data.get("errors"))),
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
        data = _object(data, "a harvest job")
        if not data.get("id") and not data.get("status"):  # a preview has no id
            raise HarvestProtocolError("expected a harvest job, got an object without id and status")
        items, counts = cls._items(data.get("items"))
        source = data.get("source")
        reference = HarvestRef.from_api(source)
        return cls(
            id=plain(data["id"]) if data.get("id") else None,
            status=_token(data.get("status")),
            created=parse_time(data.get("created")),
            started=parse_time(data.get("started")),
            ended=parse_time(data.get("ended")),
            errors=tuple(HarvestMessage.from_api(error) for error in _entries(data.get("errors"))),
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
        data = _object(data, "a harvest job")
        return cls.from_api({key: value for key, value in data.items() if key != "items" or isinstance(value, dict)})

    @staticmethod
    def _items(data: object) -> tuple[tuple[HarvestItem, ...] | None, ItemCounts | None]:
        if isinstance(data, list):  # up to 16.x, and previews
            items = tuple(HarvestItem.from_api(item) for item in data)
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
        data = _object(data, "a harvest source")
        if not data.get("id"):
            raise HarvestProtocolError("expected a harvest source, got an object without id")
        return cls(
            id=plain(data["id"]),
            name=_text(data.get("name")) or "",
            url=_text(data.get("url")) or "",
            backend=plain(data.get("backend")),
            description=_text(data.get("description")),
            config=block(data.get("config")),
            created_at=parse_time(data.get("created_at")),
            active=_flag(data.get("active")),
            autoarchive=_flag(data.get("autoarchive")),
            validation=HarvestValidation.from_api(data.get("validation")),
            last_job=HarvestJob.from_last_job(data.get("last_job")),
            owner=HarvestRef.from_api(data.get("owner")),
            organization=HarvestRef.from_api(data.get("organization")),
            deleted=parse_time(data.get("deleted")),
            schedule=_token(data.get("schedule")),
            permissions=data["permissions"] if isinstance(data.get("permissions"), dict) else None,
            slug=_token(data.get("slug")),
            raw=data,
        )

    def changes_to(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the wanted fields that differ from what the source has.

        A text or a configuration that is left out, null or empty is the same to the portal.

        :param wanted: values by the names of the fields.
        """
        return {name: value for name, value in wanted.items() if _filled(getattr(self, name)) != _filled(value)}

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
        data = _object(data, "a harvest backend")
        extra = data.get("extra_configs")
        return cls(
            id=plain(data.get("id")),
            label=_text(data.get("label")) or "",
            filters=_declarations(data.get("filters")),
            features=_declarations(data.get("features")),
            extra_configs=None if extra is None else _declarations(extra),
            raw=data,
        )


def _declarations(entries: object) -> tuple[dict[str, Any], ...]:
    """Return what a backend declares: objects with a ``key``."""
    return tuple(entry for entry in map(block, _entries(entries)) if isinstance(entry.get("key"), str))
