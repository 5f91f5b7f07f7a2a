"""A portal in memory with the methods of a ``HarvestClient`` that planning and applying call; for tests of those.

It behaves as udata does where that matters to them: creating twice gives two sources, accepting resets the cron, a
source cannot change its owner, deleted sources stay. It can break off at any request, before or after the
request has taken effect, as a killed process or a lost response does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestNotFound, HarvestRateLimited
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestRef, HarvestSource, HarvestValidation
from tests.support.scripted_portal import SITE, FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN = "5e0000000000000000000001"
USER = "5e0000000000000000000002"
DEFAULT_CRON = "0 0 * * *"
#: What an organization's id is, by its slug.
ORGANIZATIONS = {"north": "5e00000000000000000000a1", "south": "5e00000000000000000000a2"}
_BEGINNING = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Killed(BaseException):
    """The process is killed; no ``except`` of the code under test stops it."""


@dataclass
class MemoryPortal:
    """A portal, and a client of it with a key.

    :param user_id: whose key it is.
    :param is_sysadmin: whether that is a sysadmin.
    :param generation: letter of the udata generation.
    """

    user_id: str = ADMIN
    is_sysadmin: bool = True
    generation_letter: str = "D"
    has_key: bool = True
    sources: dict[str, HarvestSource] = field(default_factory=dict)
    #: Names of the methods that were called.
    requests: list[str] = field(default_factory=list)
    #: Ids of sources that a write was sent for.
    written: list[str] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    #: The write that the process is killed at, counted from 1, and whether it has taken effect by then.
    killed_at: tuple[int, bool] | None = None
    #: How often another creation is turned away, and for how many seconds.
    turned_away: list[float] = field(default_factory=list)
    #: What the portal refuses, by the name of a source.
    refused: dict[str, Exception] = field(default_factory=dict)
    site: str = SITE
    _made: int = 0
    _writes: int = 0

    # --- what tests do to it ------------------------------------------------------------------------------------------

    def add(self, **fields: Any) -> HarvestSource:
        """Add a source, accepted and active unless the fields say otherwise."""
        self._made += 1
        organization = fields.pop("organization", None)
        values: dict[str, Any] = {
            "name": f"Source {self._made}",
            "url": f"https://catalogue.example/{self._made}.xml",
            "backend": "dcat",
            "active": True,
            "autoarchive": True,
            "validation": HarvestValidation("accepted"),
            "owner": None if organization else HarvestRef(self.user_id),
            "organization": organization and HarvestRef(ORGANIZATIONS[organization], slug=organization),
            "created_at": _BEGINNING + timedelta(minutes=self._made),
        }
        source = HarvestSource(id=f"5f{self._made:022x}", **{**values, **fields})
        self.sources[source.id] = source
        return source

    def change(self, source_id: str, **fields: Any) -> None:
        """Change a source as somebody else would, by hand."""
        self.sources[source_id] = replace(self.sources[source_id], **fields)

    @property
    def alive(self) -> list[HarvestSource]:
        """The sources that are not deleted."""
        return [source for source in self.sources.values() if source.deleted is None]

    def counts(self) -> Counter[str]:
        """How often each method was called."""
        return Counter(self.requests)

    # --- what a client does -------------------------------------------------------------------------------------------

    @property
    def dialect(self) -> Dialect:
        return Dialect(slash=self.generation_letter != "A")

    def portal_now(self) -> float:
        return self.clock.now()

    def source_url(self, source_id: str) -> str:
        return f"{self.site}/source/{source_id}"

    def whoami(self) -> dict[str, Any]:
        self.requests.append("whoami")
        memberships = [{"id": ORGANIZATIONS["north"]}]
        return {"id": self.user_id, "roles": ["admin"] if self.is_sysadmin else [], "organizations": memberships}

    def list_backends(self) -> list[HarvestBackend]:
        self.requests.append("list_backends")
        filters = ({"key": "organization", "type": "string"}, {"key": "tags", "type": "string"})
        extra = ({"key": "remote_url_prefix", "type": "string"},)
        return [HarvestBackend(name, name.upper(), filters, (), extra) for name in ("dcat", "ckan")]

    def get_organization(self, ident: str) -> HarvestRef:
        self.requests.append("get_organization")
        for slug, known in ORGANIZATIONS.items():
            if ident in (slug, known):
                return HarvestRef(known, slug, slug)
        raise HarvestNotFound("There is no such organization.", status_code=404)

    def iter_sources(
        self, owner: str | None = None, organization: str | None = None, **_: Any
    ) -> Iterator[HarvestSource]:
        self.requests.append("iter_sources")
        for source in sorted(self.alive, key=lambda source: source.id, reverse=True):
            if organization and (source.organization is None or source.organization.id != organization):
                continue
            if owner and (source.owner is None or source.owner.id != owner):
                continue
            yield source

    def get_source(self, source_id: str, **_: Any) -> HarvestSource:
        self.requests.append("get_source")
        if source_id not in self.sources:
            raise HarvestNotFound("There is no such source.", status_code=404)
        return self.sources[source_id]

    def create_source(self, organization: str | None = None, owner: str | None = None, **fields: Any) -> HarvestSource:
        if self.turned_away:
            raise HarvestRateLimited("Too many.", status_code=429, retry_after=self.turned_away.pop(0))
        if fields["name"] in self.refused:
            raise self.refused[fields["name"]]
        slug = next((slug for slug, ident in ORGANIZATIONS.items() if ident == organization), None)
        if owner and not slug:
            fields["owner"] = HarvestRef(owner)
        made: list[HarvestSource] = []
        pending = {"validation": HarvestValidation("pending"), "schedule": None}
        self._write("create", None, lambda: made.append(self.add(**fields, **pending, organization=slug)))
        self.written.append(made[0].id)
        return made[0]

    def update_source(self, source_id: str, *, current: HarvestSource | None = None, **changes: Any) -> HarvestSource:
        self._write("update", source_id, lambda: self.change(source_id, **changes))
        return self.sources[source_id]

    def validate_source(self, source_id: str, state: str = "accepted", comment: str | None = None) -> HarvestSource:
        accepted = {"validation": HarvestValidation(state, comment=comment), "schedule": DEFAULT_CRON}
        self._write("validate", source_id, lambda: self.change(source_id, **accepted))
        return self.sources[source_id]

    def schedule_source(self, source_id: str, cron: str) -> HarvestSource:
        self._write("schedule", source_id, lambda: self.change(source_id, schedule=cron))
        return self.sources[source_id]

    def unschedule_source(self, source_id: str) -> None:
        self._write("unschedule", source_id, lambda: self.change(source_id, schedule=None))

    def delete_source(self, source_id: str) -> None:
        self._write("delete", source_id, lambda: self.change(source_id, deleted=_BEGINNING))

    def _write(self, name: str, source_id: str | None, effect: Any) -> None:
        self.requests.append(name)
        self._writes += 1
        if source_id is not None:
            self.written.append(source_id)
        is_killed = self.killed_at is not None and self.killed_at[0] == self._writes
        if is_killed and self.killed_at and not self.killed_at[1]:
            raise Killed
        effect()
        if is_killed:
            raise Killed
