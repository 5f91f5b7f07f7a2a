"""What the guard holds and what it does not: known disasters, ordinary days, and properties of the rule."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.guard import LossThresholds, judge
from tests.support.catalogue_histories import live_on_portal, ordinary_days

#: A folder of real histories, if there is one next to the repository (`registry-*.json.gz`).
HISTORIES = Path(os.environ.get("HARVEST_HISTORIES", Path(__file__).parents[5] / "shared" / "histories"))


def ids(count: int, start: int = 0) -> list[str]:
    return [f"id-{number}" for number in range(start, start + count)]


class TestDisasters:
    @pytest.mark.parametrize(
        "before, now, reason",
        [
            pytest.param(ids(999), [], "All 999 records are gone.", id="empty but valid catalogue"),
            pytest.param(ids(605), ids(398), "207 of 605 records are missing (34.2%)", id="paging ends early"),
            pytest.param(ids(100), ids(60), "40 of 100 records are missing (40.0%)", id="40 % gone"),
            pytest.param(ids(7020), ids(7020, 9000), "All 7,020 records are gone.", id="all ids new, same count"),
            pytest.param(ids(575), ids(585, 158), "158 of 575", id="27 % of ids new and the count grows"),
            pytest.param(ids(457), ids(457, 39), "39 of 457 records are missing (8.5%)", id="8 % of ids new"),
            pytest.param(ids(100), ids(70), "30 of 100", id="filter edited"),
            pytest.param(ids(1200), ids(1000), "200 of 1,200", id="CKAN filter beyond 1,000 rows"),
            pytest.param(ids(76992), ids(46466), "30,526 of 76,992", id="INSPIRE Germany"),
            pytest.param(ids(50000), ids(47500), "one run may lose fewer than 2,000", id="5 % of a very large one"),
            pytest.param(ids(8), ids(5), "3 of 8 records are missing (37.5%)", id="small catalogue"),
            pytest.param(ids(4), ids(2), "half of the catalogue", id="half of a very small one"),
            pytest.param(ids(1), [], "The only record is gone.", id="catalogue of one"),
        ],
    )
    def test_are_held(self, before: list[str], now: list[str], reason: str) -> None:
        judgement = judge(before, now)
        assert judgement.hold
        assert reason in judgement.reasons[0]

    def test_creeping_loss_is_held_before_the_first_record_is_archived(self) -> None:
        # 3 % a day: the records of day 1 are archived on day 8.
        before = {f"id-{n}": 30 - n // 3 for n in range(12)} | {f"id-{n}": 31 for n in range(12, 100)}
        judgement = judge(before, [f"id-{n}" for n in range(12, 100)])
        assert judgement.hold
        assert judgement.reasons == [
            (
                "12 of 100 records are missing (12.0%), little by little (3 at most in one run); "
                "all runs together may lose less than 12%."
            )
        ]

    def test_new_ids_are_named_as_a_change_of_identifiers(self) -> None:
        assert judge(ids(100), ids(100, 50)).reasons[1] == (
            "50 records are new, so that the catalogue went from 100 to 100. The identifiers may have changed."
        )


class TestOrdinaryDays:
    @pytest.mark.parametrize(
        "before, now",
        [
            pytest.param(ids(1000), ids(9000), id="growth from 1,000 to 9,000"),
            pytest.param(ids(1000), ids(960), id="4 % are gone today"),
            pytest.param(ids(1000), ids(1000, 40), id="4 % come and go"),
            pytest.param(ids(20), ids(19), id="one dataset taken out on purpose"),
            pytest.param(ids(2), ids(1), id="one of two taken out on purpose"),
            pytest.param(ids(300), ids(300), id="second run on the same day; portal restarted; titles changed"),
            pytest.param([], ids(300), id="first harvest"),
            pytest.param(ids(300), None, id="job that was not read"),
            pytest.param(None, ids(300), id="nothing is known of the portal yet"),
            pytest.param([None, ""], ids(3), id="records without an identifier only"),
        ],
    )
    def test_are_not_held(self, before: list[str], now: list[str] | None) -> None:
        judgement = judge(before, now)
        assert (judgement.hold, judgement.reasons) == (False, [])

    def test_failed_job_is_not_held(self) -> None:
        assert not judge(ids(300), [], status="failed").hold

    def test_losses_of_a_week_that_stay_small_are_not_held(self) -> None:
        assert not judge({f"id-{n}": n % 5 for n in range(100)}, ids(90, 10)).hold


class TestThresholds:
    @pytest.mark.parametrize(
        "changed, hold", [({"max_lost_ratio": 0.5, "max_weekly_ratio": 0.6}, False), ({}, True), (None, True)]
    )
    def test_can_be_given_for_a_source(self, changed: Any, hold: bool) -> None:
        assert judge(ids(100), ids(60), changed).hold is hold

    @pytest.mark.parametrize(
        "changed",
        [{"max_lost_ratio": 0}, {"max_lost_ratio": 40}, {"min_lost": "3"}, {"max_lost": True}, {"max_loss": 1}, [1]],
    )
    def test_invalid_ones_are_refused(self, changed: Any) -> None:
        with pytest.raises(HarvestInvalidInput):
            judge(ids(3), ids(2), changed)

    @pytest.mark.parametrize(
        "changed, lost, hold",
        [
            pytest.param({"max_lost_ratio": 0.5}, 40, False, id="less than one run may lose"),
            pytest.param({"max_lost_ratio": 0.9}, 60, False, id="more than half, and that is wanted"),
            pytest.param({"max_lost_ratio": 0.9}, 90, True, id="as much as one run may not lose"),
            pytest.param({"max_lost_ratio": 1}, 99, False, id="all but one, and that is wanted"),
            pytest.param({"max_lost_ratio": 1}, 100, True, id="all, which is never wanted"),
            pytest.param({"min_lost": 90}, 49, False, id="fewer than are judged"),
            pytest.param({"min_lost": 90}, 50, True, id="fewer, but half of the catalogue"),
        ],
    )
    def test_that_are_wider_are_heeded(self, changed: dict[str, Any], lost: int, hold: bool) -> None:
        assert judge(ids(100), ids(100 - lost, lost), changed).hold is hold

    def test_of_a_small_catalogue_may_exceed_half(self) -> None:
        assert not judge(ids(10), ids(4), {"small_ratio": 0.8}).hold
        assert not judge(ids(4), ids(2), {"small_ratio": 0.8}).hold
        assert judge(ids(10), ids(2), {"small_ratio": 0.8}).hold

    @pytest.mark.parametrize(
        "before, now", [("abc", ids(2)), (ids(2), "abc"), (5, ids(2)), (ids(2), 5), ([["a"]], ids(2)), ([{}], ids(2))]
    )
    def test_what_is_no_collection_of_ids_is_refused(self, before: Any, now: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match="must be a collection of ids"):
            judge(before, now)

    @pytest.mark.parametrize(
        "day", [["2026-11-26"], {"day": 26}, {1}, ([],)], ids=["a list", "an object", "a set", "a pair"]
    )
    @pytest.mark.parametrize("lost", [0, 2, 10])
    def test_days_that_distinguish_no_runs_are_refused(self, day: Any, lost: int) -> None:
        with pytest.raises(HarvestInvalidInput, match="before must give for each id when it was last seen, such as"):
            judge(dict.fromkeys(ids(10), day), ids(10 - lost))


class TestIdentifiers:
    @pytest.mark.parametrize("as_given", [list, tuple, set, frozenset, iter, dict.fromkeys])
    def test_come_in_any_iterable(self, as_given: Any) -> None:
        assert judge(as_given(ids(100)), as_given(ids(60))) == judge(ids(100), ids(60))

    def test_that_are_none_match_nothing(self) -> None:
        judgement = judge([None, "", *ids(100)], [None, *ids(100, 50)])  # type: ignore[list-item]
        assert (judgement.before, len(judgement.lost), judgement.new) == (100, 50, 50)


class TestReasons:
    @pytest.mark.parametrize(
        "before, now, changed, reasons",
        [
            (
                ids(10000),
                ids(1),
                {},
                ["9,999 of 10,000 records are missing (99.9%); one run may lose fewer than 2,000."],
            ),
            (
                ids(50),
                ids(50, 1),
                {"min_lost": 1, "max_lost_ratio": 0.01},
                [
                    "1 of 50 records is missing (2.0%); one run may lose less than 1%.",
                    "1 record is new, so that the catalogue went from 50 to 50. The identifiers may have changed.",
                ],
            ),
        ],
    )
    def test_are_sentences_with_true_numbers(
        self, before: list[str], now: list[str], changed: dict[str, Any], reasons: list[str]
    ) -> None:
        assert judge(before, now, changed).reasons == reasons


some_ids = st.sets(st.text("abcdef", min_size=1, max_size=4), max_size=60)


class TestProperties:
    @given(before=some_ids, more=some_ids)
    def test_losing_nothing_never_holds(self, before: set[str], more: set[str]) -> None:
        assert not judge(before, before | more).hold

    @given(before=some_ids.filter(bool), other=some_ids)
    def test_losing_everything_always_holds(self, before: set[str], other: set[str]) -> None:
        assert judge(before, other - before).hold

    @given(before=some_ids, now=some_ids, seed=st.integers(0, 99))
    def test_order_and_repetition_do_not_matter(self, before: set[str], now: set[str], seed: int) -> None:
        one, two = sorted(before) * 2, sorted(now)
        random.Random(seed).shuffle(one)
        assert judge(one, two[::-1]) == judge(before, now)

    @given(before=some_ids, now=some_ids)
    def test_reasons_name_the_true_numbers(self, before: set[str], now: set[str]) -> None:
        judgement = judge(before, now)
        lost = before - now
        assert judgement.lost == (lost if before else set())
        if judgement.hold and lost != before:
            assert judgement.reasons[0].startswith(f"{len(lost):,} of {len(before):,} records are missing")
        if judgement.hold and now - before:
            new = len(now - before)
            assert judgement.reasons[1].startswith(f"{new:,} records are new" if new > 1 else "1 record is new")

    @given(before=some_ids, now=some_ids, gone=some_ids)
    def test_losing_more_in_one_run_never_turns_a_hold_into_none(
        self, before: set[str], now: set[str], gone: set[str]
    ) -> None:
        limits = LossThresholds()
        if judge(before, now, limits).hold:
            assert judge(before, now - gone, limits).hold


class TestReplay:
    @pytest.mark.parametrize("seed", range(4))
    def test_ordinary_years_are_never_held(self, seed: int) -> None:
        days = ordinary_days(seed, 500, size=60 + 100 * seed)
        held = [reasons for before, found in live_on_portal(days) if (reasons := judge(before, found).reasons)]
        assert held == []

    @pytest.mark.parametrize("share", [0.08, 0.15, 0.4, 1.0])
    @pytest.mark.parametrize("seed", range(4))
    def test_mass_change_in_an_ordinary_year_is_held_on_its_day(self, seed: int, share: float) -> None:
        days = list(ordinary_days(seed, 60, size=200))
        gone = set(sorted(days[39])[: int(share * len(days[39]) + 1)])
        changed = [*days[:40], *(day - gone for day in days[40:])]
        held = [number for number, (before, now) in enumerate(live_on_portal(iter(changed))) if judge(before, now).hold]
        assert held[0] == 40

    @pytest.mark.skipif(
        not list(HISTORIES.glob("registry-*.json.gz")), reason="no real histories next to the repository"
    )
    def test_real_history_is_never_held(self) -> None:
        """Eight years of a public catalogue; its largest daily loss was 6 of 118 (5.1 %)."""
        with gzip.open(next(HISTORIES.glob("registry-*.json.gz"))) as file:
            entries = json.load(file)
        catalogue: set[str] = set()
        days = []
        for entry in entries:
            catalogue = (catalogue | set(entry["added"])) - set(entry["removed"])
            days.append(catalogue)
        assert [before for before, found in live_on_portal(iter(days)) if judge(before, found).hold] == []
