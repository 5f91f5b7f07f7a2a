"""Helpers of the tests say what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
HELPERS = sorted(path for path in (TESTS / "support").rglob("*.py") if path.name != "__init__.py")
NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.mark.parametrize("path", HELPERS, ids=lambda path: path.stem)
def test_helper_says_what_it_is(path: Path) -> None:
    code = ast.parse(path.read_text())
    assert ast.get_docstring(code)
    public = [node for node in code.body if isinstance(node, NAMED) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
