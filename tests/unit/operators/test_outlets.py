"""Which outlets of a task get the result as the extra of their event."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_harvest.operators._task_wait import _tell_outlets
from tests.support.airflow_release import HAS_EVENT_TRIGGERS

pytestmark = pytest.mark.skipif(not HAS_EVENT_TRIGGERS, reason="Airflow 2.11 knows no references to assets.")
RESULT = {"outcome": "success"}


class Events:
    """Airflow's accessor of outlet events; it knows some outlets."""

    def __init__(self, *known: Any) -> None:
        self.events = {str(outlet): type("Event", (), {"extra": {"mine": 1}})() for outlet in known}

    def __getitem__(self, outlet: Any) -> Any:
        return self.events[str(outlet)]


def outlets() -> list[Any]:
    from airflow.sdk import Asset

    uri = "harvest://portal.example/source/6b03fbe5f66a892d7cfe18b4"
    return [Asset(name="town", uri=uri), Asset.ref(name="town"), Asset.ref(uri=uri)]


@pytest.mark.parametrize("number", range(3), ids=["an asset", "a reference by name", "a reference by URI"])
def test_it_gets_the_result(number: int) -> None:
    outlet = outlets()[number]
    events = Events(outlet)
    _tell_outlets({"outlet_events": events}, [outlet], RESULT)  # type: ignore[typeddict-item]
    assert events[outlet].extra == {"mine": 1, **RESULT}


def test_a_reference_to_nothing_leaves_the_harvest_as_good_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    _tell_outlets({"outlet_events": Events()}, outlets()[1:], RESULT)  # type: ignore[typeddict-item]
    assert caplog.text.count("gets no result") == 2


def test_an_alias_is_left_to_the_task() -> None:
    from airflow.sdk import AssetAlias

    _tell_outlets({"outlet_events": Events()}, [AssetAlias("any")], RESULT)  # type: ignore[typeddict-item]
