"""A source is accepted once, since each acceptance starts a harvest, whatever goes wrong; see ``conftest``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.crash.conftest import Source
    from tests.crash.live_airflow import LiveAirflow

pytestmark = pytest.mark.slow


def is_accepted(source: Source) -> bool:
    return source.client.get_source(source.id).is_accepted


def test_a_server_error_after_it_took_effect_is_seen_through(
    airflow: LiveAirflow, portal: Sandbox, pending_source: Source
) -> None:
    portal.control.fail_broker()
    run = airflow.trigger("validate", source_id=pending_source.id)

    assert run.wait_for() == "success"
    assert (run.tries, pending_source.answers("validate")) == (1, [500])
    assert is_accepted(pending_source)
    assert (pending_source.job_ids, run.xcom("jobs_before")) == ([], [])


def test_killed_after_the_request_the_retry_accepts_nothing_twice(
    airflow: LiveAirflow, portal: Sandbox, pending_source: Source
) -> None:
    run = airflow.trigger("validate", source_id=pending_source.id, at="after-validate")

    assert run.wait_for() == "success"
    assert (run.tries, pending_source.answers("validate")) == (2, [200])
    assert is_accepted(pending_source)
    portal.control.wait_until_idle()
    assert len(pending_source.job_ids) == 1
    assert run.xcom("jobs_before") == []  # so that a sensor takes the one job for the response
