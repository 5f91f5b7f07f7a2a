"""Which harvests an event trigger watches: those of a source, of an organization, or of a whole portal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import check_id, is_object_id

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.waiting.shared_source_list import Listed


@dataclass(frozen=True)
class Scope:
    """Which jobs are watched: those of one source, of an organization, or of the whole portal.

    :param source_id: id of the source.
    :param organization_id: id of the organization.
    :param name: of the source or the organization.
    """

    source_id: str | None = None
    organization_id: str | None = None
    name: str = ""

    def holds(self, listed: Listed) -> bool:
        """Whether a source belongs to it."""
        if self.source_id is not None:
            return listed.id == self.source_id
        return self.organization_id in (None, listed.organization_id)

    def __str__(self) -> str:
        if self.source_id is not None:
            return f"source {self.name!r} ({self.source_id})"
        return f"all sources of {self.name!r} ({self.organization_id})" if self.organization_id else "all sources"


def find_scope(client: HarvestClient, source_id: str | None, organization: str | None) -> Scope:
    """Return the scope that a user named by ids or slugs.

    :param client: of the portal.
    :raises HarvestInvalidInput: if it is neither, or for a slug that names a deleted source: its name may have been
        given to another one since.
    :raises HarvestNotFound: for what the portal does not have.
    """
    if source_id is not None:
        ident = check_id(source_id, "source_id")
        source = client.get_source(ident, keyed=False)
        if source.deleted is not None and not is_object_id(ident):
            raise HarvestInvalidInput(
                f"The slug {ident!r} names source {source.id}, which is deleted: "
                "give the id of the source that you mean."
            )
        return Scope(source_id=source.id, name=source.name)
    if organization is not None:
        found = client.get_organization(check_id(organization, "organization"))
        return Scope(organization_id=found.id, name=found.name or organization)
    return Scope()
