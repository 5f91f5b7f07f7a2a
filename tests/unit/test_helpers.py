"""Helpers of the tests say what they are, and no test module imports another."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
HELPERS = sorted(path for path in (TESTS / "support").glob("*.py") if path.name != "__init__.py")
TEST_MODULES = sorted(TESTS.rglob("test_*.py"))
NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def imported(code: ast.Module) -> Iterator[str]:
    """Yield the names of all modules that a module imports, and of what it imports from them."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", HELPERS, ids=lambda path: path.stem)
def test_helper_says_what_it_is(path: Path) -> None:
    code = ast.parse(path.read_text())
    assert ast.get_docstring(code)
    public = [node for node in code.body if isinstance(node, NAMED) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_no_test_module_imports_another() -> None:
    assert len(TEST_MODULES) > 100
    found = {
        str(path.relative_to(TESTS)): name
        for path in TEST_MODULES
        for name in imported(ast.parse(path.read_text()))
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    }
    assert found == {}
