"""What may depend on what in the package; its modules are found by walking it."""

from __future__ import annotations

import ast
import functools
import graphlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.own_modules import MODULES, NAME, in_fresh_python, modules_of, part_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: For each part of the package the parts that it may import, in addition to itself. Arrows run one way.
MAY_IMPORT = {
    "exceptions": set(),
    "provider_info": set(),
    "_compat": set(),
    "portal": {"exceptions"},
    "assets": {"exceptions", "portal", "triggers"},
    "cli": {"exceptions", "portal"},
    "hooks": {"exceptions", "provider_info", "_compat", "portal"},
    "links": {"_compat", "portal"},
    "triggers": {"exceptions", "_compat", "portal", "hooks"},
    "plugins": {"_compat"},
    "operators": {"exceptions", "_compat", "portal", "hooks", "links", "triggers", "assets"},
    "sensors": {"exceptions", "_compat", "portal", "hooks", "links", "triggers", "operators"},
}


def imports_at_load(body: list[ast.stmt]) -> Iterator[str]:
    """Names imported when a module is loaded: not those in functions or for type checkers only."""
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from names_of(statement)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from imports_at_load(statement.orelse)
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for field in ("body", "orelse", "finalbody"):
                yield from imports_at_load(getattr(statement, field, []))
            for handler in getattr(statement, "handlers", []):
                yield from imports_at_load(handler.body)


@functools.cache
def all_imports(module: str) -> set[str]:
    """Names imported anywhere in a module, in functions too."""
    statements = imports_in(tree_of(module))
    return {name for statement in statements for name in names_of(statement)}


def imports_in(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements below a node; unlike ``ast.walk`` it passes over expressions, which hold none."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for below in getattr(node, field, ()):
            yield from imports_in(below)


def names_of(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """What a statement imports; of ``from a import b`` both ``a`` and ``a.b``, since b may be a module."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    else:
        assert statement.level == 0, "relative imports are not used here"
        assert statement.module
        yield statement.module
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def own(names: Iterator[str] | set[str]) -> set[str]:
    """Those of the names that are modules of the package."""
    return {name for name in names if name in MODULES}


class TestWings:
    def test_every_part_of_the_package_has_its_place(self) -> None:
        assert {part_of(module) for module in MODULES} - {""} == set(MAY_IMPORT)

    def test_arrows_run_one_way(self) -> None:
        reached = {
            module: {part_of(name) for name in own(all_imports(module))} - {"", part_of(module)} for module in MODULES
        }
        against = {module: parts - MAY_IMPORT.get(part_of(module), set()) for module, parts in reached.items()}
        assert {module: parts for module, parts in against.items() if parts} == {}

    def test_portal_wing_names_no_airflow(self) -> None:
        modules = modules_of("portal", "cli", "exceptions", "provider_info")
        named = {
            module: [name for name in all_imports(module) if name.partition(".")[0] == "airflow"] for module in modules
        }
        assert {module: names for module, names in named.items() if names} == {}

    def test_portal_wing_loads_no_airflow(self) -> None:
        code = "import importlib, json, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
        code += "print(json.dumps([name for name in sys.modules if name.partition('.')[0] == 'airflow']))"
        assert json.loads(in_fresh_python("-c", code, *modules_of("portal", "cli"))) == []

    def test_help_of_the_command_loads_no_client(self) -> None:
        loaded: set[str] = set()
        new = {f"{NAME}.cli.main"}
        while new:
            loaded |= new
            new = {name for module in new for name in own(set(imports_at_load(tree_of(module).body)))} - loaded
        assert f"{NAME}.cli.parser" in loaded
        assert f"{NAME}.portal.client" not in loaded

    def test_no_modules_import_each_other_in_a_circle(self) -> None:
        graph = {module: own(set(imports_at_load(tree_of(module).body))) - {module} for module in MODULES}
        graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def room_of(module: str) -> str:
    """The folder or file of ``portal/`` that a module is in; empty for the door, which names modules of all rooms."""
    return module.removeprefix(f"{NAME}.portal").removeprefix(".").partition(".")[0]


class TestRoomsOfThePortal:
    def test_are_few(self) -> None:
        assert len({room_of(module) for module in modules_of("portal")} - {""}) <= 16

    def test_import_each_other_in_one_direction(self) -> None:
        """Also in functions and for type checkers: a room can be understood with those below it alone."""
        graph: dict[str, set[str]] = {}
        for module in modules_of("portal"):
            used = {room_of(name) for name in own(all_imports(module)) if part_of(name) == "portal"}
            graph.setdefault(room_of(module), set()).update(used - {room_of(module), ""})
        del graph[""]
        graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


#: What a portal or a catalogue fills freely: attributes of the models, by which the names of most such texts end.
SAID = {"title", "message", "remote_id", "remote_url", "description", "comment", "label", "dataset_title", "name"}
#: Whose ``name`` is this package's own: files, and fields of classes and of a cron.
OURS = {"self", "self.portal_wide", "document", "field", "entry"}


def is_of_a_log(function: ast.expr) -> bool:
    """Whether a function is that of ``log`` or ``self.log``; most are of something else, which its first name says."""
    first = function
    while not isinstance(first, ast.Name):
        below = getattr(first, "func", None) or getattr(first, "value", None)
        if not isinstance(below, ast.expr):
            return False
        first = below
    return first.id in ("log", "self") and ast.unparse(function).startswith(("log.", "self.log."))


def said_raw(code: ast.Module) -> list[str]:
    """Return what a module puts into a sentence as a portal said it, without ``plain``, ``markdown`` or ``repr``."""
    found = []
    for node in ast.walk(code):
        shown: list[ast.expr] = []
        if isinstance(node, ast.FormattedValue) and node.conversion != ord("r"):
            shown = [node.value]
        elif isinstance(node, ast.Call) and is_of_a_log(node.func) and node.args:
            marks = re.findall(r"%[-+ #0-9.]*([a-z])", ast.unparse(node.args[0]))
            shown = [value for mark, value in zip(marks, node.args[1:], strict=False) if mark == "s"]
        found += [
            ast.unparse(value)
            for value in shown
            if isinstance(value, ast.Attribute) and value.attr in SAID and ast.unparse(value.value) not in OURS
        ]
    return found


def test_no_sentence_holds_what_a_portal_said_as_it_came() -> None:
    raw = {module: said_raw(tree_of(module)) for module in MODULES}
    assert {module: names for module, names in raw.items() if names} == {}


@pytest.mark.parametrize(
    "code, found",
    [
        ('f"Source {source.name}"', ["source.name"]),
        ('f"Source {source.name!r} {plain(item.title)} {self.name}"', []),
        ('log.info("%s: %s", job.id, error.message)', ["error.message"]),
        ('self.log.warning("%d %r", count, error.message)', []),
    ],
)
def test_what_is_said_raw_is_seen(code: str, found: list[str]) -> None:
    assert said_raw(ast.parse(code)) == found
