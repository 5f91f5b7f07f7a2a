"""Finds the Pythons of this machine that can build virtual environments; for `environments`."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Names that are looked up on PATH, after the interpreter that runs this.
NAMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3")

#: Fails where Debian's python3-venv is missing; prints the interpreter behind a virtual environment.
_PROBE = """
import sys, venv, ensurepip
print(sys.version_info[0], sys.version_info[1], getattr(sys, "_base_executable", sys.executable), sep="\\n")
"""
_PROBE_SECONDS = 20


class NoInterpreter(RuntimeError):
    """No interpreter of this machine has a version that is needed; the message says which and what for."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that ran, and that has ``venv`` and ``ensurepip``."""

    version: str
    path: Path


def probe(command: str) -> Interpreter | None:
    """Run a command and return which Python it is.

    A name on PATH proves nothing: pyenv has a shim for every version that it holds, and the shim of a version
    that is not chosen here fails.

    :param command: Name or path of an interpreter.
    :returns: What it is, or None if it does not run or cannot build environments.
    """
    try:
        answer = subprocess.run(
            [command, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=True
        )
        major, minor, path = answer.stdout.splitlines()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(f"{major}.{minor}", Path(path))


def held_by_pyenv() -> list[str]:
    """Return the paths of the interpreters that pyenv holds, chosen or not, the newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    held = [path for path in root.glob("versions/*/bin/python3.*") if path.name in NAMES]
    return [str(path) for path in sorted(held, key=lambda path: _as_numbers(path.parents[1].name), reverse=True)]


@functools.cache
def found() -> tuple[Interpreter, ...]:
    """All usable interpreters, the one that runs this first, one for each version."""
    on_path = (shutil.which(name) for name in NAMES)
    by_version: dict[str, Interpreter] = {}
    for command in dict.fromkeys([sys.executable, *filter(None, on_path), *held_by_pyenv()]):
        interpreter = probe(command)
        if interpreter:
            by_version.setdefault(interpreter.version, interpreter)
    return tuple(by_version.values())


def choose(versions: Sequence[str], needed_for: str, candidates: Iterable[Interpreter] | None = None) -> Interpreter:
    """Pick the interpreter for an environment.

    :param versions: Versions that will do, such as ``("3.11", "3.12")``, the best first.
    :param needed_for: What needs it, as it shall stand in the message, such as ``udata 17.18.0``.
    :param candidates: What to choose from; default: what this machine has.
    :raises NoInterpreter: None of the versions is there.
    """
    if candidates is None:
        candidates = found()
    by_version = {interpreter.version: interpreter for interpreter in candidates}
    for version in versions:
        if version in by_version:
            return by_version[version]
    have = ", ".join(sorted(by_version, key=_as_numbers)) or "none that works"
    raise NoInterpreter(
        f"{needed_for} needs Python {_spoken_range(versions)}, but this machine has {have}; "
        f"install one with its venv module, for example python{versions[0]}, so that it is found on PATH."
    )


def _spoken_range(versions: Sequence[str]) -> str:
    ordered = sorted(versions, key=_as_numbers)
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def _as_numbers(version: str) -> tuple[int, ...]:
    """Return a version such as ``3.12`` for sorting; of a name such as ``3.13.0rc1`` all numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
