"""An argument that was given and came to nothing is refused, in every template field of every operator."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from airflow_provider_harvest._compat import AirflowFailException
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.operators._retries import HarvestFailException
from airflow_provider_harvest.operators.as_code import (
    HarvestExportSourcesOperator,
    HarvestPlanSourcesOperator,
    _number,
)
from airflow_provider_harvest.operators.guard import HarvestGuardOperator
from airflow_provider_harvest.operators.health import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.preview import HarvestPreviewSourceOperator
from airflow_provider_harvest.operators.source import (
    HarvestDeleteSourceOperator,
    HarvestListSourcesOperator,
    HarvestUpdateSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.sensors.job import HarvestJobSensor

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined, no-redef]

ID = "5f00000000000000000000aa"


@pytest.mark.parametrize(
    "kind, given, is_refused",
    [
        pytest.param(HarvestRunSourceOperator, {"remote_ids": None}, True, id="records of a task that was skipped"),
        pytest.param(HarvestRunSourceOperator, {"after": None}, True, id="a time"),
        pytest.param(HarvestJobSensor, {"known_job_ids": None}, True, id="known jobs"),
        pytest.param(HarvestJobSensor, {"known_job_ids": []}, False, id="no known jobs"),
        pytest.param(HarvestListSourcesOperator, {"organization": " "}, True, id="a blank organization"),
        pytest.param(HarvestListSourcesOperator, {"organization": "north"}, False, id="an organization"),
        pytest.param(HarvestUpdateSourceOperator, {"description": ""}, False, id="a blank description"),
        pytest.param(HarvestUpdateSourceOperator, {"description": None}, True, id="no description"),
        pytest.param(HarvestUpdateSourceOperator, {"description": "None"}, True, id="a description None as string"),
        pytest.param(HarvestValidateSourceOperator, {"comment": None}, False, id="no comment"),
        pytest.param(HarvestPlanSourcesOperator, {"environment": None}, False, id="no environment"),
        pytest.param(HarvestPlanSourcesOperator, {"environment": ""}, True, id="a blank environment"),
        pytest.param(HarvestPlanSourcesOperator, {"environment": "None"}, True, id="no environment as a string"),
        pytest.param(HarvestPlanSourcesOperator, {"path": None}, True, id="no path"),
        pytest.param(HarvestPortalHealthOperator, {"organization": None}, False, id="health of the whole portal"),
        pytest.param(HarvestPortalHealthOperator, {"organization": ""}, True, id="health of a blank organization"),
        pytest.param(HarvestListSourcesOperator, {"organization": None}, True, id="sources of no organization"),
    ],
)
def test_what_was_given_and_is_empty(kind: Any, given: dict[str, Any], is_refused: bool) -> None:
    needed = (
        {"source_id": ID}
        if "source_id" in kind.template_fields
        else {"path": "x"}
        if "path" in kind.template_fields
        else {}
    )
    task = kind(task_id="t", **{**needed, **dict.fromkeys(given, "{{ x }}")})
    task.render_template = lambda value, *args, **kwargs: next(iter(given.values())) if value == "{{ x }}" else value
    task.render_template_fields({"ti": SimpleNamespace()}, SimpleNamespace())
    if not is_refused:
        task.refuse_nothing()
        return
    with pytest.raises(HarvestInvalidInput, match=next(iter(given))):
        task.refuse_nothing()
    with pytest.raises(HarvestFailException), task.errors():
        raise AssertionError("It went on.")


def test_a_template_that_renders_none() -> None:
    task = HarvestListSourcesOperator(task_id="t", organization="{{ missing }}")
    task.render_template_fields({"missing": None})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(HarvestInvalidInput, match="organization"):
        task.refuse_nothing()


@pytest.mark.parametrize(
    "name, values, is_refused",
    [
        ("remote_ids", "the result of a task", True),
        ("remote_ids", [["a"], None], False),
        ("source_id", "the result of a task", False),
    ],
)
def test_none_among_the_values_that_a_task_is_mapped_over(name: str, values: Any, is_refused: bool) -> None:
    """Airflow makes the instance with the value None, as if the argument had been left out."""
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:

        @task
        def etl() -> list[Any]:
            return [["a"], None]

        over = etl() if isinstance(values, str) else values
        others = {} if name == "source_id" else {"source_id": ID}
        mapped = HarvestRunSourceOperator.partial(task_id="t", **others).expand(**{name: over})
    made: Any = mapped.unmap({"source_id": ID, "remote_ids": None} if name == "source_id" else {name: None})
    context: Any = {"dag": dag}
    made._do_render_template_fields(made, mapped.template_fields, context, mapped.get_template_env(), set())
    if not is_refused:
        made.refuse_nothing()
        return
    with pytest.raises(HarvestInvalidInput, match=name):
        made.refuse_nothing()


@pytest.mark.parametrize(
    "rows, made_with, is_refused",
    [
        ("the result of a task", {"source_id": ID, "remote_ids": None}, True),
        ("rows with results of tasks", {"source_id": ID, "remote_ids": None}, True),
        ("a row of a task among others", {"source_id": ID, "remote_ids": None}, True),
        ("the result of a task", {"source_id": ID}, False),
        ("the result of a task", {"source_id": ID, "remote_ids": ["a"]}, False),
        ([{"source_id": ID, "remote_ids": None}], {"source_id": ID, "remote_ids": None}, False),
    ],
)
def test_none_in_a_row_of_arguments_that_a_task_is_mapped_over(
    rows: Any, made_with: dict[str, Any], is_refused: bool
) -> None:
    """What the DAG itself leaves as None, in ``partial`` or in a row, was meant."""
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:

        @task
        def etl() -> list[Any]:
            return [made_with]

        over: Any = {
            "the result of a task": lambda: etl(),
            "rows with results of tasks": lambda: [{"source_id": ID, "remote_ids": etl()}],
            "a row of a task among others": lambda: [{"source_id": ID}, etl()],
        }
        mapped = HarvestRunSourceOperator.partial(task_id="t", after=None).expand_kwargs(
            over[rows]() if isinstance(rows, str) else rows
        )
    made: Any = mapped.unmap(made_with)
    context: Any = {"dag": dag}
    made._do_render_template_fields(made, mapped.template_fields, context, mapped.get_template_env(), set())
    if not is_refused:
        made.refuse_nothing()
        return
    with pytest.raises(HarvestInvalidInput, match="remote_ids"):
        made.refuse_nothing()


def test_what_was_not_given_is_fine() -> None:
    task = HarvestRunSourceOperator(task_id="t", source_id=ID)
    task.render_template_fields({})
    task.refuse_nothing()


@pytest.mark.parametrize("value, deferring", [(True, True), (False, False), ("True", True), ("False", False)])
def test_deferrable_as_a_text(value: Any, deferring: bool) -> None:
    assert HarvestRunSourceOperator(task_id="t", source_id=ID, deferrable=value).is_deferring() is deferring


def test_deferrable_that_says_neither() -> None:
    with pytest.raises(HarvestInvalidInput, match="deferrable"):
        HarvestRunSourceOperator(task_id="t", source_id=ID, deferrable="maybe").is_deferring()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [HarvestRunSourceOperator, HarvestJobSensor])
def test_deferrable_that_says_neither_is_refused_before_anything_is_sent(kind: Any) -> None:
    """No connection is looked up, and Airflow does not retry it."""
    with pytest.raises(AirflowFailException, match="deferrable"):
        kind(task_id="t", source_id=ID, deferrable="maybe").execute({"ti": MagicMock()})


@pytest.mark.parametrize(
    "kind, switch, needed",
    [
        (HarvestRunSourceOperator, "fail_on_outcome", {"source_id": ID}),
        (HarvestRunSourceOperator, "fail_on_job_errors", {"source_id": ID}),
        (HarvestJobSensor, "fail_on_outcome", {"source_id": ID}),
        (HarvestPreviewSourceOperator, "fail_on_outcome", {"source_id": ID}),
        (HarvestDeleteSourceOperator, "missing_ok", {"source_id": ID}),
        (HarvestPlanSourcesOperator, "prune", {"path": "x"}),
        (HarvestPlanSourcesOperator, "allow_duplicates", {"path": "x"}),
        (HarvestExportSourcesOperator, "with_ids", {}),
        (HarvestGuardOperator, "examine_all", {}),
    ],
)
def test_a_switch_as_a_string(kind: Any, switch: str, needed: dict[str, str]) -> None:
    """A string such as "False", as from a configuration, is true to Python: it would prune."""
    for given, read in (("False", False), ("true", True), (False, False)):
        task = kind(task_id="t", **needed, **{switch: given})
        with task.errors():
            assert getattr(task, switch) is read
    with (
        pytest.raises(HarvestFailException, match=f"{switch} must be True or False"),
        kind(task_id="t", **needed, **{switch: "maybe"}).errors(),
    ):
        raise AssertionError("It went on.")


class Loud(HarvestRunSourceOperator):
    """A subclass as a user writes it: a switch of its own that it does not keep, and the others unnamed."""

    def __init__(self, *, loud: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def test_switches_of_a_users_subclass_are_its_own_and_ours_are_read() -> None:
    made = Loud(task_id="t", source_id=ID, fail_on_outcome="False")
    with made.errors():
        assert made.fail_on_outcome is False


@pytest.mark.parametrize("number", ["", "None", " "])
def test_a_blank_limit_of_deletions_is_no_missing_limit(number: str) -> None:
    """Only None sets none."""
    with pytest.raises(HarvestInvalidInput, match="max_deletes"):
        _number(number, "max_deletes")


def test_a_failure_shows_its_message_once() -> None:
    task = HarvestRunSourceOperator(task_id="t", source_id=ID)
    with pytest.raises(HarvestFailException) as caught, task.errors():
        raise HarvestInvalidInput("Once.")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert str(caught.value.error) == "Once."
