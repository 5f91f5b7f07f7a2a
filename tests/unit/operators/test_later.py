"""Modules of the portal wing are loaded when they are first used, and are then what they always were."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_provider_harvest
from airflow_provider_harvest._later import later
from airflow_provider_harvest.portal.waiting import plan as plans

PACKAGE = Path(airflow_provider_harvest.__file__).parent
USERS = sorted(path for path in PACKAGE.rglob("*.py") if " = later(" in path.read_text())


def test_gives_what_the_module_has() -> None:
    (found,) = later("waiting.plan")
    assert found.WaitPlan is plans.WaitPlan


def test_gives_what_is_in_the_module_now(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = later("waiting.plan")
    monkeypatch.setattr(plans, "ENDED", "over")
    assert found.ENDED == "over"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    (found,) = later("waiting.plan")
    with pytest.raises(AttributeError, match="no_such_thing"):
        found.no_such_thing  # noqa: B018


def test_loads_nothing_before_something_is_asked_for() -> None:
    code = (
        "import sys; from airflow_provider_harvest._later import later; "
        "name = 'airflow_provider_harvest.portal.waiting.plan'; "
        "(plans,) = later('waiting.plan'); assert name not in sys.modules; plans.ENDED; assert name in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("path", USERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_type_checkers_see_the_same_modules(path: Path) -> None:
    (block,) = [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and node.orelse
    ]
    for_checkers = {
        f"{(node.module or '').removeprefix('airflow_provider_harvest.')}.{alias.name}": alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (assignment,) = block.orelse
    assert isinstance(assignment, ast.Assign)
    assert isinstance(assignment.targets[0], ast.Tuple)
    assert isinstance(assignment.value, ast.Call)
    names = [ast.unparse(target) for target in assignment.targets[0].elts]
    modules = [f"portal.{ast.literal_eval(argument)}" for argument in assignment.value.args]
    assert [for_checkers.get(module) for module in modules] == names
