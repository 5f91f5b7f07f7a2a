"""Which run archives what: the days of the grace, the crons, and what cannot be told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import Schedule
from airflow_provider_harvest.portal.guard.archiving_forecast import archive_day, forecast, is_due
from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
from airflow_provider_harvest.portal.models import HarvestSource

NOW = datetime(2026, 11, 26, 10, tzinfo=timezone.utc)  # a Thursday


def source(**fields: Any) -> HarvestSource:
    values: dict[str, Any] = {"schedule": "0 3 * * *", "active": True, "autoarchive": True}
    return HarvestSource("5" * 24, "Town", "https://town.example", "dcat", **{**values, **fields})


def record(name: str, days_ago: float) -> HarvestedRecord:
    return HarvestedRecord(name, "dataset", name, None, "5" * 24, name, NOW - timedelta(days=days_ago))


def told(made: Any) -> dict[str, list[str]]:
    return {run.at.isoformat()[:16]: [record.id for record in run.records] for run in made.runs}


class TestDay:
    @pytest.mark.parametrize(
        "last_update, day",
        [
            ("2026-11-18T23:59:59+00:00", "2026-11-26"),
            ("2026-11-19T00:00:00+00:00", "2026-11-27"),
            ("2026-11-19T01:30:00+02:00", "2026-11-26"),
        ],
    )
    def test_counts_days_not_hours(self, last_update: str, day: str) -> None:
        assert archive_day(datetime.fromisoformat(last_update)).isoformat() == day


class TestRuns:
    @pytest.mark.parametrize(
        "cron, at",
        [
            pytest.param("0 3 * * *", {"2026-12-03T03:00": ["a"]}, id="daily: eight days after it was last seen"),
            pytest.param("0 3 * * 0", {"2026-12-06T03:00": ["a"]}, id="weekly: the first Sunday after that day"),
            pytest.param("0 3 1 * *", {"2027-01-01T03:00": ["a"]}, id="monthly"),
            pytest.param("*/30 * * * *", {"2026-12-03T00:00": ["a"]}, id="every half hour: at midnight of that day"),
            pytest.param("0 3 1 6 *", {}, id="yearly: beyond the horizon"),
        ],
    )
    def test_of_a_cron(self, cron: str, at: dict[str, list[str]]) -> None:
        assert told(forecast(source(schedule=cron), [record("a", 1)], NOW)) == at

    def test_each_archives_what_is_due_on_its_day(self) -> None:
        made = forecast(source(), [record("a", 1), record("b", 3), record("c", 3.5), record("d", 30)], NOW)
        assert told(made) == {
            "2026-11-27T03:00": ["d"],
            "2026-12-01T03:00": ["b"],  # last seen on the 23rd at 10:00
            "2026-11-30T03:00": ["c"],  # last seen on the 22nd at 22:00
            "2026-12-03T03:00": ["a"],
        }
        assert made.first_at == datetime(2026, 11, 27, 3, tzinfo=timezone.utc)

    @pytest.mark.parametrize("grace", [-1, 0, 3, 30])
    def test_grace_is_an_argument(self, grace: int) -> None:
        made = forecast(source(), [record("a", 1)], NOW, grace_days=grace)
        assert made.first_at == datetime(2026, 11, 25, 3, tzinfo=timezone.utc) + timedelta(days=max(grace + 1, 2))

    @pytest.mark.parametrize(
        "fields",
        [
            {"autoarchive": False},
            {"active": False},
            {"schedule": None},
            {"schedule": "every 6 hours"},
            {"deleted": NOW},
        ],
    )
    def test_none_is_known(self, fields: dict[str, Any]) -> None:
        made = forecast(source(**fields), [record("a", 30)], NOW)
        assert (made.runs, [record.id for record in made.later]) == ((), ["a"])

    def test_record_without_the_time_of_its_harvest_is_never_archived(self) -> None:
        assert forecast(source(), [record("a", 1)._replace(last_update=None)], NOW).runs == ()


class TestCost:
    def test_depends_on_the_days_not_on_the_runs_in_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[datetime] = []
        next_after = Schedule.next_after

        def counted(self: Schedule, when: datetime) -> datetime | None:
            asked.append(when)
            return next_after(self, when)

        monkeypatch.setattr(Schedule, "next_after", counted)
        missing = [record(str(number), days_ago) for days_ago in (1, 2, 5) for number in range(1000)]
        made = forecast(source(schedule="* * * * *"), missing, NOW)
        assert [len(run.records) for run in made.runs] == [1000] * 3
        assert [run.at.isoformat()[:16] for run in made.runs] == [
            "2026-11-29T00:00",
            "2026-12-02T00:00",
            "2026-12-03T00:00",
        ]
        assert len(asked) == 4  # the next run, and one for each day

    @pytest.mark.parametrize("cron", ["0 3 * * *", "*/45 * * * *", "30 5 * * 0", "0 3 1 * *", "0 0 * * *", "0 3 1 6 *"])
    @pytest.mark.parametrize("grace", [0, 7, 30])
    def test_is_what_a_walk_over_all_runs_finds(self, cron: str, grace: int) -> None:
        missing = [record(str(number), number / 3) for number in range(60)]
        walked, waiting, at, schedule = {}, list(missing), NOW, Schedule.parse(cron)
        while (at := schedule.next_after(at) or NOW) <= NOW + timedelta(days=45):
            if due := [entry for entry in waiting if is_due(entry, at, grace)]:
                walked[at] = [entry.id for entry in due]
                waiting = [entry for entry in waiting if not is_due(entry, at, grace)]
        made = forecast(source(schedule=cron), missing, NOW, grace_days=grace)
        assert {run.at: [entry.id for entry in run.records] for run in made.runs} == walked
        assert [entry.id for entry in made.later] == [entry.id for entry in waiting]


class TestExposure:
    @pytest.mark.parametrize(
        "cron, seen_days_ago, exposed",
        [
            pytest.param("0 3 * * *", 0.1, False, id="daily"),
            pytest.param("0 3 * * 4", 0.1, False, id="weekly: seven days, one short"),
            pytest.param("0 3 1 1 *", 0.1, True, id="yearly"),
            pytest.param("0 3 * * *", 9, True, id="daily, back after a pause"),
            pytest.param(None, 9, True, id="paused: no matter who starts it"),
            pytest.param(None, 1, False, id="no cron, harvested yesterday"),
        ],
    )
    def test_next_run_archives_at_once_what_it_does_not_find(
        self, cron: str | None, seen_days_ago: float, exposed: bool
    ) -> None:
        made = forecast(source(schedule=cron), [], NOW, last_seen=NOW - timedelta(days=seen_days_ago))
        assert made.is_exposed is exposed

    def test_source_that_does_not_archive_is_not_exposed(self) -> None:
        made = forecast(source(autoarchive=False), [], NOW, last_seen=NOW - timedelta(days=90))
        assert not made.is_exposed


class TestUnknown:
    def test_is_said_if_there_is_something_to_lose(self) -> None:
        assert len(forecast(source(), [record("a", 1)], NOW).unknown) == 2
        assert forecast(source(), [], NOW).unknown == ()

    @pytest.mark.parametrize("days", ["7", True, -2, 7.5, 3661])
    def test_invalid_days_are_refused_with_their_range(self, days: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match="grace_days must be a whole number of days from -1 to 3,660,"):
            forecast(source(), [], NOW, grace_days=days)
