"""Settings and fixtures of every test; pytest loads this before any test module, so before any Airflow import."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis

from tests.support.examples import ORDINARY, PROFILES

if TYPE_CHECKING:
    import pytest

#: Airflow's warnings that something will go; each release has some of these classes.
_AIRFLOW_DEPRECATIONS = (
    ("airflow.exceptions", "RemovedInAirflow3Warning"),
    ("airflow.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.exceptions", "AirflowProviderDeprecationWarning"),
    ("airflow.sdk.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.utils.deprecation_tools", "DeprecatedImportWarning"),
)


def _isolate_airflow() -> Path:
    """Give Airflow a home of its own, and none of the settings of the person who runs the tests."""
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


def _let_children_be_interrupted() -> None:
    """Undo that SIGINT is ignored, as in the background or under nohup: the processes that tests start inherit it."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


_let_children_be_interrupted()

# Collections are rare, since nearly all that tests make is freed without them.
gc.set_threshold(20_000, 50, 100)

# An ordinary run is reproducible: it tries the same examples each time. `make properties` searches for new ones.
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


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end anyway: Airflow, and thousands of tests."""
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(_AIRFLOW_HOME, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Refuse Airflow's deprecations; filters of warnings come last, since Airflow changes them when it is imported.

    Nothing is imported for tests that import no Airflow.
    """
    if "airflow" in sys.modules:
        _refuse_deprecations(config)
