"""The operators for sources as code as Airflow sees them: what they return, what they fail on, what leaks."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowFailException
from airflow_provider_harvest.exceptions import HarvestApplyIncomplete
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators.portal import (
    HarvestApplySourcesOperator,
    HarvestExportSourcesOperator,
    HarvestPlanSourcesOperator,
)
from airflow_provider_harvest.portal.as_code.files import reader as files
from tests.support.fake_portal.response_faults import Reply
from tests.support.fake_portal.server import Always, Door, InProcess
from tests.support.fake_portal.state import KEY, USER
from tests.support.task_instance import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = """
version: 1
sources:
  town:
    name: Town
    url: https://town.example/catalog.xml
    backend: dcat
    description: "{{ not.a.template }}"
"""
OPERATORS: dict[type[Any], dict[str, Any]] = {
    HarvestExportSourcesOperator: {},
    HarvestPlanSourcesOperator: {"path": "sources"},
    HarvestApplySourcesOperator: {"plan": "plan.json"},
}
every_operator = pytest.mark.parametrize("kind, needed", OPERATORS.items(), ids=[kind.__name__ for kind in OPERATORS])


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The portal that the default connection leads to."""
    with InProcess("D") as running:
        running.portal.keys[KEY]["roles"] = ["admin"]
        connection = {"conn_type": "harvest", "host": running.url, "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        yield running


@pytest.fixture
def sources(tmp_path: Path) -> str:
    """A file with one source."""
    path = tmp_path / "sources.yaml"
    path.write_text(FILE)
    return str(path)


def run(ti: TaskInstance, kind: type[Any], **arguments: Any) -> Any:
    """Execute a task, and return what Airflow would store of it."""
    return json.loads(json.dumps(kind(task_id="task", **arguments).execute({"ti": ti})))


@every_operator
def test_parsing_reads_no_connection(kind: type[Any], needed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HarvestHook, "__init__", lambda *_: pytest.fail("A hook was made."))
    template = "{{ var.value.x }}"
    operator = kind(task_id="task", **{**needed, **dict.fromkeys(kind.template_fields, template)})
    assert {getattr(operator, name) for name in kind.template_fields} == {template}
    assert operator.multiple_outputs


def test_plan_is_returned_and_applied(server: Door, ti: TaskInstance, sources: str) -> None:
    planned = run(ti, HarvestPlanSourcesOperator, path=sources)
    assert (planned["has_changes"], planned["counts"]["create"], planned["conflicts"]) == (True, 1, 0)
    assert planned["summary_markdown"].startswith("**")

    applied = run(ti, HarvestApplySourcesOperator, plan=planned["plan"])

    assert [entry["steps"] for entry in applied["done"]] == [["create"]]
    assert [source["description"] for source in server.portal.sources.values()] == ["{{ not.a.template }}"]
    assert run(ti, HarvestPlanSourcesOperator, path=sources)["has_changes"] is False


@pytest.mark.parametrize("form", ["file", "text"])
def test_plan_is_taken_in_other_forms(server: Door, ti: TaskInstance, sources: str, tmp_path: Path, form: str) -> None:
    path = tmp_path / "plan.json"
    plan = run(ti, HarvestPlanSourcesOperator, path=sources, plan_path=str(path))["plan"]
    run(ti, HarvestApplySourcesOperator, plan=str(path) if form == "file" else json.dumps(plan))
    assert len(server.portal.sources) == 1


def test_drift_alarm_fails_for_good_and_leaves_the_plan(server: Door, ti: TaskInstance, sources: str) -> None:
    with pytest.raises(AirflowFailException, match=r"differs from the files.*1 to create"):
        run(ti, HarvestPlanSourcesOperator, path=sources, on_drift="fail")
    assert ti.xcoms["harvest_plan"]["counts"]["create"] == 1
    assert server.count("POST") == 0


def test_drift_alarm_is_silent_without_drift(server: Door, ti: TaskInstance, sources: str) -> None:
    server.portal.add_source("Town", url="https://town.example/catalog.xml", description="{{ not.a.template }}")
    assert run(ti, HarvestPlanSourcesOperator, path=sources, on_drift="fail")["has_changes"] is False


@pytest.mark.parametrize(
    "kind, arguments, message",
    [
        pytest.param(HarvestPlanSourcesOperator, {"path": "/nowhere"}, "nowhere", id="no file"),
        pytest.param(HarvestPlanSourcesOperator, {"path": "x", "on_drift": "cry"}, "on_drift must be", id="on_drift"),
        pytest.param(HarvestApplySourcesOperator, {"plan": "/nowhere"}, "cannot be read", id="no plan"),
        pytest.param(HarvestApplySourcesOperator, {"plan": "{"}, "not JSON", id="no JSON"),
        pytest.param(HarvestApplySourcesOperator, {"plan": {}}, "plan again", id="empty plan"),
    ],
)
def test_bad_input_fails_for_good(
    server: Door, ti: TaskInstance, kind: type[Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        run(ti, kind, **arguments)
    assert server.count("POST") == 0


@pytest.mark.parametrize("limit", ["-1", "many", 1.5j])
def test_limit_that_is_no_number_is_refused(server: Door, ti: TaskInstance, sources: str, limit: Any) -> None:
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    with pytest.raises(AirflowFailException, match="max_changes must be a whole number"):
        run(ti, HarvestApplySourcesOperator, plan=plan, max_changes=limit)


@pytest.mark.parametrize("name", ["write_interval", "accept_interval", "patience"])
@pytest.mark.parametrize("length", [timedelta(0), 0, 1.5], ids=["timedelta", "whole seconds", "seconds"])
def test_length_of_time_may_be_a_timedelta(
    server: Door, ti: TaskInstance, sources: str, name: str, length: float | timedelta
) -> None:
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    run(ti, HarvestApplySourcesOperator, plan=plan, **{name: length})
    assert len(server.portal.sources) == 1


@pytest.mark.parametrize("name", ["write_interval", "accept_interval", "patience"])
@pytest.mark.parametrize("length", [-1, "soon", True, None])
def test_invalid_length_of_time_is_refused(
    server: Door, ti: TaskInstance, sources: str, name: str, length: Any
) -> None:
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    with pytest.raises(AirflowFailException, match=f"{name} must be"):
        run(ti, HarvestApplySourcesOperator, plan=plan, **{name: length})
    assert server.count("POST") == 0


def test_limit_may_be_a_rendered_template(server: Door, ti: TaskInstance, sources: str) -> None:
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    with pytest.raises(AirflowFailException, match="changes 1 source, and max_changes allows 0"):
        run(ti, HarvestApplySourcesOperator, plan=plan, max_changes="0")


@pytest.mark.parametrize("status, is_retried", [(400, False), (502, True)])
def test_broken_apply_leaves_its_result_and_is_retried_where_that_helps(
    server: Door, ti: TaskInstance, sources: str, status: int, is_retried: bool
) -> None:
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    server.script("POST", "/harvest/sources/", Always(Reply(status, {"message": "No"})))
    expected = HarvestApplyIncomplete if is_retried else AirflowFailException
    with pytest.raises(expected):
        run(ti, HarvestApplySourcesOperator, plan=plan)
    assert ti.xcoms["harvest_apply"]["done"] == []


def test_portal_that_moved_fails_for_good(server: Door, ti: TaskInstance, sources: str) -> None:
    source = server.portal.add_source("Old", url="https://town.example/catalog.xml")
    plan = run(ti, HarvestPlanSourcesOperator, path=sources)["plan"]
    server.portal.sources[source]["name"] = "By hand"
    with pytest.raises(AirflowFailException, match="no longer as planned"):
        run(ti, HarvestApplySourcesOperator, plan=plan)
    assert server.count("PUT") == 0


@pytest.mark.parametrize("form", [str, Path], ids=["text", "path"])
def test_export_is_a_file_that_plans_no_change(server: Door, ti: TaskInstance, tmp_path: Path, form: Any) -> None:
    server.portal.add_source("Town", owner=dict(USER))
    path = tmp_path / "new" / "folder" / "sources.yaml"
    exported = run(ti, HarvestExportSourcesOperator, path=form(path))
    assert (exported["path"], exported["count"], exported["left_out"]) == (str(path), 1, [])
    assert path.read_text() == exported["text"]
    assert len(files.read(path).sources) == 1
    assert run(ti, HarvestPlanSourcesOperator, path=str(path), on_drift="fail")["has_changes"] is False


def test_export_of_one_portal_is_planned_on_another(server: Door, ti: TaskInstance, tmp_path: Path) -> None:
    server.portal.add_source("Town", owner=dict(USER))
    path = tmp_path / "sources.yaml"
    run(ti, HarvestExportSourcesOperator, path=str(path), with_ids=False)
    server.portal.sources.clear()
    assert run(ti, HarvestPlanSourcesOperator, path=str(path))["counts"]["create"] == 1


def test_key_is_nowhere(server: Door, ti: TaskInstance, sources: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    planned = run(ti, HarvestPlanSourcesOperator, path=sources)
    applied = run(ti, HarvestApplySourcesOperator, plan=planned["plan"])
    exported = run(ti, HarvestExportSourcesOperator)
    assert KEY not in caplog.text + json.dumps([planned, applied, exported, ti.xcoms])
