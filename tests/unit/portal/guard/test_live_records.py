"""Which records count as there before a harvest, and which of them it did not refresh."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.guard.case import GuardReport
from airflow_provider_harvest.portal.guard.live_records import MAX_ORGANIZATIONS, READ_WHOLE, read_live
from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
from airflow_provider_harvest.portal.models import HarvestJob, HarvestRef, HarvestSource
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
YESTERDAY, LONG_AGO = JOB_BEGAN - DAY, JOB_BEGAN - 40 * DAY


class Client:
    """A portal with these records, which notes whose were read."""

    def __init__(self, *records: HarvestedRecord, has_services: bool = False, size: int = READ_WHOLE + 1) -> None:
        self.records, self.has_services, self.size = records, has_services, size
        self.read: list[tuple[str, str | None, str | None]] = []

    def iter_datasets(self, organization: str | None, owner: str | None) -> Iterator[HarvestedRecord]:
        self.read.append(("datasets", organization, owner))
        yield from self.records

    def iter_dataservices(self, organization: str | None, owner: str | None) -> Iterator[HarvestedRecord]:
        self.read.append(("dataservices", organization, owner))
        yield from ()

    def count_datasets(self) -> int:
        return self.size

    def ends_in_slash(self) -> bool:
        return self.has_services


def record(key: str, seen: datetime | None, made: datetime = LONG_AGO, source_id: str = "s") -> HarvestedRecord:
    ident = f"{int(made.timestamp()):08x}{'0' * 16}"
    return HarvestedRecord(ident, "dataset", key, None, source_id, key, seen)


def source(ident: str = "s", **owner: Any) -> HarvestSource:
    return HarvestSource(ident, "Town", "https://x", "dcat", **(owner or {"owner": HarvestRef("u")}))


def read(
    client: Client, *sources: HarvestSource, organization_id: str | None = None, whole: bool = False
) -> tuple[Any, GuardReport]:
    job = HarvestJob("j", "done", JOB_BEGAN, JOB_BEGAN, NOW)
    chosen = {one.id: one for one in sources}
    report = GuardReport("p", NOW)
    return read_live(client, chosen, dict.fromkeys(chosen, job), organization_id, report, whole=whole), report  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "records, seen, stale, newest",
    [
        pytest.param([], {}, [], None, id="nothing is shown"),
        pytest.param([record("a", JOB_BEGAN)], {"a": JOB_BEGAN}, [], JOB_BEGAN, id="seen when the job began"),
        pytest.param([record("a", YESTERDAY)], {"a": YESTERDAY}, ["a"], YESTERDAY, id="last seen by the job before"),
        pytest.param([record("a", None)], {"a": None}, ["a"], None, id="seen at no known time"),
        pytest.param([record("a", NOW, made=JOB_BEGAN)], {}, [], NOW, id="made by this very job"),
        pytest.param(
            [record("a", NOW, made=JOB_BEGAN - SECOND)], {"a": NOW}, [], NOW, id="made a second before this job"
        ),
        pytest.param(
            [record("a", YESTERDAY), record("a", LONG_AGO)], {"a": YESTERDAY}, ["a", "a"], YESTERDAY,
            id="twice: the later day counts",
        ),
        pytest.param(
            [record("a", LONG_AGO), record("a", YESTERDAY)], {"a": YESTERDAY}, ["a", "a"], YESTERDAY,
            id="twice, the other way round",
        ),
        pytest.param([record("a", NOW, source_id="other")], {}, [], None, id="another source's"),
    ],
)  # fmt: skip
def test_what_was_there_and_what_was_not_refreshed(
    records: list[HarvestedRecord], seen: dict[str, datetime | None], stale: list[str], newest: datetime | None
) -> None:
    live = read(Client(*records), source())[0]["s"]
    days: dict[str, date | None] = {key: None if when is None else when.date() for key, when in seen.items()}
    assert (live.seen, [one.key for one in live.stale], live.newest) == (days, stale, newest)
    assert live.is_shown is any(one.source_id == "s" for one in records)


@pytest.mark.parametrize(
    "sources, organization_id, whose",
    [
        pytest.param([source()], None, {(None, "u")}, id="a user's"),
        pytest.param([source(organization=HarvestRef("o"))], None, {("o", None)}, id="an organization's"),
        pytest.param([source()], "o", {("o", None)}, id="within one organization"),
        pytest.param([source(owner=None)], None, {(None, None)}, id="nobody's: all are read"),
        pytest.param(
            [source(f"s{n}", organization=HarvestRef(f"o{n}")) for n in range(MAX_ORGANIZATIONS)],
            None,
            {(f"o{n}", None) for n in range(MAX_ORGANIZATIONS)},
            id="ten owners: each",
        ),
        pytest.param(
            [source(f"s{n}", organization=HarvestRef(f"o{n}")) for n in range(MAX_ORGANIZATIONS + 1)],
            None,
            {(None, None)},
            id="more: all are read, once",
        ),
    ],
)
@pytest.mark.parametrize("has_services", [False, True])
def test_whose_records_of_a_large_portal_are_read(
    sources: list[HarvestSource], organization_id: str | None, whose: set[Any], has_services: bool
) -> None:
    client = Client(has_services=has_services)
    report = read(client, *sources, organization_id=organization_id)[1]
    assert report.is_whole is (whose == {(None, None)})
    kinds = ["datasets", "dataservices"] if has_services else ["datasets"]
    assert sorted(map(str, client.read)) == sorted(str((kind, *one)) for kind in kinds for one in whose)


@pytest.mark.parametrize(
    "size, options, is_whole",
    [
        pytest.param(READ_WHOLE, {}, True, id="a small portal"),
        pytest.param(READ_WHOLE + 1, {}, False, id="a large one"),
        pytest.param(READ_WHOLE + 1, {"whole": True}, True, id="a large one, if that is wanted"),
        pytest.param(READ_WHOLE, {"organization_id": "o"}, True, id="a small one, for an organization"),
        pytest.param(None, {}, False, id="one that does not say"),
    ],
)
def test_the_whole_portal_is_read_if_that_takes_few_requests_or_is_wanted(
    size: Any, options: dict[str, Any], is_whole: bool
) -> None:
    client = Client(size=size)
    report = read(client, source(organization=HarvestRef("o")), **options)[1]
    assert report.is_whole is is_whole
    assert client.read == [("datasets", None if is_whole else "o", None)]


def test_a_pass_without_news_has_left_nothing_out() -> None:
    client = Client()
    assert read(client)[1].is_whole
    assert client.read == []
