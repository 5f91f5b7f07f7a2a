"""A person stops a task of a guarded run while archiving is off; see ``conftest``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.guard.hold_and_release import is_held
from tests.crash.live_airflow import wait_until
from tests.crash.releases import REMEMBERS

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.crash.conftest import Source
    from tests.crash.live_airflow import LiveAirflow

pytestmark = pytest.mark.slow

notifies_triggers = pytest.mark.skipif(not REMEMBERS, reason="Airflow below 3.3 does not notify a trigger.")


@pytest.mark.parametrize(
    "dag_id, state", [("guarded", "running"), pytest.param("guarded_deferred", "deferred", marks=notifies_triggers)]
)
def test_log_of_a_guarded_run_that_is_stopped_says_that_archiving_is_off(
    airflow: LiveAirflow, portal: Sandbox, source: Source, dag_id: str, state: str
) -> None:
    portal.control.hold_jobs()
    run = airflow.trigger(dag_id, source_id=source.id)
    run.wait_for_mark("after-run")
    run.wait_for(state)
    assert is_held(source.client.get_source(source.id))
    mark = portal.mark()
    # No triggerer has what was deferred a moment ago, and then nothing of ours runs as it is stopped.
    wait_until(lambda: bool(portal.requests(mark)), 60, lambda: f"Nobody polls the portal.\n{run.log}")
    run.stop()
    said = ("off, so that the portal archives nothing of it.", "switch it on by hand", source.id)
    wait_until(lambda: all(words in run.log for words in said), 60, lambda: run.log)
    assert is_held(source.client.get_source(source.id))
