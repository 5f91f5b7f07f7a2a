"""The example DAGs, run by the Airflow of this environment against one real udata portal."""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from sandbox import Sandbox, environments
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings
from sandbox.loaded_airflow import LoadedAirflow
from sandbox.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.airflow_home import DagOutcome

_EXAMPLES = Path(__file__).resolve().parents[2] / "example_dags"

#: Appended to a copy of each example: polls often, waits little for a preview, and defers after the first poll if tasks
#: are to defer.
_HURRY = """
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask as _Mixin

for _task in dag.tasks:
    if hasattr(_task, "poke_interval"):
        _task.poke_interval = 1
    if hasattr(_task, "poll_interval") and not hasattr(type(_task), "poll_interval"):
        _task.poll_interval = 1
    if hasattr(_task, "preview_timeout"):
        _task.preview_timeout = 10
    if hasattr(_task, "partial_kwargs"):
        if "timeout" in _task.partial_kwargs:
            _task.partial_kwargs["timeout"] = 5
        else:
            _task.partial_kwargs["poll_interval"] = 1
_Mixin.worker_patience = {patience}
"""

_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_Home = TypeVar("_Home", bound=AirflowHome)
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="where the Airflows keep their state"
    )


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


class Airflows:
    """Makes Airflows, each with a copy of a database that is migrated once.

    :param airflow: the process whose forks run all Airflow commands.
    :param folder: of the Airflow whose database is copied.
    :param postgres: the server of the databases; None: SQLite files.
    """

    def __init__(self, airflow: LoadedAirflow, folder: Path, postgres: PostgresServer | None) -> None:
        self.airflow = airflow
        self._postgres = postgres
        settings = {} if postgres is None else {_DATABASE: postgres.create("migrated")}
        self._migrated = AirflowHome(airflow, folder / "home", folder, settings)
        self._migrated.migrate()

    def make(self, folder: Path, settings: dict[str, str], kind: Callable[..., _Home]) -> _Home:
        """Make an Airflow of a kind in a folder; its DAGs are in the folder ``dags`` below."""
        (folder / "dags").mkdir(exist_ok=True)
        if self._postgres is not None:
            settings = {**settings, _DATABASE: self._postgres.create(f"home{next(_numbers)}", template="migrated")}
        home = kind(self.airflow, folder / "home", folder / "dags", settings)
        if self._postgres is None:
            home.adopt_database(self._migrated)
        return home


@pytest.fixture(scope="session")
def airflows(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflows]:
    """What makes the Airflows of the session: `airflows.make(folder, settings, AirflowHome)`."""
    with contextlib.ExitStack() as stack:
        python, postgres = Path(sys.executable), None
        if pytestconfig.getoption("--database") == "postgresql":
            python = environments.ensure("postgres")
            postgres = stack.enter_context(PostgresServer(python))
        airflow = stack.enter_context(LoadedAirflow(python))
        yield Airflows(airflow, tmp_path_factory.mktemp("migrated"), postgres)


class AirflowOfExamples(AirflowHome):
    """An Airflow whose folder gets an example DAG when it is to run: each run parses all that is there, twice."""

    def __init__(self, *arguments: Any, patience: float) -> None:
        super().__init__(*arguments)
        self._hurry = _HURRY.format(patience=patience)

    def run_dag(self, dag_id: str, *arguments: Any, **options: Any) -> DagOutcome:
        name = f"{dag_id}.py"
        (self.dags / name).write_text((_EXAMPLES / name).read_text(encoding="utf-8") + self._hurry, encoding="utf-8")
        return super().run_dag(dag_id, *arguments, **options)


@pytest.fixture
def make_airflow(
    portal: Sandbox, catalogue: str, deferred: bool, airflows: Airflows, tmp_path: Path
) -> Callable[..., AirflowHome]:
    """Make an Airflow with the example DAGs, connected to the portal."""

    def make(key: str | None = None) -> AirflowHome:
        settings = {
            **airflow_settings(portal, key, catalogue),
            "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": str(deferred),
        }
        patience = 0.0 if deferred else 600.0
        return airflows.make(tmp_path, settings, functools.partial(AirflowOfExamples, patience=patience))

    return make
