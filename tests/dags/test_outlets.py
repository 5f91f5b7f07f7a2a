"""A DAG that is scheduled on a harvested source can read in the asset's event what the harvest came to."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Sandbox
    from tests.dags.conftest import Airflows


def has_asset_references() -> bool:
    """Whether this Airflow lets a task name an asset that another file defines."""
    try:
        from airflow.sdk import Asset
    except ImportError:
        return False
    return hasattr(Asset, "ref")


pytestmark = [pytest.mark.integration, pytest.mark.slow]

_DAG = """
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, Asset
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.datasets import Dataset as Asset

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator

with DAG("with_outlet", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, catchup=False) as dag:
    run = HarvestRunSourceOperator(
        task_id="run", source_id="{source_id}", poll_interval=2, outlets=[Asset(uri="harvest-test://town")]
    )
    run.worker_patience = {patience}
"""


@pytest.fixture
def source_id(portal: Sandbox, catalogue: str) -> str:
    """An accepted source."""
    with HarvestClient(portal.url, portal.keys.admin) as client:
        source = client.create_source(
            catalogue, portal.catalogue.url(catalogue), "dcat", organization=portal.organization.id
        )
        client.validate_source(source.id)
    portal.control.wait_until_idle()
    return source.id


def test_the_event_of_an_outlet_carries_the_result(
    portal: Sandbox,
    source_id: str,
    deferred: bool,
    airflows: Airflows,
    tmp_path: Path,
) -> None:
    portal.control.delay_items(0.5)
    patience = 0.0 if deferred else 600.0
    settings = {**airflow_settings(portal), "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": str(deferred)}
    airflow = airflows.make(tmp_path, settings, AirflowHome)
    (airflow.dags / "with_outlet.py").write_text(_DAG.format(source_id=source_id, patience=patience))
    airflow.register_dags()

    outcome = airflow.run_dag("with_outlet")

    assert outcome.state == "success", outcome.log[-3000:]
    assert ("Deferred: a triggerer polls" in outcome.log) is deferred
    (extra,) = _event_extras(airflow)
    assert {**extra, **outcome.xcoms["run", "harvest_result"]} == extra
    assert extra["outcome"] == "success"


def _event_extras(airflow: AirflowHome) -> list[dict[str, object]]:
    with sqlite3.connect(airflow.home / "airflow.db") as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        table = "asset_event" if "asset_event" in tables else "dataset_event"
        return [json.loads(extra) for (extra,) in database.execute(f"SELECT extra FROM {table}")]  # noqa: S608


_DAG_OF_REFERENCES = """
from datetime import datetime, timezone

from airflow.sdk import DAG, Asset

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator

start = datetime(2026, 1, 1, tzinfo=timezone.utc)
town = Asset(name="town", uri="harvest-test://town/all")
with DAG("after_the_town", start_date=start, schedule=[town], catchup=False):
    pass
with DAG("with_reference", start_date=start, schedule=None, catchup=False) as dag:
    HarvestRunSourceOperator(task_id="run", source_id="{source_id}", poll_interval=2, outlets=[{outlet}])
"""


@pytest.mark.skipif(not has_asset_references(), reason="Airflow 2.11 has datasets, and no references to them")
@pytest.mark.parametrize(
    "outlet, is_known",
    [
        ('Asset.ref(name="town")', True),
        ('Asset.ref(uri="harvest-test://town/all")', True),
        ('Asset.ref(name="village")', False),
        ('Asset.ref(uri="harvest-test://village/all")', False),
    ],
)
def test_a_reference_as_an_outlet(
    portal: Sandbox, source_id: str, airflows: Airflows, tmp_path: Path, outlet: str, is_known: bool
) -> None:
    """The event of the asset carries the result; a reference to nothing turns no good harvest red."""
    airflow = airflows.make(tmp_path, airflow_settings(portal), AirflowHome)
    (airflow.dags / "with_reference.py").write_text(_DAG_OF_REFERENCES.format(source_id=source_id, outlet=outlet))
    airflow.register_dags()

    outcome = airflow.run_dag("with_reference")

    assert outcome.state == "success", outcome.log[-3000:]
    extras = [extra["outcome"] for extra in _event_extras(airflow)]
    assert extras == (["success"] if is_known else []), outcome.log[-3000:]


_DAG_OF_A_WATCHED_OUTLET = """
from datetime import datetime, timezone

from airflow.sdk import DAG

from airflow_provider_harvest.assets import harvest_asset
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator

start = datetime(2026, 1, 1, tzinfo=timezone.utc)
town = harvest_asset("{portal}", {named}, watch="{watch}")
with DAG("after_the_town", start_date=start, schedule=[town], catchup=False):
    pass
with DAG("with_watched_outlet", start_date=start, schedule=None, catchup=False) as dag:
    HarvestRunSourceOperator(task_id="run", source_id="{source_id}", poll_interval=2, outlets=[town])
"""


@pytest.mark.skipif(not has_asset_references(), reason="Airflow 2.11 has datasets, and no watchers of them")
@pytest.mark.parametrize(
    "of, watch, is_warned, is_other",
    [
        ("its source", "success", True, False),
        ("its source", "failure", False, False),
        ("its organization", "success", True, False),
        ("another organization", "success", False, True),
    ],
)
def test_an_outlet_that_is_also_watched_is_warned_of(
    portal: Sandbox, source_id: str, airflows: Airflows, tmp_path: Path, of: str, watch: str, is_warned: bool,
    is_other: bool,
) -> None:  # fmt: skip
    """Its watcher fires a second event for a harvest that succeeds, and one for each that fails, as no outlet does.

    Airflow fires the event of an outlet also if it names another organization.
    """
    named = {
        "its source": f"source_id={source_id!r}",
        "its organization": f"organization_id={portal.organization.id!r}",
        "another organization": f"organization_id={'5f' * 12!r}",
    }[of]
    airflow = airflows.make(tmp_path, airflow_settings(portal), AirflowHome)
    dag = _DAG_OF_A_WATCHED_OUTLET.format(portal=portal.url, source_id=source_id, named=named, watch=watch)
    (airflow.dags / "with_watched_outlet.py").write_text(dag)
    airflow.register_dags()

    outcome = airflow.run_dag("with_watched_outlet")

    assert outcome.state == "success", outcome.log[-3000:]
    log = " ".join(outcome.log.split())
    assert ("that fires two events" in log) is is_warned, outcome.log[-3000:]
    assert ("but names another organization than that of source" in log) is is_other, outcome.log[-3000:]
    assert [extra["outcome"] for extra in _event_extras(airflow)] == ["success"]
