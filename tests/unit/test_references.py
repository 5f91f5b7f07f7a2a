"""Every module, class and function that a docstring or comment refers to is there: names move, references stay."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.support.own_modules import PACKAGE, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REFERENCE = re.compile(r":(?:mod|class|func|data|meth|exc|attr):`~?\.*([\w.]+)`")
_STANDARD = ("threading.", "urllib.")


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def named_in(scope: ast.Module | ast.ClassDef, name: str) -> Iterator[str]:
    """Yield what a module or class defines, with the names of its classes' members."""
    yield name
    for node in scope.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{name}.{node.name}"
        elif isinstance(node, ast.ClassDef):
            yield from named_in(node, f"{name}.{node.name}")
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (f"{name}.{target.id}" for target in targets if isinstance(target, ast.Name))


def test_what_a_reference_names_is_there() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    known: set[str] = set()
    for file in files:
        for name in named_in(tree_of(module_of(file)), module_of(file)):
            parts = name.split(".")
            known.update(".".join(parts[first:]) for first in range(len(parts)))
    dangling = [
        f"{module_of(file)}: {name}"
        for file in files
        for name in _REFERENCE.findall(file.read_text(encoding="utf-8"))
        if name not in known and not name.startswith(_STANDARD)
    ]
    assert dangling == []
