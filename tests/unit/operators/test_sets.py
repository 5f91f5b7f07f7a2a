"""A set as an argument, whose order is another one in each process: what Airflow stores of a DAG must not.

Up to Airflow 3.1 a template field that is a set is stored as a string in the set's own order, so that each parse of the
file made a new version of the DAG.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest.operators.guard import HarvestGuardOperator
from airflow_provider_harvest.operators.health import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.report import HarvestReportOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

SOURCE: dict[str, Any] = {"source_id": "5f00000000000000000000aa"}
#: Enough of them that no order of a set is this one by chance.
SORTED = [f"record {letter}" for letter in "abcdefghijklmnopqrst"]


class Own(HarvestRunSourceOperator):
    """A user's subclass, with a set of its own."""

    def __init__(self, *, tags: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tags = tags


@pytest.mark.parametrize("kind_of_set", [set, frozenset])
@pytest.mark.parametrize(
    "kind, others, name",
    [
        (HarvestRunSourceOperator, SOURCE, "remote_ids"),
        (HarvestJobSensor, SOURCE, "remote_ids"),
        (HarvestJobSensor, SOURCE, "known_job_ids"),
        (HarvestGuardOperator, {}, "source_ids"),
        (HarvestPortalHealthOperator, {}, "checks"),
        (HarvestPortalHealthOperator, {}, "fail_on"),
        (HarvestReportOperator, SOURCE, "formats"),
    ],
)
def test_a_set_is_sorted(kind: Any, others: dict[str, Any], name: str, kind_of_set: type) -> None:
    task = kind(task_id="t", **others, **{name: kind_of_set(SORTED)})
    assert getattr(task, name) == SORTED


def test_a_set_of_default_args_is_sorted() -> None:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with DAG("d", schedule=None, start_date=start, default_args={"fail_on": set(SORTED)}):
        assert HarvestPortalHealthOperator(task_id="t").fail_on == SORTED


def test_a_set_with_more_than_strings_is_sorted_as_strings() -> None:
    mixed: Any = {"b", None, 1}
    assert HarvestRunSourceOperator(task_id="t", **SOURCE, remote_ids=mixed).remote_ids == [1, None, "b"]


def test_a_set_of_a_users_subclass_stays_one() -> None:
    task = Own(task_id="t", tags={"a"}, remote_ids=set(SORTED), **SOURCE)
    assert (task.tags, task.remote_ids) == ({"a"}, SORTED)


def test_the_order_of_a_list_stays() -> None:
    assert HarvestRunSourceOperator(task_id="t", **SOURCE, remote_ids=SORTED[::-1]).remote_ids == SORTED[::-1]
