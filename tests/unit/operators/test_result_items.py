"""A wait writes four XComs, and each item of its result is read as ``output["outcome"]`` all the same."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_harvest._compat import BaseOperator, PlainXComArg
from airflow_provider_harvest.operators._result_items import ITEMS, push_result
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestCreateSourceOperator, HarvestPreviewSourceOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.task_life import Life
from tests.support.task_stories import RUN_MODES, SENSOR_MODES, STORIES

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

RESULT: Any = {"outcome": "success", "items": {"done": 4}, "failure_kind": None}


def task_of(kind: type[Any], **arguments: Any) -> Any:
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):
        return kind(task_id="harvest", **arguments)


@pytest.mark.parametrize("mode", [*RUN_MODES, *SENSOR_MODES])
def test_a_wait_writes_four_xcoms(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [story] = [story for story in STORIES if story.name == "done"]
    life = Life(mode, story, False, monkeypatch)
    assert life.lead() == "success"
    # With what Airflow writes of what a task returns, these are four.
    assert set(life.xcoms) == {"harvest_result", "harvest_source_url", "harvest_job_url"}


@pytest.mark.parametrize("kind", [HarvestRunSourceOperator, HarvestJobSensor, HarvestPreviewSourceOperator])
def test_airflow_writes_the_result_once_unless_each_key_is_requested(kind: type[Any]) -> None:
    assert not task_of(kind, source_id="towns").multiple_outputs
    assert task_of(kind, source_id="towns", multiple_outputs=True).multiple_outputs


@pytest.mark.parametrize("kind", [HarvestRunSourceOperator, HarvestJobSensor, HarvestPreviewSourceOperator])
@pytest.mark.parametrize(
    "key, returned, read",
    [
        pytest.param("outcome", RESULT, "success", id="an item"),
        pytest.param("items", RESULT, {"done": 4}, id="an item that is an object"),
        pytest.param("failure_kind", RESULT, None, id="an item that is null"),
        pytest.param("changes", RESULT, None, id="an item that an older version did not write"),
        pytest.param("outcome", None, None, id="the task was skipped"),
        pytest.param("outcome", [RESULT, None], ["success", None], id="the task is in a mapped task group"),
    ],
)
def test_an_item_is_read_from_the_result(
    kind: type[Any], key: str, returned: object, read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = task_of(kind, source_id="towns").output
    pulled: list[str] = []
    monkeypatch.setattr(PlainXComArg, "resolve", lambda self, context: pulled.append(self.key) or returned)

    assert output[key].resolve({}) == read
    assert pulled == ["return_value"]


def test_an_item_in_a_string_is_read_from_the_result_too() -> None:
    run = task_of(HarvestRunSourceOperator, source_id="towns")
    assert f"was {run.output['outcome']}" == (
        "was {{ task_instance.xcom_pull(task_ids='harvest', dag_id='dag', key='return_value')['outcome'] }}"
    )


@pytest.mark.parametrize("key", ["harvest_result", "harvest_job_url", "no_such_key"])
def test_any_other_key_is_an_xcom_of_its_own(key: str) -> None:
    run = task_of(HarvestRunSourceOperator, source_id="towns")
    assert f"key='{key}'" in str(run.output[key])


def test_a_source_writes_each_key_as_the_contract_says() -> None:
    create = task_of(HarvestCreateSourceOperator, name="Towns", url="https://town.example", backend="dcat")
    assert create.multiple_outputs
    assert "key='id'" in str(create.output["id"])


@pytest.mark.parametrize(
    "refer, pushed",
    [
        pytest.param(lambda output: {"source_id": "towns"}, set(), id="none"),
        pytest.param(lambda output: {"source_id": output["outcome"]}, {"outcome"}, id="one"),
        pytest.param(
            lambda output: {"source_id": "towns", "remote_ids": [output["outcome"], {"deep": output["items"]}]},
            {"outcome", "items"},
            id="within lists and objects",
        ),
        pytest.param(lambda output: {"source_id": output["harvest_job_url"]}, set(), id="no item"),
        pytest.param(lambda output: {"source_id": output}, set(), id="all of it"),
    ],
)
@pytest.mark.parametrize("is_mapped", [False, True], ids=["read by a task", "read by a mapped task"])
def test_a_mapped_task_pushes_the_items_that_later_tasks_refer_to(
    refer: Any, pushed: set[str], is_mapped: bool
) -> None:
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
        mapped = HarvestRunSourceOperator.partial(task_id="harvest").expand(source_id=["towns", "roads"])
        arguments = refer(mapped.output)
        if is_mapped:
            HarvestRunSourceOperator.partial(task_id="later", **arguments).expand(after=["2026-01-01T00:00:00Z"])
        else:
            HarvestRunSourceOperator(task_id="later", **arguments)
    task = SimpleNamespace(task_id="harvest", dag=dag)
    xcoms: dict[str, Any] = {}
    ti = SimpleNamespace(map_index=1, task=task, xcom_push=lambda key, value: xcoms.update({key: value}))

    push_result({"ti": ti}, RESULT)  # type: ignore[typeddict-item]

    assert xcoms == {"harvest_result": RESULT, **{key: RESULT[key] for key in pushed}}


class OfAnotherPackage(BaseOperator):
    """A task with a template field that can be read only while the task itself runs."""

    template_fields = ("early", "lazy", "payload")
    is_parsed = False

    def __init__(self, *, payload: Any, early: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.payload = payload
        self.early = early

    @property
    def lazy(self) -> None:
        if self.is_parsed:
            raise RuntimeError("There is no session now.")

    @lazy.setter
    def lazy(self, value: Any) -> None: ...


@pytest.mark.parametrize("is_within", [False, True], ids=["of its own", "of an object in an argument"])
def test_a_later_task_that_cannot_be_read_fails_no_harvest(is_within: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
        mapped = HarvestRunSourceOperator.partial(task_id="harvest").expand(source_id=["towns", "roads"])
        output: Any = mapped.output
        outcome = output["outcome"]
        within = {"early": [OfAnotherPackage(task_id="within", payload=None)]} if is_within else {}
        OfAnotherPackage(task_id="later", payload=[outcome], **within)
    monkeypatch.setattr(OfAnotherPackage, "is_parsed", True)
    xcoms: dict[str, Any] = {}
    task = SimpleNamespace(task_id="harvest", dag=dag)
    ti = SimpleNamespace(map_index=1, task=task, xcom_push=lambda key, value: xcoms.update({key: value}))

    push_result({"ti": ti}, RESULT)  # type: ignore[typeddict-item]

    assert xcoms == {"harvest_result": RESULT, "outcome": "success"}


def test_the_items_are_the_keys_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    [story] = [story for story in STORIES if story.name == "done"]
    life = Life(RUN_MODES[0], story, False, monkeypatch)
    life.lead()
    assert set(life.xcoms["harvest_result"]) == ITEMS
