"""The pass over datasets and dataservices: masks, pages, what a portal that refuses large pages costs."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestNotFound, HarvestServerError
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.http.transport import Answer

SOURCE = "5" * 24


class Portal(HarvestClient):
    """Returns lists from memory; pages above `most` entries are refused as by a proxy."""

    def __init__(self, entries: list[dict[str, Any]], most: int = 10_000) -> None:
        super().__init__("http://127.0.0.1:9", dialect=Dialect(embeds_items=False))
        self.entries, self.most = entries, most
        self.asked: list[tuple[str, int, int]] = []

    def _get(self, path: str, params: dict[str, Any] | None = None, **kwargs: Any) -> Answer:
        assert params is not None
        assert not kwargs.get("keyed")
        page, size = params["page"], params["page_size"]
        self.asked.append((path, page, size))
        if size > self.most:
            raise HarvestServerError("Bad gateway", status_code=502)
        data = self.entries[(page - 1) * size : page * size]
        if not data and page > 1:
            raise HarvestNotFound("No such page", status_code=404)
        return Answer(200, {"data": data, "total": len(self.entries)})


def entry(number: int, **harvest: Any) -> dict[str, Any]:
    block = {"source_id": SOURCE, "remote_id": f"r{number}", "last_update": "2026-11-26T01:02:03.456000+00:00"}
    return {"id": f"{number:024x}", "title": f"Dataset {number}", "archived": None, "harvest": {**block, **harvest}}


def test_yields_each_once_for_one_request_a_thousand() -> None:
    portal = Portal([entry(number) for number in range(2500)])
    assert [record.remote_id for record in portal.iter_datasets()] == [f"r{number}" for number in range(2500)]
    assert portal.asked == [("/datasets/", page, 1000) for page in (1, 2, 3)]


def test_are_counted_by_one_small_request() -> None:
    portal = Portal([entry(number) for number in range(2500)])
    assert portal.count_datasets() == 2500
    assert portal.asked == [("/datasets/", 1, 1)]


@pytest.mark.parametrize("most, requests", [(500, 1 + 5), (250, 2 + 10), (125, 3 + 20)])
def test_page_that_is_refused_is_halved_once_and_for_all(most: int, requests: int) -> None:
    portal = Portal([entry(number) for number in range(2500)], most=most)
    assert len({record.id for record in portal.iter_datasets()}) == 2500
    assert len(portal.asked) == requests


def test_portal_that_refuses_every_page_is_an_error() -> None:
    with pytest.raises(HarvestServerError):
        list(Portal([entry(1)], most=10).iter_datasets())


def test_leaves_out_what_is_archived_and_what_was_not_harvested() -> None:
    own = {"id": "a" * 24, "title": "By hand", "harvest": None}
    gone = {**entry(1), "archived": "2026-01-01T00:00:00+00:00"}
    service = {**entry(2), "archived_at": "2026-01-01T00:00:00+00:00"}
    portal = Portal([own, gone, service, entry(3, remote_id=None), entry(4, source_id=None)])
    [record] = portal.iter_dataservices()
    assert (record.kind, record.key) == ("dataservice", f"(no remote id) {3:024x}")


def test_portal_without_dataservices_has_none() -> None:
    class Old(Portal):
        def _get(self, *args: Any, **kwargs: Any) -> Answer:
            raise HarvestNotFound("No such path", status_code=404, payload={"error": "Not found", "status": 404})

    assert list(Old([]).iter_dataservices()) == []


@pytest.mark.parametrize("most", [10_000, 250], ids=["whole pages", "parts of pages"])
@pytest.mark.parametrize("kind", ["iter_datasets", "iter_dataservices"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_proxys_page_is_no_end_of_the_records(kind: str, at: int, most: int) -> None:
    """Fewer records would mean fewer losses for the guard, and more that came back."""

    class BehindProxy(Portal):
        def _get(self, path: str, params: dict[str, Any] | None = None, **kwargs: Any) -> Answer:
            assert params is not None
            if params["page"] == at and params["page_size"] <= self.most:
                raise HarvestNotFound("nginx", status_code=404, payload="<html>no upstream</html>")
            return super()._get(path, params, **kwargs)

    portal = BehindProxy([entry(number) for number in range(2500)], most=most)
    with pytest.raises(HarvestNotFound, match="nginx"):
        list(getattr(portal, kind)())


def test_remote_ids_of_a_job_leave_out_what_it_archived() -> None:
    items: list[dict[str, Any]] = [{"remote_id": "a", "status": "done"}, {"remote_id": "b", "status": "archived"}]
    items += [{"remote_id": "c", "status": "failed"}, {"remote_id": None, "status": "skipped"}]
    portal = Portal(items)
    assert list(portal.iter_remote_ids("6" * 24)) == ["a", "c"]
    assert portal.asked == [(f"/harvest/job/{'6' * 24}/items/", 1, 1000)]


@pytest.mark.parametrize("failed, requests", [(0, 1), (49, 1), (50, 2), (120, 3)])
def test_newest_whole_job_is_found_behind_weeks_of_failed_ones(failed: int, requests: int) -> None:
    when = "2026-11-26T01:02:03+00:00"
    jobs = [
        {"id": f"{number:024x}", "status": "done" if number == failed else "failed", "created": when, "ended": when}
        for number in range(failed + 1)
    ]
    portal = Portal(jobs)
    found = portal.newest_whole_job(SOURCE)
    assert (found and found.id, len(portal.asked)) == (f"{failed:024x}", requests)
    assert Portal(jobs[:failed]).newest_whole_job(SOURCE) is None
