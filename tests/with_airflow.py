"""Runs pytest in a process that has loaded Airflow, and that has forked a server of fresh Airflow processes before.

python3 -m tests.with_airflow tests/unit/test_parsing.py

Plain pytest runs the same tests; then those that need a fresh Airflow load it once more, which takes seconds.
"""

from __future__ import annotations

import sys

from tests.support import (
    fork_server,
    isolated_airflow,  # noqa: F401 - before Airflow is loaded
)

if __name__ == "__main__":
    fork_server.fork_early("airflow")
    import pytest

    # Plugins are loaded by Airflow's packages, before pytest can prepare them; no test that needs Airflow needs one.
    sys.exit(pytest.main([*sys.argv[1:], "--disable-plugin-autoload"]))
