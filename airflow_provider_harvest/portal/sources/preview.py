"""Previews of sources, saved or not: the portal harvests the first items and keeps nothing.

Called by the preview operator, the review of sources and plain scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestAnswerTimeout, HarvestServerError
from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
from airflow_provider_harvest.portal.sources.confirm_writes import telling
from airflow_provider_harvest.portal.sources.writes import WHO_CREATES, new_fields, owner_ids
from airflow_provider_harvest.portal.statuses import PREVIEW_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

_WHO_PREVIEWS = "A saved source is previewed by its owner, by members of its organization, or by a sysadmin."


def preview_new_source(
    client: HarvestClient,
    name: str | None = None,
    url: str | None = None,
    backend: str | None = None,
    description: str | None = None,
    config: dict[str, Any] | None = None,
    organization: str | None = None,
    owner_id: str | None = None,
    timeout: float | None = None,
) -> HarvestJob:
    """Harvest the first items of a source that does not exist yet; nothing is kept.

    The arguments are those of :func:`ensure_source`, checked as there, and ``timeout``, as of
    :func:`preview_saved_source`.
    """
    fields = new_fields(client, name, url, backend, description, config)
    organization, owner_id = owner_ids(client, organization, owner_id)
    with telling(WHO_CREATES):
        return _in_time(
            timeout,
            lambda: client.preview_config(**fields, organization=organization, owner=owner_id, timeout=timeout),
        )


def preview_saved_source(client: HarvestClient, source: HarvestSource, timeout: float | None = None) -> HarvestJob:
    """Harvest the first items of a source; nothing is kept.

    :param client: of the portal, with a key.
    :param source: as just read.
    :param timeout: seconds after which the preview counts as a job with the status ``timeout``; None raises after 300.
    """
    with telling(_WHO_PREVIEWS):
        return _in_time(timeout, lambda: client.preview_source(source.id, timeout=timeout))


def _in_time(timeout: float | None, preview: Callable[[], HarvestJob]) -> HarvestJob:
    """Return a preview, or a placeholder for one that timed out: here, or in a proxy before the portal."""
    try:
        return preview()
    except HarvestAnswerTimeout:
        if timeout is None:
            raise
    except HarvestServerError as error:
        if timeout is None or error.status_code != 504:
            raise
    return HarvestJob(id=None, status=PREVIEW_TIMEOUT, counts=ItemCounts())
