"""Settings and fixtures of every test; pytest loads this before any test module, so before any Airflow import."""

from __future__ import annotations

import gc
import importlib
import shutil
import signal
import sys
import threading

import pytest

from tests.support import isolated_airflow

#: Airflow's warnings that something will go; each release has some of these classes.
_AIRFLOW_DEPRECATIONS = (
    ("airflow.exceptions", "RemovedInAirflow3Warning"),
    ("airflow.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.exceptions", "AirflowProviderDeprecationWarning"),
    ("airflow.sdk.exceptions", "RemovedInAirflow4Warning"),
    ("airflow.utils.deprecation_tools", "DeprecatedImportWarning"),
)
#: Says how many examples properties are tried on; whatever imports Hypothesis imports this before.
_EXAMPLES = "tests.support.examples"


def _let_children_be_interrupted() -> None:
    """Undo that SIGINT is ignored, as in the background or under nohup: the processes that tests start inherit it."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


_let_children_be_interrupted()

# Collections are rare, since nearly all that tests make is freed without them.
gc.set_threshold(20_000, 50, 100)


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


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Define the profiles of Hypothesis before its plugin selects one; tests without properties do not load it."""
    if config.getoption("hypothesis_profile", None):
        importlib.import_module(_EXAMPLES)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end anyway: Airflow, and thousands of tests."""
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(isolated_airflow.HOME, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Refuse Airflow's deprecations; filters of warnings come last, since Airflow changes them when it is imported.

    Nothing is imported for tests that import no Airflow.
    """
    if "hypothesis" in sys.modules and _EXAMPLES not in sys.modules:
        raise pytest.UsageError(f"a module has imported hypothesis: import {_EXAMPLES} before, which sets its profile")
    if "airflow" in sys.modules:
        _refuse_deprecations(config)
