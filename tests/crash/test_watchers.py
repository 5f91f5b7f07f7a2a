"""An asset with two watchers, whose triggerer is killed; and one whose cursor an earlier version has left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.waiting.reported_jobs import digest_of
from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY
from sandbox import Sandbox
from tests.crash.conftest import DAGS_OF_TWO_WATCHERS
from tests.crash.live_airflow import LiveAirflow, wait_until
from tests.crash.releases import REMEMBERS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REMEMBERS, reason="Before Airflow 3.3 an asset keeps nothing."),
]

WATCHED = "watched"
PATIENCE = 180.0


class Story:
    """A portal with a source that succeeds and one that fails, which an asset of an Airflow watches.

    :param portal: with no source yet.
    :param airflow: that runs.
    :param admin: a client with a sysadmin's key.
    """

    def __init__(self, portal: Sandbox, airflow: LiveAirflow, admin: HarvestClient) -> None:
        self.portal, self.airflow, self.admin = portal, airflow, admin
        self.jobs: list[str] = []
        self.sources = []
        for name, failing in (("good", 0), ("bad", 1)):
            url = portal.catalogue.put(name, datasets=2, failing=failing, prefix=f"{name}-")
            self.sources.append(admin.create_source(name, url, "dcat", organization=portal.organization.id).id)

    def accept(self) -> None:
        """Let the portal harvest both for the first time."""
        for source in self.sources:
            self.admin.validate_source(source)
        self._ended()

    def harvest(self) -> None:
        """Harvest both."""
        for source in self.sources:
            self.admin.run_source(source)
        self._ended()

    def _ended(self) -> None:
        self.portal.control.wait_until_idle(timeout=120)
        self.jobs += [str(next(self.admin.iter_jobs(source)).id) for source in self.sources]

    def own_cursors(self) -> dict[str, Any]:
        """What each watcher has stored for itself."""
        return {key: value for key, value in self.airflow.state(WATCHED).items() if len(key) == len(CURSOR_KEY) + 17}

    def wait_until_told(self) -> None:
        """Wait until both watchers have stored that they have seen all."""
        digests = {digest_of(job) for job in self.jobs}

        def told() -> bool:
            cursors = self.own_cursors().values()
            return len(cursors) == 2 and all(digests <= _digests(cursor) for cursor in cursors)

        wait_until(told, PATIENCE, lambda: f"Not all is stored: {self.own_cursors()}")


def _digests(cursor: dict[str, Any]) -> set[str]:
    joined = "".join(cursor["told"].values())
    return {joined[at : at + 8] for at in range(0, len(joined), 8)}


def test_each_harvest_fires_once_across_kills_and_an_upgrade(tmp_path: Path) -> None:
    with Sandbox.start() as portal, HarvestClient(portal.url, portal.keys.admin) as admin:
        connection = {"conn_type": "harvest", "host": portal.url, "extra": {"min_poll_interval": 1}}
        settings = {"AIRFLOW_CONN_HARVEST_DEFAULT": json.dumps(connection), "CRASH_PORTAL": portal.url}
        with LiveAirflow(tmp_path, settings, dags=DAGS_OF_TWO_WATCHERS) as airflow:
            story = Story(portal, airflow, admin)
            wait_until(lambda: len(story.own_cursors()) == 2, PATIENCE, lambda: str(airflow.state(WATCHED)))
            story.accept()
            story.wait_until_told()
            assert sorted(airflow.event_jobs(WATCHED)) == sorted(story.jobs)

            airflow.kill("triggerer")
            story.harvest()
            airflow.revive()
            story.wait_until_told()
            assert sorted(airflow.event_jobs(WATCHED)) == sorted(story.jobs)

            airflow.kill("triggerer")
            left = airflow.state(WATCHED)
            airflow.forget_state(WATCHED)
            airflow.keep_state(WATCHED, CURSOR_KEY, {k: v for k, v in left[CURSOR_KEY].items() if k != "scope"})
            story.harvest()
            airflow.revive()
            story.wait_until_told()
            assert sorted(airflow.event_jobs(WATCHED)) == sorted(story.jobs)
            assert len(story.jobs) == 6
