"""The example DAGs, run by the Airflow of this environment against one real udata portal."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import Sandbox
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = Path(__file__).resolve().parents[2]
_EXAMPLES = _ROOT / "example_dags"

#: Appended to a copy of each example: looks often, and, where tasks are to defer, defers after the first look.
_HURRY = """
from airflow_provider_harvest.operators._waiting import HarvestWaitingTask as _Mixin

for _task in dag.tasks:
    if hasattr(_task, "poke_interval"):
        _task.poke_interval = 2
    if hasattr(_task, "poll_interval") and not hasattr(type(_task), "poll_interval"):
        _task.poll_interval = 2
    if hasattr(_task, "partial_kwargs"):
        if "timeout" in _task.partial_kwargs:
            _task.partial_kwargs["timeout"] = 5
        else:
            _task.partial_kwargs["poll_interval"] = 2
_Mixin.worker_patience = {patience}
"""

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def portal() -> Iterator[Sandbox]:
    """A udata portal, shared by all tests of the session."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture(params=[False, True], ids=["on the worker", "deferred"])
def deferred(request: pytest.FixtureRequest) -> bool:
    """Whether tasks wait in a triggerer."""
    return bool(request.param)


@pytest.fixture
def catalogue(portal: Sandbox) -> Iterator[str]:
    """The name of a catalogue that no other test uses; its items take a moment each."""
    name = f"town-{next(_numbers)}"
    portal.catalogue.put(name, datasets=4, prefix=f"{name}-")
    yield name
    portal.control.reset()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> AirflowHome:
    """An Airflow whose database is made, for the others to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    airflow = AirflowHome(Path(sys.executable), folder / "home", folder, {})
    airflow.migrate()
    return airflow


@pytest.fixture
def make_airflow(
    portal: Sandbox, catalogue: str, deferred: bool, migrated: AirflowHome, tmp_path: Path
) -> Callable[..., AirflowHome]:
    """Make an Airflow with the example DAGs, connected to the portal."""

    def make(key: str | None = None) -> AirflowHome:
        dags = tmp_path / "dags"
        dags.mkdir()
        hurry = _HURRY.format(patience=0.0 if deferred else 600.0)
        for example in _EXAMPLES.glob("*.py"):
            (dags / example.name).write_text(example.read_text() + hurry)
        settings = {
            **airflow_settings(portal, key, catalogue),
            "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": str(deferred),
        }
        airflow = AirflowHome(Path(sys.executable), tmp_path / "home", dags, settings)
        airflow.adopt_database(migrated)
        return airflow

    return make


def read_buttons(home: Path, dag_file: Path, dag_id: str) -> dict[str, dict[str, str | None]]:
    """Return the address of each button of a DAG's newest run, by task and label, as Airflow's pages find them."""
    result = home / f"buttons-of-{dag_id}.json"
    program = [sys.executable, str(Path(__file__).with_name("read_links.py"))]
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dag_file.parent),
        "PYTHONPATH": str(_ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [*program, str(dag_file), dag_id, str(result)],
        env={name: value for name, value in environment.items() if name != "AIRFLOW__CORE__UNIT_TEST_MODE"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read: dict[str, Any] = json.loads(result.read_text())
    return read


@pytest.fixture(scope="session")
def buttons_of() -> Callable[[Path, Path, str], dict[str, dict[str, str | None]]]:
    """Return :func:`read_buttons`."""
    return read_buttons
