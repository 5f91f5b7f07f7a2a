"""Responses of every generation as models: what they hold, what they lack, and what is no response of udata."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.models import (
    HarvestBackend,
    HarvestItem,
    HarvestJob,
    HarvestMessage,
    HarvestRef,
    HarvestSource,
    HarvestValidation,
    ItemCounts,
)
from airflow_provider_harvest.portal.text.response_values import parse_time
from tests.support.fake_portal.state import PortalState

T = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def at(seconds: float) -> str:
    return (T + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    "text, when",
    [
        pytest.param("2026-03-01T12:00:00+00:00", T, id="UTC"),
        pytest.param("2026-03-01T13:00:00.000+01:00", T, id="another zone"),
        pytest.param("2026-03-01T12:00:00", T, id="no zone: UTC"),
        pytest.param("2026-03-01T12:00:00.831000+00:00", T + timedelta(microseconds=831_000), id="milliseconds"),
        pytest.param(
            "2026-03-01T12:00:00.608060+00:00",
            T + timedelta(microseconds=608_000),
            id="finer",
        ),
        pytest.param(None, None, id="null"),
        pytest.param("", None, id="empty"),
    ],
)
def test_times_are_aware_and_in_utc(text: str | None, when: datetime | None) -> None:
    parsed = parse_time(text)
    assert parsed == when
    assert parsed is None or parsed.tzinfo is timezone.utc


@pytest.mark.parametrize("text", ["yesterday", "P1D", {"a": 1}, "2026-13-01T00:00:00"])
def test_what_is_no_time_is_reported(text: Any) -> None:
    with pytest.raises(HarvestProtocolError, match="expected a time, got"):
        parse_time(text)


@pytest.mark.parametrize(
    "model", [HarvestSource, HarvestJob, HarvestItem, HarvestBackend], ids=lambda model: model.__name__
)
@pytest.mark.parametrize("answer", [None, [], "text", 5], ids=repr)
def test_what_is_no_object_is_reported(model: Any, answer: Any) -> None:
    with pytest.raises(HarvestProtocolError, match=r"expected a harvest \w+, got (NoneType|list|str|int)$"):
        model.from_api(answer)


@pytest.mark.parametrize(
    "errors, messages",
    [
        (None, []),
        ([], []),
        ("It fell over.", ["It fell over."]),
        ({"message": "It fell over."}, ["It fell over."]),
        (500, ["500"]),
        ([{"message": "one"}, "two"], ["one", "two"]),
    ],
)
@pytest.mark.parametrize("model", [HarvestJob, HarvestItem], ids=lambda model: model.__name__)
def test_errors_that_are_no_list_are_one_error(model: Any, errors: Any, messages: list[str]) -> None:
    read = model.from_api({"id": "j", "status": "done", "remote_id": "r", "errors": errors})
    assert [error.message for error in read.errors] == messages


class TestSource:
    @pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
    def test_is_read_in_every_generation(self, generation: str) -> None:
        portal = PortalState(generation)
        portal.now = T.timestamp
        ident = portal.add_source("Cities", config={"filters": []})
        job = portal.add_job(ident)
        answer = portal.answer("GET", f"/harvest/source/{ident}{'' if generation == 'A' else '/'}", {}, None, None).body
        source = HarvestSource.from_api(answer)
        assert (source.id, source.name, source.backend, source.created_at) == (ident, "Cities", "dcat", T)
        assert (source.is_accepted, source.active, source.autoarchive, source.schedule) == (
            True,
            True,
            True,
            "0 0 * * *",
        )
        assert source.config == {"filters": []}
        assert source.owner is not None
        assert (source.owner.name, source.organization) == ("Uma Tester", None)
        assert (source.slug is None) == (generation in "AB")
        assert source.last_job is not None
        assert (source.last_job.id, source.last_job.items) == (job, None)
        assert source.raw is answer

    def test_with_nothing_but_its_id_is_no_error(self) -> None:
        source = HarvestSource.from_api({"id": "s"})
        told = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
        assert told.pop("raw") == {"id": "s"}
        assert told.pop("validation") == HarvestValidation()
        assert {name: value for name, value in told.items() if value} == {"id": "s"}

    @pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": ""}])
    def test_is_missing_without_id(self, answer: dict[str, Any]) -> None:
        with pytest.raises(HarvestProtocolError, match="without id"):
            HarvestSource.from_api(answer)

    @pytest.mark.parametrize(
        "state, accepted", [("accepted", True), ("refused", False), ("pending", False), (None, False)]
    )
    def test_knows_whether_it_is_accepted(self, state: str | None, accepted: bool) -> None:
        answer = {"id": "s", "validation": {"state": state, "on": at(0), "by": {"id": "u"}, "comment": "c"}}
        source = HarvestSource.from_api(answer)
        assert source.is_accepted is accepted
        assert source.validation == HarvestValidation(state, HarvestRef("u"), T, "c")


class TestJob:
    def test_of_the_old_shape_counts_its_items(self) -> None:
        items = [{"remote_id": n, "status": status} for n, status in enumerate(["done", "failed", "done", "new", None])]
        job = HarvestJob.from_api({"id": "j", "status": "done", "items": items, "source": "Cities"})
        assert job.counts == ItemCounts(total=5, done=2, failed=1, other=2)
        assert job.items is not None
        assert [item.remote_id for item in job.items] == ["0", "1", "2", "3", "4"]
        assert (job.source_name, job.source_id) == ("Cities", None)

    def test_of_the_new_shape_has_its_counters(self) -> None:
        items = {"href": "/x", "total": 7, "by_status": {"done": 4, "failed": 1, "archived": 2, "pending": None}}
        job = HarvestJob.from_api({"id": "j", "items": items, "source": {"class": "HarvestSource", "id": "s"}})
        assert job.counts == ItemCounts(total=7, done=4, failed=1, archived=2)
        assert (job.items, job.source_name, job.source_id) == (None, None, "s")

    @pytest.mark.parametrize("items", [{}, None, {"total": 3}, "x"], ids=repr)
    def test_without_counters_has_none(self, items: Any) -> None:
        assert HarvestJob.from_api({"id": "j", "items": items}).counts is None

    @pytest.mark.parametrize("count", ["many", [1], {}])
    def test_with_invalid_counters_is_reported(self, count: Any) -> None:
        with pytest.raises(HarvestProtocolError, match="numbers of items"):
            HarvestJob.from_api({"id": "j", "items": {"by_status": {"done": count or "x"}}})

    @pytest.mark.parametrize(
        "status, ended, has_ended, known",
        [
            ("initialized", None, False, False),
            ("done", None, False, False),
            ("done", at(5), True, True),
            ("done-errors", at(5), True, True),
            ("failed", at(5), True, True),
            ("cancelled", at(5), True, False),
            (None, at(5), True, False),
        ],
    )
    def test_ends_by_its_end_alone(self, status: str | None, ended: str | None, has_ended: bool, known: bool) -> None:
        job = HarvestJob.from_api({"id": "j", "status": status, "ended": ended})
        assert (job.has_ended, job.has_known_end) == (has_ended, known)

    @pytest.mark.parametrize(
        "times, duration",
        [
            ({"created": at(0), "started": at(2), "ended": at(10)}, 8.0),
            ({"created": at(0), "ended": at(10)}, 10.0),
            ({"created": at(0), "started": at(2)}, None),
            ({"ended": at(10)}, None),
        ],
    )
    def test_lasts_from_its_start_to_its_end(self, times: dict[str, str], duration: float | None) -> None:
        assert HarvestJob.from_api({"id": "j", **times}).duration == duration

    @pytest.mark.parametrize(
        "answer, counts",
        [
            pytest.param({"id": "j", "items": [], "source": None}, None, id="up to 16: its items are never told"),
            pytest.param(
                {
                    "id": "j",
                    "items": {"total": 1, "by_status": {"done": 1}},
                    "source": {"class": "NoneType", "id": None},
                },
                ItemCounts(total=1, done=1),
                id="from 17: its counters are",
            ),
        ],
    )
    def test_that_is_a_sources_last_one(self, answer: dict[str, Any], counts: ItemCounts | None) -> None:
        job = HarvestJob.from_last_job(answer)
        assert job is not None
        assert (job.id, job.items, job.counts, job.source_id) == ("j", None, counts, None)

    @pytest.mark.parametrize("answer", [None, {}])
    def test_may_be_no_last_one(self, answer: Any) -> None:
        assert HarvestJob.from_last_job(answer) is None

    def test_of_a_preview_has_no_id(self) -> None:
        assert HarvestJob.from_api({"id": None, "status": "done", "items": []}).id is None


class TestItem:
    def test_is_read(self) -> None:
        dataset = {"id": "d", "page": "https://p.example/d", "uri": "https://p.example/api/d"}
        times = {"created": at(1), "started": at(2), "ended": at(3)}
        errors = [{"message": "Broken", "created_at": at(3), "details": "..."}, "just a string", {}]
        item = HarvestItem.from_api(
            {"remote_id": "r", "status": "failed", "dataset": dataset, "errors": errors, **times}
        )
        assert (item.remote_id, item.dataset_id, item.dataset_url) == ("r", "d", "https://p.example/d")
        assert [error.message for error in item.errors] == ["Broken", "just a string", ""]
        assert item.errors[0] == HarvestMessage("Broken", T + timedelta(seconds=3), "...")
        assert item.newest_time == T + timedelta(seconds=3)

    @pytest.mark.parametrize(
        "target, url",
        [
            ({"dataset": {"id": "d", "page": None, "uri": "u"}}, "u"),
            ({"dataset": None, "dataservice": {"id": "d", "uri": "u"}}, "u"),
            ({"dataset": "d"}, None),
            ({}, None),
        ],
    )
    def test_leads_to_what_was_made_of_it(self, target: dict[str, Any], url: str | None) -> None:
        assert HarvestItem.from_api({"remote_id": "r", "status": "done", **target}).dataset_url == url

    def test_without_anything_is_no_error(self) -> None:
        item = HarvestItem.from_api({})
        assert (item.remote_id, item.status, item.errors, item.newest_time) == (None, None, (), None)


class TestCounts:
    def test_of_what_is_through_leave_out_archived_ones(self) -> None:
        assert ItemCounts(total=10, pending=1, started=1, done=2, failed=3, skipped=1, archived=2).processed == 6

    def test_trust_the_portals_total(self) -> None:
        assert ItemCounts.from_statuses({"done": 2}, total=5).total == 5

    @pytest.mark.parametrize("count, number", [(None, 0), (0, 0), (7, 7), (7.0, 7), ("7", 7), (2**53, 2**53)])
    def test_are_whole_numbers(self, count: Any, number: int) -> None:
        assert ItemCounts.from_statuses({"done": count}).done == number

    @pytest.mark.parametrize(
        "count", [-1, 0.9, -0.5, True, "many", [1], float("nan"), float("inf"), 2**53 + 1, 10**400]
    )
    @pytest.mark.parametrize("place", ["failed", "a status to come", "total"])
    def test_that_count_nothing_are_an_unreadable_response(self, place: str, count: Any) -> None:
        """A negative number would take others out of a sum, and half an item that failed would be none."""
        by_status = {"done": 10, "pending": 2} if place == "total" else {"done": 10, "pending": 2, place: count}
        with pytest.raises(HarvestProtocolError, match="expected numbers of items"):
            ItemCounts.from_statuses(by_status, total=count if place == "total" else None)


class TestRef:
    @pytest.mark.parametrize(
        "answer, name",
        [
            ({"id": "x", "name": "City"}, "City"),
            ({"id": "x", "first_name": "Uma", "last_name": "Tester"}, "Uma Tester"),
            ({"id": "x", "first_name": None, "last_name": "Tester"}, "Tester"),
            ({"id": "x"}, None),
        ],
    )
    def test_is_named(self, answer: dict[str, Any], name: str | None) -> None:
        assert HarvestRef.from_api(answer) == HarvestRef("x", name)

    @pytest.mark.parametrize("answer", [None, {}, {"id": None}, "x", {"class": "NoneType", "id": None}])
    def test_may_be_none(self, answer: Any) -> None:
        assert HarvestRef.from_api(answer) is None


@pytest.mark.parametrize(
    "extra, known", [({}, None), ({"extra_configs": []}, ()), ({"extra_configs": [{"key": "k"}]}, ({"key": "k"},))]
)
def test_a_backend_shows_what_its_config_may_hold(extra: dict[str, Any], known: Any) -> None:
    backend = HarvestBackend.from_api(
        {"id": "dcat", "label": "DCAT", "filters": None, "features": [{"key": "f"}], **extra}
    )
    assert (backend.id, backend.label, backend.filters, backend.features) == ("dcat", "DCAT", (), ({"key": "f"},))
    assert backend.extra_configs == known
