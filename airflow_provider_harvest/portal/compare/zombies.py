"""Finds resources that the catalogue no longer lists but the portal still shows, from the public dataset API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.compare.find_harvests import is_complete
from airflow_provider_harvest.portal.text.response_values import parse_time
from airflow_provider_harvest.portal.text.untrusted import plain, web_link
from airflow_provider_harvest.portal.text.words import count, iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

ZOMBIE_COLUMNS = (
    "dataset_id", "dataset_title", "dataset_url", "remote_id",
    "resource_id", "resource_title", "resource_url", "last_seen",
)  # fmt: skip
#: Jobs of the source that are read, to know in which of them a dataset was seen last.
_JOBS = 20


@dataclass
class Zombies:
    """What was found for one source.

    :param rows: a dict of :data:`ZOMBIE_COLUMNS` for each resource.
    :param datasets: how many datasets of the source the portal shows.
    :param can_tell: whether the release says when a resource was last seen (udata 16.6.1, 17.3.0 and 17.18.0 do, 13.0.0
        and 9.2.4 do not); None if there is no resource to see it by.
    :param not_judged: how many datasets no known harvest has seen: their resources are not judged.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    datasets: int = 0
    can_tell: bool | None = None
    not_judged: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        return vars(self)

    def sentence(self) -> str:
        """Return in a sentence what was found."""
        if self.can_tell is False:
            return (
                "This portal does not support it: its udata release does not report when a resource was last seen in "
                "the catalogue (16.6.1 and later do; 13.0.0 and earlier do not)."
            )
        gone = f"{count(len(self.rows), 'resource')} of {count(self.datasets, 'dataset')}"
        found = f"{gone} {'is' if len(self.rows) == 1 else 'are'} no longer in the catalogue."
        judged = f"{count(self.not_judged, 'dataset')} {'was' if self.not_judged == 1 else 'were'} not judged"
        return f"{found} {judged}." if self.not_judged else found


def find_zombies(client: HarvestClient, source: HarvestSource) -> Zombies:
    """Return the resources of a source's datasets that its last harvest of each dataset did not see.

    A resource that a person added by hand has no ``harvest`` block, and is never named. Costs one request for each
    100 datasets of the source's owner, and one for its jobs.

    :param client: of the portal; no key is needed.
    :param source: the source.
    """
    jobs = [job for job in client.recent_jobs(source.id, page_size=_JOBS) if is_complete(job)]
    starts = [begun for job in jobs if (begun := job.started or job.created)]
    result = Zombies()
    candidates: list[dict[str, Any]] = []
    for dataset in _datasets(client, source):
        result.datasets += 1
        resources = dataset.get("resources") or ()
        result.can_tell = bool(result.can_tell) if resources else result.can_tell
        harvested = [entry for entry in resources if entry.get("harvest") is not None]
        if not harvested:  # added by hand, or by a release that does not report it
            continue
        seen = [parse_time(entry["harvest"].get("last_update")) for entry in harvested]
        result.can_tell = bool(result.can_tell) or any(seen)
        last = parse_time((dataset.get("harvest") or {}).get("last_update"))
        begun = max((start for start in starts if last and start <= last), default=None)
        if begun is None:
            result.not_judged += 1
            continue
        old = [(entry, when) for entry, when in zip(harvested, seen, strict=True) if not when or when < begun]
        candidates += [_row(dataset, entry, when) for entry, when in old]
    if result.can_tell:
        result.rows = candidates
    return result


def _datasets(client: HarvestClient, source: HarvestSource) -> Iterator[dict[str, Any]]:
    """Yield the datasets of a source. There is no filter by source, so those of its owner are read."""
    for dataset in client.iter_harvested_datasets(
        organization=source.organization.id if source.organization else None,
        owner=source.owner.id if source.owner and not source.organization else None,
    ):
        if (dataset.get("harvest") or {}).get("source_id") == source.id:
            yield dataset


def _row(dataset: dict[str, Any], resource: dict[str, Any], seen: datetime | None) -> dict[str, Any]:
    return {
        "dataset_id": plain(dataset.get("id")),
        "dataset_title": plain(dataset.get("title")),
        "dataset_url": web_link(dataset.get("page") or dataset.get("uri")),
        "remote_id": plain((dataset.get("harvest") or {}).get("remote_id")),
        "resource_id": plain(resource.get("id")),
        "resource_title": plain(resource.get("title")),
        "resource_url": web_link(resource.get("url")),
        "last_seen": iso(seen),
    }
