"""A portal whose sources were harvested: what lives on it, and what its newest jobs found; for tests of the guard."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
from tests.support.fake_portal.managed import ORGANIZATIONS, ManagedPortal
from tests.support.fake_portal.response_json import as_json
from tests.support.fake_portal.scripted import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.models import HarvestSource

NOW = datetime(2026, 11, 26, 10, tzinfo=timezone.utc)
JOB_BEGAN = NOW - timedelta(hours=6)
YESTERDAY = JOB_BEGAN - timedelta(days=1)


class HarvestedPortal(ManagedPortal):
    """A managed portal whose clock stands at `NOW`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(clock=FakeClock(NOW.timestamp()), **options)

    def add_harvested(
        self, lost: int = 0, kept: int = 30, lost_on: datetime = YESTERDAY, status: str = "done", **fields: Any
    ) -> HarvestSource:
        """Add a source whose newest job found `kept` records and missed `lost` that were last seen before it."""
        ident = self.add(schedule="0 4 * * *", **fields).id
        began = JOB_BEGAN.isoformat()
        found = [f"{ident}-kept-{number}" for number in range(kept)]
        items = [{"remote_id": key, "status": "done"} for key in found]
        self.state.add_job(ident, status, created=began, started=began, ended=began, items=items)
        self.let_live(ident, found, JOB_BEGAN + timedelta(minutes=1))
        self.let_live(ident, (f"{ident}-lost-{number}" for number in range(lost)), lost_on)
        return self.sources[ident]

    def add_job(self, source: HarvestSource, status: str, began: datetime, ended: datetime | None = None) -> None:
        """Add a newer job to a source, without items."""
        times = {"created": began, "started": began, "ended": ended}
        self.state.add_job(source.id, status, **{name: as_json(value) for name, value in times.items()})

    def harvest_again(self, source: HarvestSource, began: datetime, missed: int = 0) -> None:
        """Add a newer job that found what the first one found, but for the last `missed` of it."""
        kept = [record.key for record in self.records if record.source_id == source.id and "-kept-" in record.key]
        found = set(kept[: len(kept) - missed])
        items = [{"remote_id": key, "status": "done"} for key in sorted(found)]
        times = {name: began.isoformat() for name in ("created", "started", "ended")}
        self.state.add_job(source.id, "done", items=items, **times)
        self.records = [
            record._replace(last_update=began + timedelta(minutes=1)) if record.key in found else record
            for record in self.records
        ]

    def change_job(self, source: HarvestSource, **fields: Any) -> None:
        """Change the newest job of a source."""
        newest = [job for job in self.state.jobs.values() if job["source_id"] == source.id][-1]
        newest.update({name: as_json(value) for name, value in fields.items()})

    def bring_back(self, source: HarvestSource) -> None:
        """Let the newest job have found all that lives of a source."""
        began = max(datetime.fromisoformat(job["created"]) for job in self.state.jobs.values())
        self.records = [
            record._replace(last_update=began + timedelta(minutes=1)) if record.source_id == source.id else record
            for record in self.records
        ]

    def move(self, source: HarvestSource, organization: str) -> HarvestSource:
        """Give a source to another organization; its records stay where they are, as on every release."""
        before = self.state.sources[source.id]
        keeper = {kind: before[kind] for kind in ("organization", "owner")}
        self.state.keepers |= {record.id: keeper for record in self.records if record.source_id == source.id}
        moved = {"id": ORGANIZATIONS[organization], "name": organization, "slug": organization}
        self.change(source.id, organization=moved, owner=None)
        return self.sources[source.id]

    def archive(self, source: HarvestSource) -> None:
        """Archive what the newest job of a source did not find."""
        self.records = [
            record
            for record in self.records
            if record.source_id != source.id or (record.last_update is not None and record.last_update >= JOB_BEGAN)
        ]

    @property
    def records(self) -> list[HarvestedRecord]:
        """What was harvested and lives on the portal."""
        read = (HarvestedRecord.from_api(entry, "dataset") for entry in self.state.datasets)
        return [record for record in read if record is not None]

    @records.setter
    def records(self, records: Iterable[HarvestedRecord]) -> None:
        self.state.datasets = [_as_dataset(record) for record in records]

    def let_live(self, source_id: str, keys: Iterable[str], last_update: datetime) -> None:
        """Add records of a source, which a harvest last found at this time."""
        for key in keys:
            ident = f"50{len(self.state.datasets):022x}"
            page = f"https://www.example/datasets/{ident}/"
            record = HarvestedRecord(ident, "dataset", f"Data {key}", page, source_id, key, last_update)
            self.state.datasets.append(_as_dataset(record))


def _as_dataset(record: HarvestedRecord) -> dict[str, Any]:
    seen = record.last_update and record.last_update.isoformat()
    harvest = {"source_id": record.source_id, "remote_id": record.remote_id, "last_update": seen}
    return {"id": record.id, "title": record.title, "page": record.page, "harvest": harvest}
