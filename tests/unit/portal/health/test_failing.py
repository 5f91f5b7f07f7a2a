"""When a source counts as failing, with counters in the list of sources and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.health.rules import JUST_ENDED, NEWLY_FAILED, judge
from airflow_provider_harvest.portal.health.state import Known
from tests.support.health_builders import A_MINUTE, NOW, WELL, ago, asked, before, detail, job, kinds, running, source

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob


class TestFailing:
    @pytest.mark.parametrize(
        "last, says",
        [
            pytest.param(job("failed"), "the last harvest failed", id="the job failed"),
            pytest.param(job("done-errors", done=9, failed=1), "1 of 10 items failed", id="with counters"),
            pytest.param(job("done-errors"), "items failed in the last harvest", id="no counters before 17.0"),
            pytest.param(job("done-errors", archived=3), "items failed in the last harvest", id="no item went through"),
            pytest.param(job("done", done=9, failed=1), "1 of 10 items failed", id="whatever the status says"),
            pytest.param(job("cancelled"), "the unknown status 'cancelled'", id="a status of the future"),
        ],
    )
    def test_is_found(self, last: HarvestJob, says: str) -> None:
        pass_ = asked(checks=("failing",))
        assert kinds(source(last_job=last), pass_) == ["failing"]
        assert says in detail(source(last_job=last), pass_)

    @pytest.mark.parametrize(
        "last", [job("done", done=9, skipped=5), job("done", done=1, archived=500)], ids=["skipped", "archived"]
    )
    def test_is_not_found_for_what_failed_nothing(self, last: HarvestJob) -> None:
        assert kinds(source(last_job=last), asked()) == []

    @pytest.mark.parametrize("ratio, is_found", [(0.09, True), (0.1, False), (0.0, True)])
    def test_allows_a_share_of_failed_items(self, ratio: float, is_found: bool) -> None:
        last = job("done-errors", done=8, skipped=1, failed=1)
        assert kinds(source(last_job=last), asked(max_failed_ratio=ratio)) == ["failing"] * is_found

    def test_never_allows_a_job_that_failed(self) -> None:
        assert kinds(source(last_job=job("failed", done=1)), asked(max_failed_ratio=1.0)) == ["failing"]

    def test_requests_an_own_poll_when_it_is_new(self) -> None:
        assert judge(source(last_job=job("failed")), asked()).look_closer == NEWLY_FAILED

    def test_asks_for_none_when_the_previous_pass_found_it(self) -> None:
        assert judge(source(last_job=job("failed")), asked(before(failing=ago(days=3)))).look_closer is None

    def test_keeps_what_was_learned_when_it_was_new(self) -> None:
        known = Known(ago(days=3), "404 Client Error")
        [trouble] = judge(source(last_job=job("failed")), asked(before(failing=known))).troubles
        assert (trouble.since, trouble.note) == (ago(days=3), "404 Client Error")
        assert trouble.detail == "the last harvest failed: 404 Client Error"

    def test_does_not_give_the_cause_of_a_job_that_failed_to_items_that_do(self) -> None:
        known = before(failing=Known(ago(days=3), "404 Client Error"))
        last = source(last_job=job("done-errors", done=9, failed=1))
        assert detail(last, asked(known)) == "1 of 10 items failed in the last harvest"

    def test_goes_on_while_the_next_harvest_runs(self) -> None:
        under_way = source(last_job=running(began=ago(minutes=1)))
        assert kinds(under_way, asked(before(failing=ago(days=3)))) == ["failing"]
        assert kinds(under_way, asked(before())) == []

    def test_is_over_when_the_portal_has_forgotten_all_jobs(self) -> None:
        assert kinds(source(), asked(before(failing=ago(days=3)))) == ["never_ran"]

    def test_is_over_after_a_good_harvest(self) -> None:
        assert kinds(source(last_job=WELL), asked(before(failing=ago(days=3)))) == []

    def test_began_with_the_first_of_the_failures_in_a_row(self) -> None:
        history = [
            job("failed", errors=("404 Client\nError",)),
            job("done-errors", began=ago(days=1), done=1, failed=1),
            job("failed", began=ago(days=2)),
            job(began=ago(days=3), done=2),
            job("failed", began=ago(days=4)),
        ]
        [trouble] = judge(source(last_job=history[0]), asked(), history).troubles
        assert trouble.since == history[2].ended
        assert trouble.detail == "the last harvest failed: 404 Client Error"

    def test_shortens_a_message_in_its_middle(self) -> None:
        long = "x" * 500 + " the cause"
        told = detail(source(last_job=job("failed")), asked(), [job("failed", errors=(long,))])
        assert told.endswith("the cause")
        assert len(told) < 250


class TestFailingWhereTheListHasNoCounters:
    """Up to 16.x; whether a share of failed items is too large takes a read."""

    ended_with_errors = job("done-errors")

    def test_counts_until_it_was_read(self) -> None:
        assert kinds(source(last_job=self.ended_with_errors), asked(max_failed_ratio=0.5)) == ["failing"]

    def test_is_well_if_the_read_says_so(self) -> None:
        few = [job("done-errors", done=9, failed=1)]
        assert kinds(source(last_job=self.ended_with_errors), asked(max_failed_ratio=0.5), few) == []

    def test_stays_well_until_the_next_job(self) -> None:
        seen_well = before(at=NOW - A_MINUTE)
        verdict = judge(source(last_job=self.ended_with_errors), asked(seen_well, max_failed_ratio=0.5))
        assert (verdict.troubles, verdict.look_closer) == ((), None)

    def test_is_found_without_a_tolerance_although_an_earlier_pass_did_not_check_it(self) -> None:
        seen = before(at=NOW - A_MINUTE)
        assert kinds(source(last_job=self.ended_with_errors), asked(seen)) == ["failing"]

    def test_is_read_again_after_the_next_job(self) -> None:
        verdict = judge(source(last_job=self.ended_with_errors), asked(before(), max_failed_ratio=0.5))
        assert [trouble.kind for trouble in verdict.troubles] == ["failing"]
        assert verdict.look_closer == NEWLY_FAILED

    @pytest.mark.parametrize("ratio, reason", [(0.5, JUST_ENDED), (0.0, None)])
    def test_is_read_again_if_it_was_failing(self, ratio: float, reason: str | None) -> None:
        """Without a tolerance the status says enough."""
        pass_ = asked(before(failing=ago(days=2)), checks=("failing",), max_failed_ratio=ratio)
        assert judge(source(last_job=self.ended_with_errors), pass_).look_closer == reason

    def test_stays_failing_if_it_was(self) -> None:
        memory = before(at=NOW - A_MINUTE, failing=ago(days=2))
        assert kinds(source(last_job=self.ended_with_errors), asked(memory, max_failed_ratio=0.5)) == ["failing"]
