"""The command: builds the environment ``bench``, and runs :mod:`benchmarks.run` in it; ``make bench`` calls it.

    python3 -m benchmarks --only waits --n 100

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from sandbox import environments, installer, interpreters


def main() -> int:
    """Run the benchmarks in an Airflow of their own; return the exit code."""
    try:
        python = environments.ensure("bench")
    except (interpreters.NoInterpreter, installer.InstallFailed) as error:
        print(error, file=sys.stderr)
        return 1
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        settings = {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        command = [str(python), "-W", "ignore", "-m", "benchmarks.run", *sys.argv[1:]]
        return subprocess.call(command, cwd=environments.ROOT, env={**kept, **settings})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
