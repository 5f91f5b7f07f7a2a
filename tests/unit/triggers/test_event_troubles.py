"""The event trigger on a portal that wants a pause, with stores that are away, on sources that are gone."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.waiting.reported_jobs import Reported
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    instant,
    rate_limited,
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
