"""The doors of the package: what a script may import from `portal`, and the tree of exceptions as the docs draw it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_harvest import exceptions, portal

ROOT = Path(exceptions.__file__).parents[1]
ERRORS = {
    name: member
    for name, member in vars(exceptions).items()
    if inspect.isclass(member) and issubclass(member, exceptions.HarvestError)
}


class TestPortal:
    def test_exports_this_and_nothing_else(self) -> None:
        assert set(portal.__all__) == set(portal._EXPORTS)
        assert portal.__all__ == sorted(portal.__all__)

    @pytest.mark.parametrize("name", portal.__all__)
    def test_exported_name_is_the_one_of_its_module(self, name: str) -> None:
        module, attribute = portal._EXPORTS[name]
        assert getattr(portal, name) is getattr(sys.modules[f"{portal.__name__}.{module}"], attribute)
        assert getattr(portal, name).__doc__

    def test_unknown_name_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            portal.nonsense  # noqa: B018

    def test_import_loads_no_module_of_the_portal(self) -> None:
        code = (
            "import sys, airflow_provider_harvest.portal as portal; "
            "assert not [name for name in sys.modules if name.startswith(portal.__name__ + '.')]; "
            "portal.HarvestClient; assert portal.__name__ + '.client' in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=ROOT)


def drawn(text: str) -> dict[str, str]:
    """Read a tree that is drawn by indentation: each class with its parent."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^( *)(?:· )?(Harvest\w+)$", text, re.MULTILINE):
        depth = len(indent)
        path = [entry for entry in path if int(entry.partition(" ")[0]) < depth]
        if path:
            parents[name] = path[-1].partition(" ")[2]
        path.append(f"{depth} {name}")
    return parents


class TestExceptions:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(exceptions.__doc__, id="docstring"),
            pytest.param((ROOT / "docs" / "exceptions.md").read_text(), id="docs"),
        ],
    )
    def test_tree_is_drawn_as_it_is(self, text: str) -> None:
        real = {name: error.__bases__[0].__name__ for name, error in ERRORS.items() if name != "HarvestError"}
        assert drawn(text) == real

    @pytest.mark.parametrize("name", ERRORS)
    def test_every_class_has_its_row_in_the_docs(self, name: str) -> None:
        assert f"| `{name}` |" in (ROOT / "docs" / "exceptions.md").read_text()
