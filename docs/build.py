"""Builds the documentation site into ``build/site`` and checks it; `make docs` runs this in the environment ``docs``.

Fails on any warning of Sphinx, on a public name that is not on the site, and on a page that would load something from
another server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "site"
_SECONDS = 500


def main() -> int:
    """Build and check; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="docs-airflow-") as home:
        # Importing Airflow writes into its home; the site needs no database.
        environ = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPATH": str(ROOT), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html", "docs", str(SITE)]
        built = subprocess.run(sphinx, cwd=ROOT, env=environ, timeout=_SECONDS, check=False)
        if built.returncode:
            return built.returncode
        checked = subprocess.run(
            [sys.executable, "-m", "docs.check"], cwd=ROOT, env=environ, timeout=_SECONDS, check=False
        )
    if not checked.returncode:
        print(f"The site is in {SITE.relative_to(ROOT)}: open {SITE.relative_to(ROOT)}/index.html in a browser.")
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main())
