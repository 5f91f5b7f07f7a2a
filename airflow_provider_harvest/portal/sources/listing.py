"""List the sources of a portal that match a filter, in every release; used by the list operator and health."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import check_backend, check_id
from airflow_provider_harvest.portal.sources.identity import optional_flag, optional_text
from airflow_provider_harvest.portal.sources.writes import organization_of
from airflow_provider_harvest.portal.statuses import ACCEPTED, PENDING, REFUSED
from airflow_provider_harvest.portal.text.words import show_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

_FIELDS = "name,url,backend,active,deleted,schedule,created_at,validation{state}"
_STATES = (ACCEPTED, PENDING, REFUSED)


@dataclass(frozen=True)
class SourceFilter:
    """Which sources are wanted; None does not restrict them.

    :param organization: id or slug of an organization.
    :param owner_id: id of a user.
    :param backend: id of a backend.
    :param q: words to search for.
    :param active: whether they may be harvested.
    :param validation: ``accepted``, ``pending`` or ``refused``.
    :param name: what their name contains, ignoring case; filtered here, not by the portal's search.
    """

    organization: str | None = None
    owner_id: str | None = None
    backend: str | None = None
    q: str | None = None
    active: bool | None = None
    validation: str | None = None
    name: str | None = None

    @classmethod
    def create(
        cls, *, active: object = None, validation: object = None, owner_id: object = None, **texts: Any
    ) -> SourceFilter:
        """Return a filter from what a user gave; only None does not restrict.

        :raises HarvestInvalidInput: for invalid values.
        """
        given = {name: optional_text(value, name) for name, value in texts.items()}
        owner_id, state = optional_text(owner_id, "owner_id"), optional_text(validation, "validation")
        if state is not None and state not in _STATES:
            raise HarvestInvalidInput(
                f"validation must be one of {', '.join(map(repr, _STATES))}, not {show_value(state)}."
            )
        if owner_id and given.get("organization"):
            raise HarvestInvalidInput("organization and owner_id are both given: give one of them.")
        return cls(
            owner_id=check_id(owner_id, "owner_id", slug=False) if owner_id else None,
            active=optional_flag(active, "active"),
            validation=state,
            **given,
        )

    def __str__(self) -> str:
        named = {name: value for name, value in vars(self).items() if value is not None}
        return " with " + ", ".join(f"{name}={value!r}" for name, value in named.items()) if named else ""

    def wants(self, source: HarvestSource) -> bool:
        """Whether a source matches, by fields that every release returns."""
        return (
            source.deleted is None
            and self.backend in (None, source.backend)
            and self.active in (None, source.active)
            and self.validation in (None, source.validation.state)
            and (self.name is None or self.name.casefold() in source.name.casefold())
        )


def list_sources(client: HarvestClient, wanted: SourceFilter, *, more_fields: str = "") -> list[HarvestSource]:
    """Return the wanted sources, ordered by name; only the fields that a list needs are filled.

    :param client: of the portal; a key is not needed.
    :param wanted: which ones.
    :param more_fields: further fields of a source that are wanted, separated by commas.
    :raises HarvestInvalidInput: for a backend that neither a listed source nor the portal has. (One that was switched
        off since may still have sources.)
    :raises HarvestNotFound: for an organization that this portal does not have.
    """
    organization = organization_of(client, wanted.organization)
    fields = f"{_FIELDS},{more_fields}" if more_fields else _FIELDS
    listed = list(client.iter_sources(owner=wanted.owner_id, organization=organization, q=wanted.q, fields=fields))
    if wanted.backend is not None and all(source.backend != wanted.backend for source in listed):
        check_backend(wanted.backend, client.list_backends())
    found = [source for source in listed if wanted.wants(source)]
    return sorted(found, key=lambda source: (source.name.casefold(), source.id))


def clocked(client: HarvestClient, listed: Iterator[HarvestSource]) -> tuple[float, Iterator[HarvestSource]]:
    """Return the portal's clock when the first page of a list has been read, and the whole list.

    What happens while the other pages are read may not be in them: the next pass must count it as new.

    :param client: of the portal.
    :param listed: its sources, not read yet.
    """
    first = list(islice(listed, 1))
    return client.portal_now(), chain(first, listed)
