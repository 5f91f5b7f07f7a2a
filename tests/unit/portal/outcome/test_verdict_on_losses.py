"""The verdict on a catalogue that lost records: skipped ones, fewer ones, ones without their identifiers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
from airflow_provider_harvest.portal.outcome.result import MAX_REMOTE_IDS, build_result
from airflow_provider_harvest.portal.outcome.skips import Skips, counts_before, reasons_of
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
from tests.support.ended_jobs import ended_job
from tests.support.fake_portal.scripted import item


def policy(**given: Any) -> OutcomePolicy:
    return OutcomePolicy.create(**given)


LOST: dict[str, Any] = {"done": 1, "skipped": 29}
WELL = ItemCounts(total=30, done=30)
FILTERED = ItemCounts(total=30, done=2, skipped=28)


@pytest.mark.parametrize(
    "counts, before, given, kind",
    [
        pytest.param(LOST, (WELL,), {}, "skipped", id="29 of 30 lost their identifier"),
        pytest.param({"skipped": 30}, (WELL,), {}, "skipped", id="all of them did"),
        pytest.param({"skipped": 30}, (WELL,), {"min_done_items": 0}, "skipped", id="none need be done"),
        pytest.param(LOST, (FILTERED, FILTERED, WELL), {}, "skipped", id="two harvests ago it was well"),
        pytest.param({"done": 14, "skipped": 16}, (WELL,), {}, "skipped", id="a little more than half"),
        pytest.param({"done": 15, "skipped": 15}, (WELL,), {}, None, id="half"),
        pytest.param(LOST, (FILTERED,), {}, None, id="filters leave most out, as ever"),
        pytest.param(LOST, (ItemCounts(total=1, done=1),), {}, None, id="no fewer are done than before"),
        pytest.param(LOST, (), {}, None, id="the first harvest"),
        pytest.param(LOST, (WELL,), {"max_skipped_ratio": 1}, None, id="any share may"),
        pytest.param(LOST, (WELL,), {"max_skipped_items": 29}, None, id="as many as may"),
        pytest.param(LOST, (FILTERED,), {"max_skipped_ratio": 0.9}, "skipped", id="more than may, as ever"),
    ],
)
def test_skipped_items_without_a_word_from_the_user(
    counts: dict[str, Any], before: tuple[ItemCounts, ...], given: dict[str, Any], kind: str | None
) -> None:
    verdict = judge(ended_job(**counts), policy(**given), skips=Skips({"missing identifier": 29}, before))
    assert verdict.failure_kind == kind
    assert kind is None or "missing identifier (29)" in verdict.reasons[0]


@pytest.mark.parametrize(
    "done, before, ratio, kind",
    [
        pytest.param(3, (30,), None, None, id="no limit"),
        pytest.param(3, (30,), 0.5, "loss", id="a tenth is left"),
        pytest.param(3, (3, 3, 30), 0.5, "loss", id="as in the two harvests before, which lost it"),
        pytest.param(15, (30,), 0.5, None, id="as many fewer as may be"),
        pytest.param(29, (30,), 0, "loss", id="none may be"),
        pytest.param(71, (100,), 0.29, None, id="a share that binary numbers cannot hold"),
        pytest.param(40, (30,), 0, None, id="more than before"),
        pytest.param(3, (), 0, None, id="the first harvest"),
        pytest.param(3, (0,), 0, None, id="nothing before"),
        pytest.param(1, (30,), 1, None, id="any number may be"),
    ],
)
def test_fewer_items_done_than_before(
    done: int, before: tuple[int, ...], ratio: float | None, kind: str | None
) -> None:
    earlier = tuple(ItemCounts(total=number, done=number) for number in before)
    verdict = judge(ended_job(done=done), policy(max_drop_ratio=ratio), skips=Skips({}, earlier))
    assert verdict.failure_kind == kind


def test_fewer_items_done_are_said_with_their_share() -> None:
    verdict = judge(ended_job(done=3), policy(max_drop_ratio=0.5), skips=Skips({}, (WELL,)))
    assert verdict.reasons == ("3 items done, and 30 in one of the last ten harvests: 90.0% fewer; 50.0% may be.",)


def test_what_was_lost_is_said_with_what_to_do() -> None:
    verdict = judge(ended_job(**LOST), policy(), skips=Skips({"missing identifier": 29}, (WELL,)))
    assert verdict.reasons[0] == (
        "29 of 30 items skipped: missing identifier (29). An earlier harvest had 30 done, and the portal "
        "archives what is skipped from now on. If this is right, set max_skipped_ratio=1."
    )


def test_reasons_of_skipped_items_are_counted() -> None:
    items = [item(None, "skipped", "missing identifier")] * 3 + [item("a", "skipped"), item("b", "skipped", "x\x1b[1m")]
    assert reasons_of(items) == {"missing identifier": 3, "no reason given": 1, "x": 1}


def test_a_result_names_only_so_many_records() -> None:
    ids = [f"r{n}" for n in range(5000)]
    outcome = judge(ended_job(items=[item("x", "done")]), policy(remote_ids=ids), [item("x", "done")])
    told: Any = build_result(portal="", source=None, job=ended_job(), job_url=None, how="started", outcome=outcome)
    assert len(told["remote_ids"]["missing"]) == MAX_REMOTE_IDS
    assert told["remote_ids"]["counts"] == {"failed": 0, "skipped": 0, "archived": 0, "missing": 5000}


def whole(job_id: str, hour: int | None, done: int | None = 1) -> HarvestJob:
    began = None if hour is None else datetime(2026, 3, 2, hour, tzinfo=timezone.utc)
    return HarvestJob(job_id, "done", began, counts=None if done is None else ItemCounts(total=done, done=done))


@pytest.mark.parametrize(
    "jobs, hour, counted",
    [
        pytest.param([whole("later", 9, 7), whole("mine", 5), whole("old", 4, 3)], 5, [3], id="those before it"),
        pytest.param([whole("mine", 5), whole("same", 5, 7), whole("old", 4, 3)], 5, [3], id="not one of its time"),
        pytest.param([whole("mine", 5), whole("odd", None, 2), whole("old", 4, 3)], 5, [2, 3], id="one without a time"),
        pytest.param([whole("mine", 5), whole("odd", 4, None), whole("old", 3, 3)], 5, [3], id="not counted"),
        pytest.param([whole("mine", None), whole("old", 4, 3)], None, [3], id="its own time is not known"),
        pytest.param([whole(f"j{n}", 12 - n, n) for n in range(12)], 13, list(range(10)), id="ten at most"),
    ],
)
def test_the_harvests_that_one_is_compared_with(jobs: list[HarvestJob], hour: int | None, counted: list[int]) -> None:
    assert [counts.done for counts in counts_before(jobs, whole("mine", hour))] == counted
