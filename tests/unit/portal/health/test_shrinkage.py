"""When a catalogue has lost records: fewer, skipped or newly archived ones, up to each threshold and beyond it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.health.rules import (
    JUST_ENDED,
    NEWLY_SKIPPED,
    judge,
)
from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory
from tests.support.health_builders import NOW, ago, asked, before, detail, job, kinds, running, source

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob

#: A source that is well: harvested last midnight, with counters.
WELL = job(done=100)
A_MINUTE = timedelta(minutes=1)


class TestShrunk:
    @pytest.mark.parametrize("left, is_found", [(49, True), (50, False), (100, False), (150, False)])
    def test_is_found_beyond_the_share_given(self, left: int, is_found: bool) -> None:
        assert kinds(source(last_job=job(done=left)), asked(before(items=(100, 0)))) == ["shrunk"] * is_found

    @pytest.mark.parametrize("had, left, is_found", [(11, 1, True), (10, 1, False), (12, 3, False)])
    def test_passes_small_losses_over(self, had: int, left: int, is_found: bool) -> None:
        """Ten items are lost of eleven, and nine of ten."""
        assert kinds(source(last_job=job(done=left)), asked(before(items=(had, 0)))) == ["shrunk"] * is_found

    @pytest.mark.parametrize("least, left, is_found", [(0, 4, True), (1, 4, True), (2, 4, False), (0, 5, False)])
    def test_counts_from_as_few_items_as_given(self, least: int, left: int, is_found: bool) -> None:
        limits = asked(before(items=(5, 0)), min_items=least, max_drop_ratio=0.0)
        assert kinds(source(last_job=job(done=left)), limits) == ["shrunk"] * is_found

    def test_does_not_count_archived_items(self) -> None:
        last = job(done=40, archived=60)
        memory = before(items=(100, 60))
        assert "of 100 before" in detail(source(last_job=last), asked(memory))

    def test_is_shown_for_some_days_although_nothing_more_is_lost(self) -> None:
        known = Known(ago(days=6), baseline=100)
        [trouble] = judge(source(last_job=job(done=20)), asked(before(items=(20, 0), shrunk=known))).troubles
        assert (trouble.since, trouble.baseline) == (ago(days=6), 100)

    def test_is_over_after_these_days(self) -> None:
        known = Known(ago(days=7), baseline=100)
        assert kinds(source(last_job=job(done=20)), asked(before(items=(20, 0), shrunk=known))) == []

    def test_is_over_when_the_items_are_back(self) -> None:
        known = Known(ago(days=2), baseline=100)
        assert kinds(source(last_job=job(done=90)), asked(before(items=(20, 0), shrunk=known))) == []

    def test_is_found_in_an_empty_catalogue_from_the_first_pass_on(self) -> None:
        empty = source(last_job=job(done=0))
        assert detail(empty, asked()) == "the last harvest found no item at all"
        assert detail(empty, asked(before(items=(7, 0)))).endswith("no item at all, of 7 before")
        skipped = source(last_job=job(skipped=3))
        known = asked(before(items=(7, 0)), checks=("shrunk",))
        assert detail(skipped, known) == "the last harvest skipped all its items, of 7 before"

    @pytest.mark.parametrize("last", [job("failed", done=0), running(began=ago(minutes=5), done=1)])
    def test_is_not_reported_by_a_job_that_did_not_read_it_all(self, last: HarvestJob) -> None:
        verdict = judge(source(last_job=last), asked(before(items=(100, 3))))
        assert "shrunk" not in [trouble.kind for trouble in verdict.troubles]
        assert verdict.items == Items(100, 3)

    def test_compares_with_the_job_before_where_no_pass_has_seen_it(self) -> None:
        history = [job(done=5), job("failed", done=0), job(done=50), job(done=5)]
        assert kinds(source(last_job=job()), asked(PassMemory()), history) == ["shrunk"]

    def test_leaves_the_items_for_the_next_pass(self) -> None:
        assert judge(source(last_job=job(done=7, failed=1, skipped=2, archived=4)), asked()).items == Items(8, 4)

    @pytest.mark.parametrize(
        "ended_since, reason", [(True, JUST_ENDED), (False, None)], ids=["it ended since", "it had ended before"]
    )
    def test_takes_a_read_where_the_list_has_no_counters(self, ended_since: bool, reason: str | None) -> None:
        memory = before(at=ago(days=1) if ended_since else NOW)
        assert judge(source(last_job=job()), asked(memory)).look_closer == reason

    def test_takes_none_at_the_first_pass_nor_when_it_is_not_requested(self) -> None:
        assert judge(source(last_job=job()), asked()).look_closer is None
        assert judge(source(last_job=job()), asked(before(), checks=("failing",))).look_closer is None


class TestSkipped:
    """A record without an identifier is skipped: the portal says "done", and archives its dataset a week later."""

    @pytest.mark.parametrize(
        "counts, detail",
        [
            ({"done": 15, "skipped": 15}, None),
            ({"done": 14, "skipped": 16}, "the last harvest skipped 16 of 30 items"),
            ({"skipped": 3}, "the last harvest skipped all its items"),
            ({"done": 15, "failed": 15}, None),
        ],
    )
    def test_is_found_beyond_the_share_given(self, counts: dict[str, Any], detail: str | None) -> None:
        troubles = judge(source(last_job=job(**counts)), asked(checks=("skipped",))).troubles
        assert [trouble.detail for trouble in troubles] == ([detail] if detail else [])

    def test_takes_a_read_for_its_reason_once(self) -> None:
        seen = source(last_job=job(skipped=30))
        assert judge(seen, asked()).look_closer == NEWLY_SKIPPED
        verdict = judge(seen, asked(), [job(skipped=30)])
        assert (verdict.look_closer, verdict.needs_skip_reason) == (None, True)
        assert not judge(seen, asked(), [job(skipped=30)], skip_reason="missing identifier").needs_skip_reason
        assert judge(seen, asked(before(skipped=ago(days=1)))).look_closer is None

    def test_reports_the_reason_and_leaves_it_for_the_next_pass(self) -> None:
        found = judge(source(last_job=job(done=1, skipped=29)), asked(), skip_reason="missing identifier")
        [trouble] = [trouble for trouble in found.troubles if trouble.kind == "skipped"]
        assert trouble.detail == "the last harvest skipped 29 of 30 items: missing identifier"
        known = before(skipped=Known(ago(days=1), trouble.note))
        [again] = [t for t in judge(source(last_job=job(done=1, skipped=29)), asked(known)).troubles if t.note]
        assert (again.detail, again.since) == (trouble.detail, ago(days=1))

    def test_skipped_records_are_lost_ones(self) -> None:
        verdict = judge(source(last_job=job(done=1, skipped=29)), asked(before(items=(30, 0)), checks=("shrunk",)))
        [trouble] = verdict.troubles
        assert trouble.detail == "the last harvest found 1 item, of 30 before, and skipped 29 of 30 items"
        assert verdict.items == Items(1, 0)

    @pytest.mark.parametrize(
        "last",
        [running(began=ago(minutes=5)), job("failed"), job()],
        ids=["running", "failed", "counters unknown"],
    )
    @pytest.mark.parametrize("kind", ["skipped", "shrunk", "newly_archived"])
    def test_stays_found_until_a_whole_harvest_shows_more(self, kind: str, last: HarvestJob) -> None:
        found: dict[str, Any] = {kind: ago(days=1)}
        memory = before(**found, at=NOW)
        assert [t.kind for t in judge(source(last_job=last), asked(memory, checks=(kind,))).troubles] == [kind]


class TestNewlyArchived:
    @pytest.mark.parametrize("archived, is_found", [(130, True), (125, False), (100, False)])
    def test_is_found_beyond_the_share_given(self, archived: int, is_found: bool) -> None:
        """A hundred were archived long ago; 25 more are a fifth of what the catalogue had."""
        last = job(done=100, archived=archived)
        assert kinds(source(last_job=last), asked(before(items=(100, 100)))) == ["newly_archived"] * is_found

    def test_passes_a_few_over(self) -> None:
        assert kinds(source(last_job=job(done=12, archived=9)), asked(before(items=(12, 0)))) == []
        assert kinds(source(last_job=job(done=12, archived=10)), asked(before(items=(12, 0)))) == ["newly_archived"]

    @pytest.mark.parametrize("least, archived, is_found", [(0, 1, True), (1, 1, True), (2, 1, False), (0, 0, False)])
    def test_counts_from_as_few_as_given(self, least: int, archived: int, is_found: bool) -> None:
        limits = asked(before(items=(5, 0)), min_items=least, max_archived_ratio=0.0)
        assert kinds(source(last_job=job(done=5, archived=archived)), limits) == ["newly_archived"] * is_found

    def test_is_no_news_at_the_first_pass(self) -> None:
        assert kinds(source(last_job=job(done=1, archived=5000)), asked()) == []

    def test_is_shown_for_some_days(self) -> None:
        known = Known(ago(days=6), baseline=0)
        last = job(done=100, archived=50)
        [trouble] = judge(source(last_job=last), asked(before(items=(100, 50), newly_archived=known))).troubles
        assert (trouble.kind, trouble.since, trouble.baseline) == ("newly_archived", ago(days=6), 0)
        over = Known(ago(days=7), baseline=0)
        assert kinds(source(last_job=last), asked(before(items=(100, 50), newly_archived=over))) == []


@pytest.mark.parametrize(
    "kind, counts",
    [
        ("shrunk", {"done": 20}),
        ("skipped", {"skipped": 90, "done": 60}),
        ("newly_archived", {"archived": 80, "done": 90}),
    ],
)
def test_a_loss_is_dated_by_the_harvest_that_shows_it(kind: str, counts: dict[str, Any]) -> None:
    last = job(**counts)
    [trouble] = judge(source(last_job=last), asked(before(items=(100, 0)), checks=(kind,))).troubles
    assert trouble.since == last.ended
