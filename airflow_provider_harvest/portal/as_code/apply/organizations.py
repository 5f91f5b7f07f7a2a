"""Creates the organizations that files name and a portal does not have: for demo portals, and only on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.plan.make_plan import find_organization
from airflow_provider_harvest.portal.inputs import is_object_id
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.client import HarvestClient

_DESCRIPTION = "Created for harvest sources that files describe."


def missing_organizations(client: HarvestClient, declaration: Declaration) -> list[str]:
    """Return the slugs of organizations that files name and the portal does not have, by one request for each.

    An id is not among them: no organization can be created with a given id.
    """
    named = {declared.organization for declared in declaration.sources if declared.organization}
    slugs = sorted(name for name in named if not is_object_id(name))
    return [slug for slug in slugs if find_organization(client, slug) is None]


def create_organizations(client: HarvestClient, slugs: Iterable[str]) -> None:
    """Create organizations of these slugs; their names are the slugs, until somebody changes them on the portal.

    :param client: with a key whose user becomes the admin of each.
    :raises HarvestInvalidInput: if the portal gives one another slug, so that the files would not find it.
    """
    for slug in slugs:
        made = client.create_organization(slug, _DESCRIPTION)
        if made.slug and made.slug != slug:
            raise HarvestInvalidInput(
                f"The portal has created organization {slug!r} as {plain(made.slug)!r} ({made.id}): "
                "give that slug in the files."
            )
