"""Where tests are: folders as in the package, helpers in `tests/support`, and what the docs say is tested."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "airflow_provider_harvest"
TESTS = ROOT / "tests"
MODULES = sorted(TESTS.rglob("*.py"))
#: Names of tests as docs write them: tests/unit/test_x.py or tests/unit/test_x.py::TestA::test_b, in backticks or not.
NAMED = re.compile(r"([\w/.-]*\btest_\w+\.py)((?:::\w+)*)")
DOCS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
PORTAL_TESTS = ("tests/unit/portal", "tests/unit/cli")


def folders(below: Path) -> set[str]:
    """Return the folders below a folder that hold a Python file."""
    return {path.parent.relative_to(below).as_posix() for path in below.rglob("*.py")}


def test_unit_tests_are_in_folders_as_in_the_package() -> None:
    assert folders(TESTS / "unit") - folders(PACKAGE) == set()


def test_a_folder_of_unit_tests_holds_tests_and_fixtures_only() -> None:
    others = {path.name for path in (TESTS / "unit").rglob("*.py") if not path.name.startswith("test_")}
    assert others <= {"conftest.py"}, "helpers belong into tests/support"


def test_no_module_imports_a_test_module() -> None:
    imported = [
        f"{path.relative_to(TESTS).as_posix()} imports {node.module}.{alias.name}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert [line for line in imported if re.search(r" tests\.(\w+\.)*test_", line)] == []


def test_tests_of_the_portal_load_no_airflow(tmp_path: Path) -> None:
    paths = [path for folder in PORTAL_TESTS for path in sorted((ROOT / folder).rglob("*.py"))]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    code = (
        "import importlib, sys\nfor name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n    assert 'airflow' not in sys.modules, name\nprint('all', name)"
    )
    command = [sys.executable, "-c", code, "tests.conftest", "tests.unit.conftest", *modules]
    surroundings = {**os.environ, "TMPDIR": str(tmp_path)}  # the first of them makes a folder
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines()[-1:] == [f"all {modules[-1]}"], done.stderr[-2000:]


def test_every_test_that_the_docs_name_exists() -> None:
    missing = [
        f"{page.name}: {file}{names}"
        for page in DOCS
        for file, names in NAMED.findall(page.read_text(encoding="utf-8"))
        if not is_a_test(ROOT / file, names.split("::")[1:])
    ]
    assert missing == []


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def is_a_test(path: Path, names: list[str]) -> bool:
    """Return whether a file has a function or class of these names, the outermost first."""
    if not path.exists():
        return False
    body = parsed(path).body
    for name in names:
        found = [node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name]
        if not found:
            return False
        body = found[0].body
    return True
