"""The event trigger on a portal that is down or wants a pause, with stores that are away, on sources that are gone."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestConnectionError
from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.waiting.reported_jobs import Reported
from airflow_provider_harvest.triggers import event
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    instant,
    job_is_purged,
    rate_limited,
    server_error,
    source_is_purged,
    unreachable,
    whole_job,
)
from tests.support.watching_trigger import Watched, ids

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, HOUR = 60.0, 3600.0


def raises_until(watched: Watched, name: str, until: float, error: Exception, since: float = 0.0) -> Callable[..., Any]:
    """Return a method of the portal that fails between two times, and count those failures as requests."""
    original = getattr(watched.client, name)

    def method(*args: Any, **kwargs: Any) -> Any:
        if since <= watched.clock.now() - T0 < until:
            watched.client.note("refused")
            raise error
        return original(*args, **kwargs)

    return method


def test_a_pause_that_the_portal_requests_between_results_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {ident: whole_job(f"job-{ident}", 100 + n) for n, ident in enumerate(ids(5))}
    watched = Watched(monkeypatch, lives)
    refused = raises_until(watched, "peek_job", 170 + 500, rate_limited(600.0), since=170)
    monkeypatch.setattr(watched.client, "peek_job", refused)
    assert watched.watch(HOUR) == [f"job-{ident}" for ident in ids(5)]
    [at] = watched.client.times_of("refused")
    assert not [asked for asked in watched.client.times if at < asked < at + 600]


def test_a_burst_of_ends_reads_the_list_no_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {ident: whole_job(f"job-{ident}", 590, 5) for ident in ids(100)})
    assert len(watched.watch(20 * MINUTE)) == 100
    lists = [at - T0 for at in watched.client.times_of("list_sources")]
    assert min(after - before for before, after in pairwise(lists)) >= MINUTE - 1.0


def test_a_source_that_is_purged_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "airflow_provider_harvest")
    watched = Watched(monkeypatch, {"mine": [*whole_job("one", 100), (600, source_is_purged)]})
    assert watched.watch(HOUR, source_id="mine") == ["one"]
    assert any("Source mine is no longer on the portal: it was purged" in line for line in caplog.messages)


def test_a_slug_of_a_deleted_source_is_refused_until_it_names_another(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(monkeypatch, {"my-town": whole_job("one", 2 * HOUR)})
    watched.portal.lives["my-town"].change(id="5f00000000000000000000cc", deleted=instant(T0 - HOUR))
    assert watched.watch(HOUR, source_id="my-town") == []
    assert any("which is deleted" in line for line in caplog.messages)


@pytest.mark.parametrize(
    "away, arguments",
    [
        pytest.param("connections", {}, id="the store of connections"),
        pytest.param("get_organization", {"organization": "ville"}, id="the portal, when an organization is read"),
        pytest.param("get_source", {"source_id": "a"}, id="the portal, when a source is read"),
    ],
)
def test_a_triggerer_that_starts_while_something_is_away_watches_soon_after(
    monkeypatch: pytest.MonkeyPatch, away: str, arguments: dict[str, Any]
) -> None:
    """Before Airflow 3.3 what ends before the watch begins is missed: it begins within minutes, not after an age."""
    back = 3 * HOUR + 100
    watched = Watched(monkeypatch, {"a": whole_job("one", back + 150)}, keeps=False)
    if away == "connections":

        async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
            if watched.clock.now() < T0 + back:
                raise hook._missing()
            return ConnectionSettings(site="https://one.example")

        monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    else:
        monkeypatch.setattr(watched.client, away, raises_until(watched, away, back, unreachable()))
    assert watched.watch(back + HOUR, **arguments) == ["one"]


@pytest.mark.parametrize("per_hour, bytes_at_most", [(384, 5_000), (10_000, 30_000)])
def test_a_cursor_is_bounded_however_many_harvests_end(per_hour: int, bytes_at_most: int) -> None:
    reported = Reported(SITE)
    reported.begin(T0)
    for number in range(6 * per_hour):
        ended = T0 + number * HOUR / per_hour
        reported.add(f"s{number % 500}", f"job-{number}", ended, ended)
        if number % 1000 == 0:
            reported = Reported(SITE, json.loads(json.dumps(reported.to_cursor())))
    assert len(json.dumps(reported.to_cursor())) < bytes_at_most
    # What was reported within the last minutes is known, and what has just ended is new.
    recent = range(6 * per_hour - per_hour // 12, 6 * per_hour)
    assert not any(reported.is_new(f"s{n % 500}", f"job-{n}", T0 + n * HOUR / per_hour) for n in recent)
    assert reported.is_new("s1", "another", T0 + 6 * HOUR)


@pytest.mark.parametrize("reading, what", [("recent_jobs", "s02"), ("peek_job", "job-s02")])
def test_what_cannot_be_read_silences_nothing_else(reading: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read again ever more rarely."""
    lives = {ident: whole_job(f"job-{ident}", 100 + 10 * number) for number, ident in enumerate(ids(6))}
    watched = Watched(monkeypatch, lives)
    original = getattr(watched.client, reading)

    def read(ident: str, *args: Any, **kwargs: Any) -> Any:
        if ident == what and watched.clock.now() < T0 + 5 * HOUR:
            watched.client.note("refused")
            raise server_error(500)
        return original(ident, *args, **kwargs)

    monkeypatch.setattr(watched.client, reading, read)
    assert watched.watch(HOUR) == [f"job-{ident}" for ident in ids(6) if ident != "s02"]
    assert 6 <= watched.client.count("refused") <= 7
    watched.watch(12 * HOUR, poll_interval=10 * MINUTE)
    assert watched.told[-1]["job_id"] == "job-s02"
    assert len(watched.told) == 6


@pytest.mark.parametrize("reading", ["recent_jobs", "peek_job"])
def test_what_was_read_is_not_lost_when_the_next_read_fails(reading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 100) for ident in ids(5)}
    watched = Watched(monkeypatch, lives)
    original, asked = getattr(watched.client, reading), []

    def read(ident: str, *args: Any, **kwargs: Any) -> Any:
        if watched.clock.now() > T0 + 160:  # they have all ended
            asked.append(ident)
        if len(asked) == 3:
            raise server_error(503)
        return original(ident, *args, **kwargs)

    monkeypatch.setattr(watched.client, reading, read)
    assert sorted(watched.watch(2 * HOUR)) == [f"job-{ident}" for ident in ids(5)]


@pytest.mark.parametrize("error", [unreachable(), rate_limited(600.0)], ids=["down", "429"])
def test_it_outlives_any_outage(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level("INFO", "airflow_provider_harvest")
    watched = Watched(monkeypatch, {"a": whole_job("one", 100), "b": whole_job("two", 5 * HOUR)})
    assert watched.watch(HOUR) == ["one"]
    watched.portal.list_fault = error  # type: ignore[assignment]
    assert watched.watch(20 * HOUR) == []
    watched.portal.list_fault = None
    assert watched.watch(HOUR) == ["two"]
    assert sum("Polling again until it responds." in line for line in caplog.messages) == 1


@pytest.mark.parametrize("read", ["recent_jobs", "peek_job"], ids=["jobs", "a result"])
def test_a_portal_that_wants_a_pause_between_the_results_gets_it(monkeypatch: pytest.MonkeyPatch, read: str) -> None:
    watched = Watched(monkeypatch, {ident: whole_job(f"job-{ident}", 100) for ident in ids(4)})
    original = getattr(watched.client, read)
    refused_at: list[float] = []

    def refuse_the_second(*args: Any, **kwargs: Any) -> Any:
        if len(refused_at) < 2:
            refused_at.append(watched.clock.now())
            if len(refused_at) == 2:
                raise rate_limited(600.0)
        return original(*args, **kwargs)

    monkeypatch.setattr(watched.client, read, refuse_the_second)
    assert sorted(watched.watch(2 * HOUR)) == [f"job-{ident}" for ident in ids(4)]
    assert min(at for at in watched.client.times if at > refused_at[1]) >= refused_at[1] + 600.0


def test_a_job_that_is_purged_before_it_is_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {"a": whole_job("one", 100), "b": whole_job("two", 110)}
    watched = Watched(monkeypatch, lives)
    original = watched.client.peek_job

    def peek_job(job_id: str, *, progress: bool = True) -> Any:
        if job_id == "one":
            job_is_purged("one")(watched.portal.lives["a"])
        return original(job_id, progress=progress)

    monkeypatch.setattr(watched.client, "peek_job", peek_job)
    assert watched.watch(HOUR) == ["two"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"site": "https://nowhere.example"}, id="another host"),
        pytest.param({"site": "https://one.example", "min_poll_interval": 40 * HOUR}, id="an interval of days"),
    ],
)
def test_a_connection_that_is_mended_is_read_again(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    """Without a restart, and whatever of it was wrong; what ended meanwhile is history for the one that was wrong."""
    lives: dict[str, Timeline] = {"mine": whole_job("one", 2 * HOUR)}
    watched = Watched(monkeypatch, lives)
    portal = watched.client

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        return ConnectionSettings(**(wrong if watched.clock.now() < T0 + 1000 else {"site": "https://one.example"}))

    def reading_client(settings: ConnectionSettings) -> Any:
        if "nowhere" in settings.site:
            raise HarvestConnectionError("There is no such host.")
        return portal.connect(settings)

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    monkeypatch.setattr(event, "reading_client", reading_client)
    assert watched.watch(3 * HOUR) == ["one"]
