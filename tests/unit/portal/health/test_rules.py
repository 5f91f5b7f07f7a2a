"""What is wrong with a source, kind by kind (but `failing`), up to the limit of each threshold and beyond it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.health.findings import CHECKS
from airflow_provider_harvest.portal.health.rules import RUNS, catalogue_key, judge, state_of
from airflow_provider_harvest.portal.models import HarvestRef, HarvestValidation
from tests.support.health_builders import A_MINUTE, NOW, WELL, ago, asked, before, item, job, kinds, running, source

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource


def test_a_source_that_is_well_is_left_alone() -> None:
    verdict = judge(source(last_job=WELL), asked())
    assert (verdict.troubles, verdict.look_closer, verdict.needs_movement) == ((), None, False)


@pytest.mark.parametrize("kind", CHECKS)
def test_what_is_not_requested_is_not_found(kind: str) -> None:
    every_trouble = [
        source("pending"),
        source("refused"),
        source(active=False),
        source(),
        source(last_job=job("failed", began=ago(days=9)), organization=None),
    ]
    others = tuple(check for check in CHECKS if check != kind)
    assert kind not in [found for each in every_trouble for found in kinds(each, asked(checks=others))]


@pytest.mark.parametrize(
    "checks, last, limits",
    [
        pytest.param(("silent",), job("failed"), {}, id="a failure"),
        pytest.param(("failing", "shrunk"), running(began=ago(hours=9)), {}, id="a job that runs for long"),
        pytest.param(("stuck",), job(), {}, id="counters"),
        pytest.param(("stuck",), job("done-errors"), {"max_failed_ratio": 0.5}, id="how many items failed"),
        pytest.param(("failing",), job(), {"max_failed_ratio": 0.5}, id="counters of a job in which none failed"),
        pytest.param(
            ("failing",), job("failed"), {"max_failed_ratio": 0.5, "known": True}, id="a failure that is known"
        ),
        pytest.param(("shrunk",), job(skipped=30), {}, id="why items were skipped"),
    ],
)
def test_nothing_is_read_for_a_check_that_is_not_made(
    checks: tuple[str, ...], last: HarvestJob, limits: dict[str, Any]
) -> None:
    found: dict[str, Any] = {"failing": ago(days=1)} if limits.get("known") else {}
    with_memory = asked(before(**found), checks, max_failed_ratio=limits.get("max_failed_ratio", 0.0))
    assert judge(source(last_job=last), with_memory).look_closer is None
    read = judge(source(last_job=last), with_memory, [last])
    assert (read.needs_movement, read.needs_skip_reason) == (False, False)


class TestPending:
    @pytest.mark.parametrize(
        "waits, is_found", [(timedelta(days=7), True), (timedelta(days=7) - A_MINUTE, False), (A_MINUTE * 0, False)]
    )
    def test_is_found_once_it_waits_for_the_days_given(self, waits: timedelta, is_found: bool) -> None:
        assert kinds(source("pending", created_at=NOW - waits), asked()) == ["pending"] * is_found

    @pytest.mark.parametrize("created_at", [NOW, NOW + timedelta(seconds=1), None])
    def test_is_found_at_once_with_zero_days(self, created_at: datetime | None) -> None:
        assert kinds(source("pending", created_at=created_at), asked(pending_days=0)) == ["pending"]

    def test_says_since_when(self) -> None:
        [trouble] = judge(source("pending", created_at=ago(days=9)), asked()).troubles
        assert (trouble.since, trouble.detail) == (ago(days=9), "has waited 9 d for the portal's team")

    def test_is_all_that_is_said_of_it(self) -> None:
        assert kinds(source("pending", last_job=job("failed"), active=False), asked()) == ["pending"]


class TestRefused:
    def test_is_found_while_it_is_scheduled(self) -> None:
        refused = source("refused", validation=HarvestValidation(state="refused", on=ago(days=2)))
        [trouble] = judge(refused, asked()).troubles
        assert (trouble.kind, trouble.since) == ("refused_scheduled", ago(days=2))
        assert "0 0 * * *" in trouble.detail

    def test_is_well_without_a_cron(self) -> None:
        assert kinds(source("refused", schedule=None, last_job=job("failed")), asked()) == []


class TestInactive:
    def test_is_found_and_nothing_else_of_it(self) -> None:
        assert kinds(source(active=False, last_job=job("failed", began=ago(days=90))), asked()) == ["inactive"]

    def test_unknown_is_active(self) -> None:
        assert kinds(source(active=None, last_job=WELL), asked()) == []


class TestNeverRan:
    @pytest.mark.parametrize("since, is_found", [(ago(days=1), True), (ago(days=1) + A_MINUTE, False)])
    def test_counts_from_the_acceptance(self, since: Any, is_found: bool) -> None:
        accepted = source(validation=HarvestValidation(state="accepted", on=since))
        assert kinds(accepted, asked()) == ["never_ran"] * is_found

    @pytest.mark.parametrize("hours, is_found", [(23, False), (25, True)])
    def test_counts_from_the_creation_where_the_acceptance_has_no_time(self, hours: int, is_found: bool) -> None:
        accepted = source(validation=HarvestValidation(state="accepted"), created_at=ago(hours=hours))
        assert kinds(accepted, asked()) == ["never_ran"] * is_found

    def test_is_over_with_the_first_job_whatever_its_end(self) -> None:
        assert kinds(source(last_job=running(began=ago(minutes=1))), asked()) == []


class TestStuck:
    quick = tuple(job(ident=f"{number:024x}", began=ago(days=number), lasted=600, done=5) for number in range(1, 4))

    def verdict(self, began: Any, *, moved: Any = None, counts: Any = None, past: Any = None, **limits: Any) -> Any:
        under_way = running(began=began, **({"done": 5} if counts is None else counts))
        read = None if moved is None else (item(moved),)
        history = [under_way, *(self.quick if past is None else past)]
        return judge(source(last_job=under_way), asked(**limits), history, read)

    @pytest.mark.parametrize("age, reason", [(timedelta(hours=2), None), (timedelta(hours=2) + A_MINUTE, RUNS)])
    def test_is_searched_for_only_in_a_job_that_could_be(self, age: timedelta, reason: str | None) -> None:
        assert judge(source(last_job=running(began=NOW - age, done=1)), asked()).look_closer == reason

    @pytest.mark.parametrize(
        "began, counts, needs_movement",
        [
            pytest.param(ago(hours=3), {"done": 5}, True, id="items"),
            pytest.param(ago(hours=3), {"done": 1}, True, id="an item"),
            pytest.param(ago(hours=3), {}, True, id="perhaps items"),
            pytest.param(ago(hours=3), {"done": 0}, False, id="no item"),
            pytest.param(ago(hours=1), {"done": 5}, False, id="it cannot be stuck yet"),
        ],
    )
    def test_polls_what_moved_last(self, began: datetime, counts: dict[str, int], needs_movement: bool) -> None:
        verdict = self.verdict(began, counts=counts)
        assert (verdict.troubles, verdict.needs_movement) == ((), needs_movement)

    @pytest.mark.parametrize("still, is_found", [(timedelta(hours=2) + A_MINUTE, True), (timedelta(hours=2), False)])
    def test_is_found_once_nothing_moves(self, still: timedelta, is_found: bool) -> None:
        verdict = self.verdict(ago(hours=5), moved=NOW - still)
        assert [trouble.kind for trouble in verdict.troubles] == ["stuck"] * is_found
        assert not verdict.needs_movement

    def test_says_what_is_usual(self) -> None:
        [trouble] = self.verdict(ago(hours=5), moved=ago(hours=4)).troubles
        assert "runs for 5 h, and its jobs usually take 10 min; nothing has moved for 4 h" in trouble.detail
        assert trouble.since == ago(hours=4)

    @pytest.mark.parametrize("usual, is_found", [(6000, False), (5999, True)])
    def test_is_not_found_in_a_job_that_usually_takes_long(self, usual: float, is_found: bool) -> None:
        """Five hours are three times 6,000 s."""
        past = [job(began=ago(days=1), lasted=usual, done=5)]
        verdict = self.verdict(ago(hours=5), moved=ago(hours=4), past=past)
        assert [trouble.kind for trouble in verdict.troubles] == ["stuck"] * is_found
        assert self.verdict(ago(hours=5), past=past).needs_movement == is_found

    def test_does_not_take_a_job_that_failed_for_what_is_usual(self) -> None:
        past = [job("failed", began=ago(days=1), lasted=5, done=0)]
        _, stuck = self.verdict(ago(hours=5), moved=ago(hours=4), past=past).troubles
        assert (stuck.kind, "usually" in stuck.detail) == ("stuck", False)

    @pytest.mark.parametrize("age, is_found", [(timedelta(hours=6), False), (timedelta(hours=6) + A_MINUTE, True)])
    def test_has_longer_before_its_first_item(self, age: timedelta, is_found: bool) -> None:
        verdict = self.verdict(NOW - age, counts={"done": 0})
        assert [trouble.kind for trouble in verdict.troubles] == ["stuck"] * is_found
        assert not verdict.needs_movement

    @pytest.mark.parametrize("done", [0, 1])
    def test_is_not_found_where_nothing_was_read(self, done: int) -> None:
        verdict = judge(source(last_job=running(began=ago(days=3), done=done)), asked())
        assert (verdict.troubles, verdict.look_closer, verdict.needs_movement) == ((), RUNS, False)

    @pytest.mark.parametrize("later, is_same", [(0.0, True), (0.4, True), (2.0, False)])
    def test_stays_found_where_the_same_job_was_not_read_again(self, later: float, is_same: bool) -> None:
        """Rounded to seconds: a job may have begun in the very second of its last sign of life."""
        began = ago(days=3) + timedelta(seconds=later)
        found = judge(source(last_job=running(began=began, done=1)), asked(before(stuck=ago(days=3)))).troubles
        assert [(trouble.kind, trouble.since) for trouble in found] == [("stuck", ago(days=3))] * is_same

    def test_is_over_with_the_next_job(self) -> None:
        assert kinds(source(last_job=running(began=ago(days=1), done=1)), asked(before(stuck=ago(days=3)))) == []

    def test_is_over_when_the_job_has_ended_meanwhile(self) -> None:
        assert kinds(source(last_job=running(began=ago(hours=9))), asked(), [WELL]) == []


class TestSilent:
    @pytest.mark.parametrize(
        "cron, last_began, at, is_found",
        [
            # Three midnights have gone by since the one that was harvested, and six hours of grace.
            ("0 0 * * *", "2026-03-09T00:01", "2026-03-12T06:00", True),
            ("0 0 * * *", "2026-03-09T00:01", "2026-03-12T05:59", False),
            # A portal in Lisbon's summer time, one hour ahead of UTC: its midnight is 23:00 UTC.
            ("0 0 * * *", "2026-03-08T23:01", "2026-03-12T05:59", False),
            ("0 0 * * *", "2026-03-08T23:01", "2026-03-12T06:00", True),
            # On working days: the weekend is no silence.
            ("0 4 * * 1-5", "2026-03-06T04:01", "2026-03-10T23:00", False),
            ("0 4 * * 1-5", "2026-03-06T04:01", "2026-03-11T10:00", True),
            ("0 3 * * 0", "2026-02-15T03:01", "2026-03-08T08:59", False),
            ("0 3 * * 0", "2026-02-15T03:01", "2026-03-08T09:00", True),
            # An hourly one has an hour of grace, as has one that is due every minute.
            ("30 * * * *", "2026-03-12T05:31", "2026-03-12T09:29", False),
            ("30 * * * *", "2026-03-12T05:31", "2026-03-12T09:30", True),
            ("* * * * *", "2026-03-12T08:00", "2026-03-12T09:00", False),
            # Texts that no scheduler can read, and none at all.
            ("99 * * * *", "2020-01-01T00:00", "2026-03-12T09:00", False),
            ("0 0 31 2 *", "2020-01-01T00:00", "2026-03-12T09:00", False),
            (None, "2020-01-01T00:00", "2026-03-12T09:00", False),
        ],
    )
    def test_by_its_own_cron(self, cron: str | None, last_began: str, at: str, is_found: bool) -> None:
        began, now = (datetime.fromisoformat(f"{text}:00+00:00") for text in (last_began, at))
        found = source(schedule=cron, last_job=job(began=began, lasted=60, done=1))
        assert kinds(found, replace(asked(), now=now)) == ["silent"] * is_found

    @pytest.mark.parametrize("periods, is_found", [(3, True), (4, False), (1, True)])
    def test_for_as_many_periods_as_given(self, periods: int, is_found: bool) -> None:
        quiet = source(last_job=job(began=ago(days=3, hours=9), done=1))
        assert kinds(quiet, asked(silent_periods=periods)) == ["silent"] * is_found

    def test_is_not_reported_of_a_running_job_without_a_read(self) -> None:
        assert kinds(source(last_job=running(began=ago(days=30), done=1)), asked(checks=("silent",))) == []

    def test_stays_found_while_a_job_that_was_not_read_runs(self) -> None:
        found = judge(source(last_job=running(began=ago(minutes=1))), asked(before(silent=ago(days=9)))).troubles
        assert [(trouble.kind, trouble.since) for trouble in found] == [("silent", ago(days=9))]

    def test_is_found_by_the_last_finished_job_of_those_read(self) -> None:
        history = [running(began=ago(minutes=5), done=1), job(began=ago(days=9), done=1)]
        [trouble] = judge(source(last_job=history[0]), asked(), history).troubles
        assert (trouble.kind, trouble.since) == ("silent", history[1].ended)
        assert trouble.detail == "no harvest has ended since 2026-03-03; its cron 0 0 * * * was due 3 times or more"

    def test_is_reported_if_no_job_that_was_read_has_ended(self) -> None:
        history = [running(began=ago(days=number, hours=9), done=1) for number in range(9)]
        found = judge(source(last_job=history[0]), asked(checks=("silent",)), history).troubles
        assert [(trouble.detail.partition(";")[0], trouble.since) for trouble in found] == [
            ("none of the last harvests has ended", history[-1].started)
        ]

    @pytest.mark.parametrize("known", ["created", "started", None])
    def test_is_found_by_whatever_time_of_a_job_is_known(self, known: str | None) -> None:
        began = {"created": None, "started": None, **({known: ago(days=9)} if known else {})}
        found = judge(source(last_job=replace(WELL, **began)), asked(checks=("silent",))).troubles  # type: ignore[arg-type]
        assert [trouble.since for trouble in found] == ([WELL.ended] if known else [])
        under_way = source(last_job=replace(running(began=NOW), **began))  # type: ignore[arg-type]
        assert judge(under_way, asked()).look_closer == (RUNS if known else None)


class TestOwnerless:
    @pytest.mark.parametrize("state", ["accepted", "pending", "refused"])
    @pytest.mark.parametrize("active", [True, False])
    def test_is_a_source_that_belongs_to_nobody(self, state: str, active: bool) -> None:
        nobodys = source(state, organization=None, active=active)
        assert [t.kind for t in judge(nobodys, asked(checks=("ownerless",))).troubles] == ["ownerless"]

    @pytest.mark.parametrize("whose", ["organization", "owner"])
    def test_belongs_to_nobody(self, whose: str) -> None:
        given: dict[str, Any] = {"organization": None, whose: HarvestRef("5f00000000000000000000cc")}
        assert judge(source(**given), asked(checks=("ownerless",))).troubles == ()


@pytest.mark.parametrize(
    "state, active, counted",
    [
        ("accepted", True, "accepted"),
        ("accepted", None, "accepted"),
        ("accepted", False, "inactive"),
        ("pending", False, "pending"),
        ("refused", False, "refused"),
        ("postponed", True, "postponed"),
        (None, True, "unknown"),
    ],
)
def test_every_source_is_counted_in_one_state(state: str | None, active: bool | None, counted: str) -> None:
    assert state_of(source(validation=HarvestValidation(state=state), active=active)) == counted


class TestSameCatalogue:
    @pytest.mark.parametrize(
        "other",
        [
            "https://town.example/catalog.xml",
            " https://town.example/catalog.xml ",
            "http://town.example/catalog.xml",
            "https://TOWN.example:443/catalog.xml/",
            "https://town.example./catalog.xml",
            "https://town.example/catalog.xml#top",
        ],
    )
    def test_is_reported_however_the_address_is_written(self, other: str) -> None:
        assert catalogue_key(source(url=other)) == catalogue_key(source())

    @pytest.mark.parametrize(
        "other",
        [
            {"url": "https://town.example/Catalog.xml"},
            {"url": "https://town.example/catalog.xml?page=2"},
            {"url": "https://town.example:8443/catalog.xml"},
            {"config": {"filters": [{"key": "organization", "value": "parks"}]}},
        ],
    )
    def test_is_another_with_another_path_port_query_or_filter(self, other: dict[str, Any]) -> None:
        assert catalogue_key(source(**other)) != catalogue_key(source())

    @pytest.mark.parametrize("config", [{"filters": []}, {"features": {"inspire": True}}])
    def test_is_reported_whatever_is_done_with_its_records(self, config: dict[str, Any]) -> None:
        assert catalogue_key(source(config=config)) == catalogue_key(source())

    def test_is_reported_in_whatever_order_a_filter_is_written(self) -> None:
        one, other = (
            {"filters": [dict(pairs)]} for pairs in ([("key", "a"), ("value", "b")], [("value", "b"), ("key", "a")])
        )
        assert catalogue_key(source(config=one)) == catalogue_key(source(config=other))

    @pytest.mark.parametrize("other", [source("refused"), source(active=False), source(url=" ")])
    def test_is_missing_for_a_source_that_is_not_harvested(self, other: HarvestSource) -> None:
        assert catalogue_key(other) is None

    @pytest.mark.parametrize(
        "odd", [{"url": "http://[town"}, {"config": ["filters"]}, {"config": {"filters": {"key": 1}}}, {"url": "town"}]
    )
    def test_is_reported_of_what_portals_take_although_it_is_odd(self, odd: dict[str, Any]) -> None:
        assert catalogue_key(source(**odd)) == catalogue_key(source(**odd)) is not None

    def test_is_reported_of_one_that_waits_for_review(self) -> None:
        assert catalogue_key(source("pending")) == catalogue_key(source())
