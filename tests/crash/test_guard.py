"""A loss is held once and released once, whatever task process is killed around its write; see ``conftest``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.guard.hold_and_release import is_held

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.crash.conftest import Source
    from tests.crash.live_airflow import LiveAirflow

pytestmark = pytest.mark.slow

DAY = 86400.0


@pytest.fixture
def loss(portal: Sandbox, source: Source) -> Source:
    """A source of four datasets whose catalogue lost three since yesterday."""
    portal.wait_for_next_second()
    portal.control.pass_time(source.id, DAY)
    source.serve(datasets=1)
    portal.control.run_scheduled(source.id)
    portal.control.wait_until_idle()
    return source


def changes(portal: Sandbox, source: Source) -> int:
    """How often the source was changed."""
    path = f"/api/1/harvest/source/{source.id}"
    return sum(request.method == "PUT" and request.path.rstrip("/") == path for request in portal.requests())


@pytest.mark.parametrize("at", ["before-update", "after-update"])
def test_hold_and_release_are_written_once(airflow: LiveAirflow, portal: Sandbox, loss: Source, at: str) -> None:
    guard = airflow.trigger("guard", source_id=loss.id, at=at)
    assert (guard.wait_for(), guard.tries) == ("success", 2), guard.log
    assert guard.xcom("harvest_guard")["held_ids"] == [loss.id]
    assert guard.xcom("harvest_guard")["newly_held_ids"] == [loss.id]
    assert is_held(loss.client.get_source(loss.id))
    assert changes(portal, loss) == 1

    released = airflow.trigger("release", source_id=loss.id, at=at)
    assert (released.wait_for(), released.tries) == ("success", 2), released.log
    assert loss.client.get_source(loss.id).autoarchive is True
    assert changes(portal, loss) == 2
    again = airflow.trigger("guard", source_id=loss.id)
    assert again.wait_for() == "success"
    assert again.xcom("harvest_guard")["must_hold_ids"] == []
    assert changes(portal, loss) == 2
