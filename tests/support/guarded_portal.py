"""A portal in memory whose sources were harvested: what lives on it, and what its newest jobs found; for the guard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.http.records import HarvestedRecord
from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
from tests.support.memory_portal import MemoryPortal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NOW = datetime(2026, 11, 26, 10, tzinfo=timezone.utc)
JOB_BEGAN = NOW - timedelta(hours=6)
YESTERDAY = JOB_BEGAN - timedelta(days=1)


@dataclass
class GuardedPortal(MemoryPortal):
    """A portal of memory whose clock stands at `NOW`."""

    records: list[HarvestedRecord] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)

    def add_harvested(
        self, lost: int = 0, kept: int = 30, lost_on: datetime = YESTERDAY, status: str = "done", **fields: Any
    ) -> HarvestSource:
        """Add a source whose newest job found `kept` records and missed `lost` that were last seen before it."""
        job_id = f"6a{len(self.sources):022x}"
        job = HarvestJob(job_id, status=status, created=JOB_BEGAN, started=JOB_BEGAN, ended=JOB_BEGAN)
        source = self.add(last_job=job, schedule="0 4 * * *", **fields)
        self.found[job_id] = [f"{source.id}-kept-{number}" for number in range(kept)]
        self._live(source, self.found[job_id], JOB_BEGAN + timedelta(minutes=1))
        self._live(source, (f"{source.id}-lost-{number}" for number in range(lost)), lost_on)
        return source

    def bring_back(self, source: HarvestSource) -> None:
        """Let the newest job have found all that lives of a source."""
        self.records = [
            record._replace(last_update=JOB_BEGAN + timedelta(minutes=1)) if record.source_id == source.id else record
            for record in self.records
        ]

    def archive(self, source: HarvestSource) -> None:
        """Archive what the newest job of a source did not find."""
        self.records = [
            record
            for record in self.records
            if record.source_id != source.id or (record.last_update is not None and record.last_update >= JOB_BEGAN)
        ]

    def _live(self, source: HarvestSource, keys: Iterable[str], last_update: datetime) -> None:
        for key in keys:
            ident = f"50{len(self.records):022x}"
            page = f"https://www.example/datasets/{ident}/"
            self.records.append(HarvestedRecord(ident, "dataset", f"Data {key}", page, source.id, key, last_update))

    # --- what a client does -------------------------------------------------------------------------------------------

    def portal_now(self) -> float:
        return NOW.timestamp()

    def ends_in_slash(self) -> bool:
        return True  # a portal of today

    def iter_datasets(self, *_: Any) -> Iterator[HarvestedRecord]:
        self.requests.append("iter_datasets")
        yield from self.records

    def iter_dataservices(self, *_: Any) -> Iterator[HarvestedRecord]:
        yield from ()

    def iter_remote_ids(self, job_id: str) -> Iterator[str]:
        self.requests.append("iter_remote_ids")
        yield from self.found[job_id]

    def close(self) -> None:
        """Do nothing, as there is no connection."""
