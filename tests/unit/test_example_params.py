"""The parameters of the example DAGs, as the form to trigger a DAG checks them: defaults pass, slips do not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2.11 and 3.1
    from airflow.models.dagbag import DagBag  # type: ignore[no-redef]

from tests.support.airflow_release import HAS_EVENT_TRIGGERS

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "example_dags").glob("*.py"))

SLIPS = [
    ("harvest_nightly", {"organization": ""}),
    ("harvest_nightly", {"organization": None}),
    ("harvest_onboarding", {"name": ""}),
    ("harvest_onboarding", {"url": "catalogue.example.org/catalog.xml"}),
    ("harvest_onboarding", {"url": "htps://catalogue.example.org/"}),
    ("harvest_onboarding", {"backend": ""}),
    ("harvest_onboarding", {"organization": ""}),
    ("harvest_onboarding", {"cron": "30 4 * *"}),
    ("harvest_onboarding", {"cron": "every night"}),
    ("harvest_portal_watch", {"organization": ""}),
    ("harvest_producer", {"url": ""}),
    ("harvest_producer", {"organization": ""}),
    ("harvest_sources_as_code", {"path": ""}),
    ("harvest_sources_as_code", {"path": "sources"}),
    ("harvest_sources_as_code", {"environment": ""}),
]


#: Airflow 2 has examples of its own.
BAG: dict[str, Any] = {} if HAS_EVENT_TRIGGERS else {"include_examples": False}


def dag(dag_id: str) -> Any:
    """An example."""
    path = str(next(path for path in EXAMPLES if path.stem == dag_id))
    bag: Any = DagBag(path, **BAG)
    assert bag.import_errors == {}
    return bag.dags[dag_id]


def params(dag_id: str) -> Any:
    """The parameters of an example."""
    return dag(dag_id).params


@pytest.mark.parametrize("dag_id", [path.stem for path in EXAMPLES])
def test_defaults_pass(dag_id: str) -> None:
    params(dag_id).validate()


@pytest.mark.parametrize("dag_id, given", SLIPS)
def test_slip_is_refused_when_the_dag_is_triggered(dag_id: str, given: dict[str, Any]) -> None:
    told = params(dag_id)
    with pytest.raises(Exception, match="Invalid input") as refused:  # noqa: PT012 -- Airflow 3 checks as it is set
        told.update(given)
        told.validate()
    assert next(iter(given)) in str(refused.value) or "schema" in str(refused.value)


@pytest.mark.parametrize("digest", ["0123456789ab", "123456789012", "12345678e012", "012345678901"])
def test_a_plan_is_approved_by_its_digest_before_airflow_3_1(digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by one that is a number to native rendering, which the DAG has."""
    monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.hitl", None)
    example = dag("harvest_sources_as_code")
    approve = example.get_task("approve")
    context = {"params": {"approved": digest}, "dag": example}
    strings = [value for value in approve.op_args if isinstance(value, str)]  # the other is the plan's own digest
    rendered = approve.render_template(strings, context, example.get_template_env())
    assert approve.python_callable(digest, *rendered, params=context["params"]) is True
    assert approve.python_callable(f"{digest[:-1]}x", *rendered, params=context["params"]) is False
