"""The event trigger over the lives of several triggerers: what ends while none runs is reported once, in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.waiting.reported_jobs import digest_of
from airflow_provider_harvest.triggers import _event_cursors
from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY
from airflow_provider_harvest.triggers.event import STORED_AFTER
from tests.support.fake_portal.scripted import T0, Timeline, job_appears, job_ends, whole_job
from tests.support.watching_trigger import Store, Watched, ids, reported

if TYPE_CHECKING:
    import pytest

MINUTE, HOUR = 60.0, 3600.0


def test_what_ended_while_no_triggerer_ran_is_reported_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {
        "a": [*whole_job("a1", 100), *whole_job("a2", 2 * HOUR), *whole_job("a3", 4 * HOUR)],
        "b": [*whole_job("b1", 200), *whole_job("b2", 3 * HOUR)],
    }
    watched = Watched(monkeypatch, lives)
    assert watched.watch(HOUR) == ["a1", "b1"]
    watched.clock.advance(5 * HOUR)
    assert watched.watch(HOUR) == ["a2", "b2", "a3"]
    assert watched.watch(HOUR) == []


def test_however_many_ended_they_are_reported_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are listed first have ended last."""
    lives = {ident: whole_job(f"job-{ident}", 2 * HOUR - 60 * number) for number, ident in enumerate(ids(70))}
    watched = Watched(monkeypatch, lives)
    watched.watch(600)
    watched.clock.advance(3 * HOUR)
    assert watched.watch(10 * MINUTE) == [f"job-{ident}" for ident in reversed(ids(70))]


def test_a_job_that_ends_behind_a_newer_one_while_no_triggerer_runs_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = [(100, job_appears("behind")), *whole_job("newer", 500, 60), (2 * HOUR, job_ends("behind"))]
    watched = Watched(monkeypatch, {"a": life, "b": []})
    assert watched.watch(HOUR) == ["newer"]
    watched.clock.advance(3 * HOUR)
    assert watched.watch(HOUR) == ["behind"]


def test_what_was_not_stored_is_reported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A triggerer killed right after an event cannot know whether Airflow has it: rather twice than never."""
    watched = Watched(monkeypatch, {"a": whole_job("one", 100), "b": whole_job("two", 5000)})
    assert watched.watch(HOUR, killed_after=1) == ["one"]
    assert watched.watch(2 * HOUR) == ["one", "two"]


def test_what_was_reported_is_stored_when_airflow_has_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 100)})
    watched.watch(180 + STORED_AFTER - 1)
    assert watched.store is not None
    assert reported(watched.store.cursor) == []
    watched.watch(2 * STORED_AFTER + 60)
    assert reported(watched.store.cursor) == [digest_of("one")]


def test_without_a_store_it_says_what_may_be_missed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(monkeypatch, {"a": [*whole_job("one", 100), *whole_job("two", 2 * HOUR)]}, keeps=False)
    assert watched.watch(HOUR) == ["one"]
    _event_cursors._memory.clear()  # another process
    watched.clock.advance(2 * HOUR)
    assert watched.watch(HOUR) == []
    assert any("harvests that end while none runs are missed" in line for line in caplog.messages)


def test_the_cursor_of_another_portal_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 100)})
    assert watched.store is not None
    elsewhere = {
        "version": 1,
        "portal": "https://elsewhere",
        "began": 0.0,
        "since": T0 + HOUR,
        "told": {},
        "behind": {},
    }
    watched.store.values[CURSOR_KEY] = json.dumps(elsewhere)
    assert watched.watch(HOUR) == ["one"]


def test_what_was_stored_with_an_asset_that_is_deleted_for_a_while_is_remembered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A deploy with an import error: Airflow deletes the state of an asset that no DAG file names."""
    watched = Watched(monkeypatch, {"a": [*whole_job("one", 100), *whole_job("two", HOUR + 60)]})
    assert watched.watch(HOUR) == ["one"]
    watched.store = Store()
    watched.clock.advance(600)
    assert watched.watch(HOUR) == ["two"]
    assert any("continuing from what this triggerer remembers" in line for line in caplog.messages)
