"""Tasks that ask for a harvest of one source in the same second; the portal shows no request. See ``conftest``."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from tests.crash.live_airflow import wait_until
from tests.crash.releases import REMEMBERS

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.crash.conftest import Source
    from tests.crash.live_airflow import LiveAirflow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REMEMBERS, reason="Before Airflow 3.3 there is no place that two tasks see."),
]


def assert_one_after_the_other(source: Source, jobs: int) -> None:
    """No harvest of the source began before the one before it had ended."""
    newest = [source.client.get_job(job_id) for job_id in source.job_ids[-jobs:]]
    for earlier, later in itertools.pairwise(newest):
        assert earlier.ended is not None
        assert later.created is not None
        assert earlier.ended <= later.created


def test_of_two_tasks_that_share_an_asset_only_one_asks_while_no_job_is_shown(
    airflow: LiveAirflow, portal: Sandbox, source: Source
) -> None:
    portal.control.hold_jobs()
    runs = [airflow.trigger("with_outlet", source_id=source.id) for _ in range(2)]
    for run in runs:
        run.wait_for("running", "deferred")
    portal.control.wait_until_held()
    wait_until(lambda: any("Another task is about to" in run.log for run in runs), 60, lambda: runs[0].log)
    time.sleep(5)
    assert len(source.answers("run")) == 1

    portal.control.release_jobs()

    assert [run.wait_for() for run in runs] == ["success", "success"]
    assert len(source.answers("run")) == 2
    assert_one_after_the_other(source, 2)


@pytest.mark.parametrize("wave", [1, 2])
def test_tasks_that_waited_for_one_job_harvest_in_turn(
    airflow: LiveAirflow, portal: Sandbox, source: Source, wave: int
) -> None:
    portal.control.freeze_before_item(2)
    source.client.run_source(source.id)
    portal.control.wait_until_frozen(timeout=60)
    runs = [airflow.trigger("with_outlet_deferred", source_id=source.id) for _ in range(4)]
    for run in runs:
        run.wait_for("deferred")

    portal.control.unfreeze()

    assert [run.wait_for() for run in runs] == ["success"] * 4
    assert len(source.answers("run")) == 5
    assert len({(run.result or {})["job_id"] for run in runs}) == 4
    assert_one_after_the_other(source, 5)
