"""The example DAGs, run by the Airflow of this environment against one real udata portal."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Sandbox
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EXAMPLES = Path(__file__).resolve().parents[2] / "example_dags"

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
