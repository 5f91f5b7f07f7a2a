"""Gives Airflow a home for this process; to be imported before Airflow."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def _isolate() -> Path:
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
        # Nobody reads metrics: with these names, importing Airflow reads a long table of them.
        AIRFLOW__METRICS__LEGACY_NAMES_ON="False",
        # Airflow 2.11 deprecates its own default of this.
        AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY="True",
        # The portals of the tests are on loopback, where no proxy of the machine must come between.
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    return home


#: The home of this process; who loads this removes it.
HOME = _isolate()
