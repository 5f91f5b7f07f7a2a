"""``airflow-harvest run --wait`` on real portals: its own harvest, and the portal's own run if it may start none."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.statuses import ENDED
from airflow_provider_harvest.portal.waiting.run_and_wait import OneRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.every_release]


@pytest.fixture
def command(portal: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command with somebody's key, or without one; gives its exit code, its JSON and what it said."""

    def run(key: str | None, *arguments: str) -> tuple[int, Any, str]:
        monkeypatch.setenv("HARVEST_PORTAL", portal.url)
        monkeypatch.setenv("HARVEST_API_KEY", key or "")
        code = main([*arguments, "--wait", "--json", "--interval", "1", "--timeout", "120"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else None, captured.err

    return run


def test_it_waits_for_the_harvest_that_it_requested(
    portal: Sandbox, new_harvest: Callable[..., HarvestSource], admin: HarvestClient, command: Any
) -> None:
    source = new_harvest(datasets=3, failing=1)
    before = admin.recent_jobs(source.id)[0].id

    code, result, said = command(portal.keys.admin, "run", source.id)

    assert (code, result["how"], result["items"]["done"], result["items"]["failed"]) == (2, "started", 3, 1), said
    assert result["job_id"] == admin.recent_jobs(source.id)[0].id != before


@pytest.mark.parametrize("role", [None, "user"])
def test_without_the_right_to_start_one_it_fails_or_waits_for_the_portals_own(
    portal: Sandbox, new_harvest: Callable[..., HarvestSource], admin: HarvestClient, command: Any, role: str | None
) -> None:
    source = new_harvest(datasets=3)
    admin.schedule_source(source.id, "* * * * *")  # due within a minute, so polled often
    before = admin.recent_jobs(source.id)[0].id
    key = getattr(portal.keys, role) if role else None

    code, _, said = command(key, "run", source.id)
    assert (code, bool(said.strip())) == (1, True)
    assert admin.recent_jobs(source.id)[0].id == before, "nothing was started"

    threading.Timer(3.0, portal.control.run_scheduled, [source.id]).start()
    begun = time.monotonic()
    code, result, said = command(key, "run", source.id, "--on-run-refused", "wait")
    assert (code, result["how"], result["items"]["done"]) == (0, "waited", 3), said
    assert result["job_id"] != before
    assert time.monotonic() - begun > 1.0, "it waited"
    assert "The portal runs this source by cron" in said


@pytest.mark.parametrize("harvests_missing", [1, 3])
def test_no_harvest_that_an_old_list_left_out_is_taken_for_the_requested_one(
    portal: Sandbox,
    new_harvest: Callable[..., HarvestSource],
    admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    harvests_missing: int,
) -> None:
    """A cache shows source and jobs as they were; only the response to the request is the portal's of now."""
    source = new_harvest(datasets=1)
    cached = admin.recent_jobs(source.id)
    portal.control.delay_items(1.0)  # longer than a request takes, by which a harvest of before it is recognized
    for _ in range(harvests_missing):
        admin.run_source(source.id)
        portal.control.wait_until_idle()
    portal.control.delay_items(0.0)
    recent_jobs, before = admin.recent_jobs, {job.id for job in admin.recent_jobs(source.id)}

    def from_cache(source_id: str, page: int = 1, **how: Any) -> Any:
        monkeypatch.setattr(admin, "recent_jobs", recent_jobs)  # the cache is renewed at its next request
        return cached

    monkeypatch.setattr(admin, "recent_jobs", from_cache)
    run_source = admin.run_source

    def run_held(source_id: str) -> HarvestSource:
        """The harvest does not begin before the request for it is answered."""
        portal.control.hold_jobs()
        try:
            return run_source(source_id)
        finally:
            portal.control.release_jobs()

    monkeypatch.setattr(admin, "run_source", run_held)
    run = OneRun(admin, source, poll_interval=1.0, timeout=120.0)
    assert run.follow().state == ENDED
    portal.control.wait_until_idle()
    (newest, *_) = admin.recent_jobs(source.id)
    assert run.job_id == newest.id
    assert run.job_id not in before
    assert len(before) == 1 + harvests_missing
