"""The modules of the package, found by walking it."""

from __future__ import annotations

import ast
import functools
import pkgutil
import subprocess
import sys
from pathlib import Path

import airflow_provider_harvest

NAME = airflow_provider_harvest.__name__
PACKAGE = Path(airflow_provider_harvest.__file__).parent
ROOT = PACKAGE.parent
MODULES = {NAME, *(found.name for found in pkgutil.walk_packages([str(PACKAGE)], f"{NAME}."))}


def part_of(module: str) -> str:
    """The part of the package that a module belongs to, such as ``portal``; empty for the package itself."""
    return module.removeprefix(NAME).removeprefix(".").partition(".")[0]


def modules_of(*parts: str) -> list[str]:
    """Return the modules of some parts of the package, sorted."""
    return sorted(module for module in MODULES if part_of(module) in parts)


@functools.cache
def tree_of(module: str) -> ast.Module:
    """Return the code of a module."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def in_fresh_python(*arguments: str) -> str:
    """Run an interpreter that has imported nothing yet, and give the last line that it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]
