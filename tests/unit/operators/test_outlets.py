"""Which outlets of a task get the result as the extra of their event."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_harvest.operators._task_wait import _tell_outlets
from airflow_provider_harvest.portal.models import HarvestRef, HarvestSource
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from tests.support.airflow_release import HAS_EVENT_TRIGGERS

pytestmark = pytest.mark.skipif(not HAS_EVENT_TRIGGERS, reason="Airflow 2.11 knows no references to assets.")
TOWN, TOWN_HALL = "6b03fbe5f66a892d7cfe18b4", "5f03fbe5f66a892d7cfe18b5"
SOURCE = HarvestSource(TOWN, "Town", "https://town.example", "dcat", organization=HarvestRef(TOWN_HALL))
NOBODYS = replace(SOURCE, organization=None)
RESULT: Any = {"outcome": "success", "source_id": TOWN}
HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to.md"


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


def tell(events: Events, *outlets: Any, source: HarvestSource = SOURCE) -> None:
    """Let a task of these outlets end well that has harvested a source."""
    _tell_outlets({"outlet_events": events}, outlets, source, RESULT)  # type: ignore[typeddict-item]


@pytest.mark.parametrize("number", range(3), ids=["an asset", "a reference by name", "a reference by URI"])
def test_it_gets_the_result(number: int) -> None:
    outlet = outlets()[number]
    events = Events(outlet)
    tell(events, outlet)
    assert events[outlet].extra == {"mine": 1, **RESULT}


def test_a_reference_to_nothing_leaves_the_harvest_as_good_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    tell(Events(), *outlets()[1:])
    assert caplog.text.count("gets no result") == 2


def test_an_alias_is_left_to_the_task() -> None:
    from airflow.sdk import AssetAlias

    tell(Events(), AssetAlias("any"))


WATCHED = [
    pytest.param({"condition": "ended"}, True, id="each end of the portal"),
    pytest.param({"condition": "success", "source_id": TOWN}, True, id="successes of this source"),
    pytest.param({"condition": "success", "source_id": TOWN.upper()}, True, id="this source, in upper case"),
    pytest.param({"condition": "success", "source_id": "its-slug"}, True, id="a slug, maybe its own"),
    pytest.param({"condition": "success", "source_id": TOWN[::-1]}, False, id="another source"),
    pytest.param({"organization": TOWN_HALL}, True, id="its organization"),
    pytest.param({"organization": TOWN_HALL.upper()}, True, id="its organization, in upper case"),
    pytest.param({"organization": "town-hall"}, True, id="an organization's slug, maybe its own"),
    pytest.param({"organization": TOWN_HALL[::-1]}, False, id="another organization"),
    pytest.param({"condition": "failure", "source_id": TOWN}, False, id="failures, for which an outlet has no event"),
]


@pytest.mark.parametrize("watch, twice", WATCHED)
def test_an_outlet_whose_watcher_reports_the_same_harvest_is_warned_of(
    watch: dict[str, Any], twice: bool, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk import Asset, AssetWatcher

    trigger = HarvestJobEventTrigger(**watch)
    outlet = Asset(name="town", uri="harvest://portal.example", watchers=[AssetWatcher(name="w", trigger=trigger)])
    events = Events(outlet)
    tell(events, outlet)
    assert ("that fires two events" in caplog.text) is twice
    assert events[outlet].extra == {"mine": 1, **RESULT}


def test_no_watcher_of_an_organization_reports_a_source_without_one(caplog: pytest.LogCaptureFixture) -> None:
    from airflow.sdk import Asset, AssetWatcher

    trigger = HarvestJobEventTrigger(organization="town-hall")
    outlet = Asset(name="hall", uri="harvest://portal.example", watchers=[AssetWatcher(name="w", trigger=trigger)])
    tell(Events(outlet), outlet, source=NOBODYS)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "uri, source, named",
    [
        (f"harvest://portal.example/source/{TOWN}", SOURCE, None),
        (f"harvest://portal.example/organization/{TOWN_HALL}", SOURCE, None),
        ("harvest://portal.example", SOURCE, None),
        ("s3://bucket/source/of/it", SOURCE, None),
        (f"harvest://portal.example/source/{TOWN[::-1]}", SOURCE, "another source"),
        (f"harvest://portal.example/open/organization/{TOWN_HALL[::-1]}", SOURCE, "another organization"),
        (f"harvest://portal.example/organization/{TOWN_HALL}", NOBODYS, "another organization"),
    ],
)
def test_an_outlet_that_names_something_else_is_warned_of(
    uri: str, source: HarvestSource, named: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow fires the event of each outlet of a task that ends well, whatever the outlet names."""
    from airflow.sdk import Asset

    outlet = Asset(name="town", uri=uri)
    events = Events(outlet)
    tell(events, outlet, source=source)
    assert events[outlet].extra == {"mine": 1, **RESULT}
    assert (f"but names {named} than" in caplog.text) if named else caplog.text == ""


@pytest.mark.parametrize("of", [{"from_trigger": True, "payload": RESULT}, {"mine": 1, **RESULT}])
def test_the_documented_line_reads_the_event_of_a_watcher_and_of_an_outlet(of: dict[str, Any]) -> None:
    [line] = {line.strip() for line in HOW_TO.read_text().splitlines() if "event.extra.get(" in line}
    names: dict[str, Any] = {"event": type("Event", (), {"extra": of})()}
    exec(line.partition("#")[0], names)  # noqa: S102
    assert names["result"]["outcome"] == "success"
