"""Builds the script of the pages from ``ui/``, or checks the one that is committed; standard library only.

python3 -m sandbox.pages build
python3 -m sandbox.pages check
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UI = ROOT / "ui"
SCRIPT = ROOT / "airflow_provider_harvest" / "plugins" / "static" / "harvest.js"
#: Bytes that the script may have when compressed, as browsers load it.
MOST_BYTES = 60_000
_NODE = (20, 19)
_SECONDS = 300


def main(arguments: list[str]) -> int:
    """Build or check; return the exit code. Without Node neither runs: building fails, and the check says so."""
    if arguments not in (["build"], ["check"]):
        print(__doc__)
        return 2
    missing = _why_no_node()
    if missing:
        print(f"The pages were not {'built' if arguments == ['build'] else 'checked'}: {missing}")
        return 1 if arguments == ["build"] else 0
    _install()
    return _build() if arguments == ["build"] else _check()


def _why_no_node() -> str | None:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return f"this needs Node {_NODE[0]}.{_NODE[1]} or newer with npm; the committed script is used as it is."
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    version = tuple(int(part) for part in said.lstrip("v").split(".")[:2])
    return None if version >= _NODE else f"Node is {said}, and this needs {_NODE[0]}.{_NODE[1]} or newer."


def _install() -> None:
    """Install what package-lock.json pins, where node_modules does not hold it yet."""
    lock, stamp = UI / "package-lock.json", UI / "node_modules" / ".installed-lock.json"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        _run("npm", "ci", "--no-audit", "--no-fund")
        shutil.copyfile(lock, stamp)


def _build() -> int:
    _run("npm", "run", "--silent", "build")
    size = len(gzip.compress(SCRIPT.read_bytes(), 9))
    print(f"{SCRIPT.relative_to(ROOT)}: {size:,} bytes compressed")
    if size > MOST_BYTES:
        print(f"That is more than the {MOST_BYTES:,} bytes that it may have.")
        return 1
    return 0


def _check() -> int:
    _run("npm", "run", "--silent", "test")
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        _run("npm", "run", "--silent", "build", "--", "--outDir", folder, "--emptyOutDir")
        built = (Path(folder) / SCRIPT.name).read_bytes()
    if built != SCRIPT.read_bytes():
        print(f"{SCRIPT.relative_to(ROOT)} is not what ui/ builds: run `make ui` and commit the script.")
        return 1
    print("The committed script of the pages is what ui/ builds.")
    return 0


def _run(*command: str) -> None:
    subprocess.run(command, cwd=UI, check=True, timeout=_SECONDS)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"The pages could not be built or tested: {error}")
        sys.exit(1)
