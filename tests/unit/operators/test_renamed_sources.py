"""A source that is renamed while it is waited for: up to 16.x a job shows its source's current name, and no id."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestServerError
from airflow_provider_harvest.portal.models import HarvestSource
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from tests.support.fake_portal.direct_client import dialect_of
from tests.support.fake_portal.scripted import (
    FakeClock,
    ScriptedClient,
    ScriptedPortal,
    Timeline,
    source_changes,
    whole_job,
)
from tests.support.fake_portal.state import Response
from tests.support.task_life import Store, Task, run_operator
from tests.support.watching_trigger import Watched

HOUR = 3600.0


@pytest.fixture(params=["A", "B", "C", "D"])
def portal(request: pytest.FixtureRequest) -> ScriptedPortal:
    """A portal with two sources of one name, each with a job."""
    lives: dict[str, Timeline] = {"a": whole_job("of-a", -HOUR), "b": whole_job("of-b", -HOUR)}
    portal = ScriptedPortal(FakeClock(), lives, generation=request.param)
    portal.live()
    for life in portal.lives.values():
        life.change(name="New name")
    return portal


def concluded(portal: ScriptedPortal, job_id: str, name: str) -> tuple[dict[str, Any], ScriptedClient]:
    client = ScriptedClient(portal)
    source = HarvestSource(id="a", name=name, url="", backend="")
    return dict(conclude(client, source, job_id, "started", OutcomePolicy.create())), client


def test_its_job_is_still_its(portal: ScriptedPortal) -> None:
    result, client = concluded(portal, "of-a", "Old name")
    assert result["outcome"] == "success"
    assert (result["source_name"] == "New name") == (portal.generation in "AB")
    assert client.count("list_jobs") == (portal.generation in "AB"), "one request, and only if the names differ"


def test_a_source_that_is_not_renamed_costs_no_request(portal: ScriptedPortal) -> None:
    _, client = concluded(portal, "of-a", "New name")
    assert client.count("list_jobs") == 0


def test_the_job_of_another_source_is_not(portal: ScriptedPortal) -> None:
    with pytest.raises(HarvestInvalidInput, match="not of a"):
        concluded(portal, "of-b", "Old name")


@pytest.mark.parametrize("generation", ["A", "B"])
def test_no_job_is_called_foreign_while_the_list_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    portal = ScriptedPortal(FakeClock(), {"a": whole_job("of-a", -HOUR)}, generation=generation)
    portal.live()
    client = ScriptedClient(portal)
    answer = client.answer
    monkeypatch.setattr(
        client, "answer", lambda name, *request: Response(503) if name == "list_jobs" else answer(name, *request)
    )
    source = HarvestSource(id="a", name="Old name", url="", backend="")
    with pytest.raises(HarvestServerError):
        conclude(client, source, "of-a", "started", OutcomePolicy.create())


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_a_run_whose_source_is_renamed_meanwhile_ends_well(monkeypatch: pytest.MonkeyPatch, deferrable: bool) -> None:
    timeline = [*whole_job("mine", 60, HOUR), (HOUR / 2, source_changes(name="New name"))]
    task = Task(monkeypatch, timeline, run_operator(deferrable=deferrable), store=Store())
    task.client.portal.generation, task.client.dialect = "B", dialect_of("B")
    assert task.try_() == "success"
    assert (task.result["job_id"], task.result["source_name"]) == ("mine", "New name")


@pytest.mark.parametrize("arguments", [{"source_id": "a"}, {}], ids=["one source", "the portal"])
def test_a_watch_reports_a_renamed_source(monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any]) -> None:
    life = [*whole_job("one", 100), (HOUR / 2, source_changes(name="New name")), *whole_job("two", HOUR)]
    watched = Watched(monkeypatch, {"a": [*life, *whole_job("three", 2 * HOUR)]}, generation="B")
    assert watched.watch(3 * HOUR, **arguments) == ["one", "two", "three"]
    assert [told["source_name"] for told in watched.told][1:] == ["New name", "New name"]
