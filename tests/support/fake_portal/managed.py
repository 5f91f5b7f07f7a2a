"""A portal whose sources are written, and the real client of it; for tests of planning, applying and holding.

It can break off at any write, before or after the write has taken effect, as a killed process or a lost
response does.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_harvest.exceptions import HarvestConnectionError
from airflow_provider_harvest.portal.models import HarvestRef, HarvestSource
from tests.support.fake_portal.direct_client import SITE, DirectClient, dialect_of
from tests.support.fake_portal.response_json import as_json
from tests.support.fake_portal.scripted import FakeClock
from tests.support.fake_portal.state import KEY, PortalState, Response

ADMIN = "5e0000000000000000000001"
USER = "5e0000000000000000000002"
#: What an organization's id is, by its slug.
ORGANIZATIONS = {"north": "5e00000000000000000000a1", "south": "5e00000000000000000000a2"}
_BEGINNING = datetime(2026, 1, 1, tzinfo=timezone.utc)
_BACKEND = {
    "filters": [{"key": "organization", "type": "string"}, {"key": "tags", "type": "string"}],
    "features": [],
    "extra_configs": [{"key": "remote_url_prefix", "type": "string"}],
}


class Killed(BaseException):
    """The process is killed; no ``except`` of the code under test stops it."""


class ManagedPortal(DirectClient):
    """A portal, and a client of it with a key.

    :param is_sysadmin: whether the key is a sysadmin's.
    :param has_key: whether the client has the key.
    :param killed_at: the write that the process is killed at, counted from 1, and whether it has taken effect by then.
    """

    def __init__(
        self,
        *,
        is_sysadmin: bool = True,
        has_key: bool = True,
        killed_at: tuple[int, bool] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        clock = clock or FakeClock()
        user = {"id": ADMIN, "roles": ["admin"], "organizations": [{"id": ORGANIZATIONS["north"]}]}
        known = [{"id": ident, "name": slug, "slug": slug} for slug, ident in ORGANIZATIONS.items()]
        state = PortalState(now=clock.now, keys={KEY: user}, organizations=known, backend_fields=_BACKEND)
        super().__init__(state, clock=clock, source_page=f"{SITE}/source/{{source_id}}")
        self.clock: FakeClock = clock
        self.killed_at = killed_at
        #: Ids of sources that a write was sent for.
        self.written: list[str] = []
        #: For how many seconds each further creation is turned away.
        self.turned_away: list[float] = []
        #: What the portal responds to the creation of a source, by its name.
        self.refused: dict[str, Response | HarvestConnectionError] = {}
        self._writes = 0
        self.is_sysadmin, self.has_key = is_sysadmin, has_key

    def __deepcopy__(self, memo: dict[int, Any]) -> ManagedPortal:
        twin = type(self)()
        twin.state = copy.deepcopy(self.state, memo)
        twin.state.now = twin.clock.now
        return twin

    # --- what tests do to it ------------------------------------------------------------------------------------------

    def add(self, **fields: Any) -> HarvestSource:
        """Add a source, accepted and active unless `fields` of a ``HarvestSource`` say otherwise."""
        number = len(self.state.sources) + 1
        values: dict[str, Any] = {
            "name": f"Source {number}",
            "url": f"https://catalogue.example/{number}.xml",
            "owner": None if fields.get("organization") else HarvestRef(self.user_id),
            "created_at": _BEGINNING + timedelta(minutes=number),
            "schedule": None,
            **fields,
        }
        if slug := values.get("organization"):
            values["organization"] = {"id": ORGANIZATIONS[slug], "name": slug, "slug": slug}
        ident = self.state.add_source(**{name: as_json(value) for name, value in values.items()})
        return self.sources[ident]

    def change(self, source_id: str, **fields: Any) -> None:
        """Change a source as somebody else would, by hand."""
        self.state.sources[source_id].update({name: as_json(value) for name, value in fields.items()})

    @property
    def sources(self) -> Mapping[str, HarvestSource]:
        """All sources as they are now, by id."""
        return _Sources(self.state)

    @property
    def alive(self) -> list[HarvestSource]:
        """The sources that are not deleted."""
        return [source for source in self.sources.values() if source.deleted is None]

    def counts(self) -> Counter[str]:
        """How often each request was sent."""
        return Counter(self.requests)

    @property
    def generation_letter(self) -> str:
        """The portal's generation; the client knows it."""
        return self.state.generation

    @generation_letter.setter
    def generation_letter(self, letter: str) -> None:
        self.state.generation, self.dialect = letter, dialect_of(letter)

    @property
    def user_id(self) -> str:
        """Whose key it is."""
        return str(self.state.keys[KEY]["id"])

    @user_id.setter
    def user_id(self, ident: str) -> None:
        self.state.keys[KEY]["id"] = ident

    @property
    def is_sysadmin(self) -> bool:
        """Whether the key is a sysadmin's."""
        return bool(self.state.keys[KEY]["roles"])

    @is_sysadmin.setter
    def is_sysadmin(self, is_sysadmin: bool) -> None:
        self.state.keys[KEY]["roles"] = ["admin"] if is_sysadmin else []

    # --- how it answers -----------------------------------------------------------------------------------------------

    def answer(
        self, name: str, method: str, path: str, query: dict[str, str], body: Any, key: str | None, /
    ) -> Response:
        if method == "GET":
            return super().answer(name, method, path, query, body, key)
        if name == "create" and self.turned_away:
            return Response(429, {"message": "Too many."}, {"Retry-After": f"{self.turned_away.pop(0):.0f}"})
        if name == "create" and (refusal := self.refused.get(body["name"])):
            if isinstance(refusal, HarvestConnectionError):
                raise refusal
            return refusal
        self._writes += 1
        if path.startswith("/harvest/source/"):
            self.written.append(path.split("/")[3])
        is_killed = self.killed_at is not None and self.killed_at[0] == self._writes
        if is_killed and self.killed_at and not self.killed_at[1]:
            raise Killed
        response = super().answer(name, method, path, query, body, key)
        if name == "create":
            self.written.append(response.body["id"])
        if is_killed:
            raise Killed
        return response


class _Sources(Mapping[str, HarvestSource]):
    """The sources of a portal, each read when it is requested."""

    def __init__(self, state: PortalState) -> None:
        self._state = state

    def __getitem__(self, ident: str) -> HarvestSource:
        return HarvestSource.from_api(self._state.shown(ident))

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.sources)

    def __len__(self) -> int:
        return len(self._state.sources)
