"""Settings and fixtures of every test; pytest loads this before any test module, so before any Airflow import."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests.support.examples import ORDINARY, PROFILES

#: Airflow's warnings that something will go; each release has some of these classes.
_AIRFLOW_DEPRECATIONS = (
    ("airflow.exceptions", "RemovedInAirflow3Warning"),
    ("airflow.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.exceptions", "AirflowProviderDeprecationWarning"),
    ("airflow.sdk.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.utils.deprecation_tools", "DeprecatedImportWarning"),
)
_MIGRATION_SECONDS = 300


def _isolate_airflow() -> Path:
    """Give Airflow a home of its own, and none of the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="airflow-home-"))
    (home / "dags").mkdir()
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="True",
        AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
        # Airflow 2.11 deprecates its own default of this.
        AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY="True",
        # The portals of the tests are on loopback, where no proxy of the machine must come between.
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    return home


_AIRFLOW_HOME = _isolate_airflow()

# An ordinary run is reproducible: it tries the same examples each time. `make properties` looks for new ones.
for _profile, _examples in PROFILES.items():
    hypothesis.settings.register_profile(
        _profile, max_examples=_examples, deadline=None, print_blob=True, derandomize=_profile == ORDINARY
    )
hypothesis.settings.load_profile(ORDINARY)


def _refuse_deprecations(config: pytest.Config) -> None:
    """Make an error of each deprecation that Airflow announces."""
    for module, name in _AIRFLOW_DEPRECATIONS:
        try:
            exists = hasattr(importlib.import_module(module), name)
        except ImportError:
            exists = False
        if exists:
            config.addinivalue_line("filterwarnings", f"error::{module}.{name}")
    # Airflow 3.1 imports this itself when the first operator is made or the first connection is read.
    config.addinivalue_line("filterwarnings", "ignore:The `airflow.operators.branch.BaseBranchOperator` attribute")


def pytest_unconfigure() -> None:
    shutil.rmtree(_AIRFLOW_HOME, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked ``airflow`` find a migrated database; nothing is imported for tests that import no Airflow.

    Filters of warnings come last, since Airflow changes them when it is imported first.
    """
    if "airflow" in sys.modules:
        _refuse_deprecations(config)
    for item in items:
        if item.get_closest_marker("airflow") and isinstance(item, pytest.Function):
            item.fixturenames.insert(0, "airflow_database")


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """Airflow's home in this run, an empty folder at its begin; DAG files belong into its folder ``dags``."""
    return _AIRFLOW_HOME


@pytest.fixture(scope="session")
def airflow_database(airflow_home: Path) -> None:
    """Airflow's database, migrated (SQLite, in Airflow's home)."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    log = airflow_home / "migrate.log"
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, timeout=_MIGRATION_SECONDS, check=False)
    assert done.returncode == 0, f"'airflow db migrate' failed: {log.read_text()[-2000:]}"
