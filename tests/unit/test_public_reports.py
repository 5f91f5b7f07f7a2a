"""What public reports say of other providers and of tools that plan and apply, tried here; each names its report."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_harvest._compat import BaseOperator
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.hooks._connection_settings import connection_settings
from airflow_provider_harvest.operators import job, portal, source
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestCreateSourceOperator
from airflow_provider_harvest.portal.http.address import site_url
from airflow_provider_harvest.portal.http.places import CONNECTION
from airflow_provider_harvest.portal.inputs import check_config
from airflow_provider_harvest.sensors.job import HarvestJobSensor

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

ID = "5f00000000000000000000aa"
KINDS: set[type[BaseOperator]] = {
    kind
    for module in (job, source, portal)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, BaseOperator) and kind.__name__.startswith("Harvest")
} | {HarvestJobSensor}


def dag(**how: Any) -> DAG:
    return DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, **how)


@pytest.mark.parametrize("kind", sorted(KINDS, key=str), ids=lambda kind: kind.__name__)
def test_template_fields_are_a_sequence_of_own_attributes(kind: Any) -> None:
    """aws-samples/emr-serverless-samples#21: a string in their place is read as single characters by the task."""
    assert isinstance(kind.template_fields, (tuple, list))
    examples = {"source_id": ID, "name": "n", "url": "u", "backend": "b", "cron": "c", "path": "p", "plan": "p"}
    with dag():
        task = kind(task_id="t", **{name: value for name, value in examples.items() if name in kind.template_fields})
    assert [name for name in kind.template_fields if not hasattr(task, name)] == []


@pytest.mark.parametrize(
    "given, taken",
    [
        pytest.param(["1.0"], None, id="a version becomes a float"),
        pytest.param(["12345"], ("12345",), id="digits become an int, and are digits again"),
        pytest.param(["007"], ("007",), id="digits that are no number of Python's"),
        pytest.param(["a-b", "12"], ("a-b", "12"), id="a mixture"),
    ],
)
def test_native_rendering_changes_texts_without_a_template(given: list[str], taken: tuple[str, ...] | None) -> None:
    """apache/airflow#35987, #35577: with render_template_as_native_obj=True also what holds no braces is evaluated."""
    with dag(render_template_as_native_obj=True):
        task = HarvestRunSourceOperator(task_id="t", source_id=ID, remote_ids=given)
    context: Any = {"ti": SimpleNamespace()}
    task.render_template_fields(context)
    if taken is None:
        with pytest.raises(HarvestInvalidInput, match="native objects"):
            task.outcome_policy()
    else:
        assert task.outcome_policy().remote_ids == taken


def test_booleans_in_a_templated_dict_stay_booleans() -> None:
    """apache/airflow#1310: a template engine that takes every value for a string."""
    config = {"features": {"geo": True, "other": False}, "filters": [{"key": "tags", "value": "{{ tag }}"}]}
    with dag():
        task = HarvestCreateSourceOperator(task_id="t", name="n", url="u", backend="b", config=config)
    task.render_template_fields({"tag": "water"})  # type: ignore[typeddict-unknown-key]
    assert task.config == {
        "features": {"geo": True, "other": False},
        "filters": [{"key": "tags", "value": "water"}],
    }


def test_a_configuration_that_arrives_as_a_text_is_refused() -> None:
    """apache/airflow#24325: JSON that is a string in one rendering and an object in the other is posted as it comes."""
    with pytest.raises(HarvestInvalidInput, match="config must be a dict"):
        check_config('{"filters": []}')


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("spark://k8s://100.68.0.1:443", id="two schemes of another system"),
        pytest.param("https://https://portal.example", id="pasted behind the scheme that stood there"),
        pytest.param("https//portal.example", id="a scheme without its colon"),
        pytest.param("https", id="only a scheme"),
        pytest.param("https://portal.example,https://other.example", id="two portals"),
    ],
)
def test_a_host_that_is_no_host_is_refused_before_a_key_is_sent_there(host: str) -> None:
    """apache/airflow#31460, #10256: the form takes anything, and the first request fails far away from it."""
    with pytest.raises(HarvestInvalidInput, match="connection's host"):
        site_url(host, places=CONNECTION)


@pytest.mark.parametrize("extra", ["true", "false", "[]", '"https"', "https"])
def test_an_extra_that_is_no_object_is_a_sentence(extra: str) -> None:
    """apache/airflow#28465: a hook that wants the bare word true in a field whose form takes objects only."""
    connection: Any = SimpleNamespace(extra=extra, host="portal.example", schema=None, port=None, password=None)
    with pytest.raises(HarvestInvalidInput, match="extra is no"):
        connection_settings(connection)
