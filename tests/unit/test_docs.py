"""The pages of the documentation against the code; `make docs` checks the same on the built site."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_harvest import exceptions, portal
from airflow_provider_harvest.operators import _retries
from docs import check, generate

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"```.*?```", re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def documented(value: Any) -> set[str]:
    """The arguments that the docstrings of a class or function describe, of its bases too."""
    texts = [base.__doc__ or "" for base in value.__mro__] if inspect.isclass(value) else [value.__doc__ or ""]
    return {name for text in texts for name in re.findall(r":param (\w+):", text)}


class TestReference:
    @pytest.mark.parametrize("path", check.public_classes())
    def test_public_class_has_a_section_with_all_its_arguments(self, path: str) -> None:
        value = check.public_classes()[path]
        assert f".. autoclass:: {path}\n" in page("operators.md") + page("python-api.md")
        assert set(check.arguments(value)) - documented(value) == set()

    @pytest.mark.parametrize("name", portal.__all__)
    def test_name_for_scripts_has_a_section(self, name: str) -> None:
        directive = "autofunction" if name.islower() else "autoclass"
        assert f".. {directive}:: {name}\n" in page("python-api.md")
        if name.islower():
            value = getattr(portal, name)
            assert set(check.arguments(value)) - documented(value) == set()

    @pytest.mark.parametrize("name", check.errors())
    def test_exception_has_a_section_with_all_its_arguments(self, name: str) -> None:
        value = getattr(exceptions, name)
        assert f".. autoexception:: {name}\n" in page("exceptions.md")
        # Of those that Python gives to every exception nothing needs to be said.
        own = [argument for argument in check.arguments(value) if argument != "message"]
        assert set(own) - documented(value) == set()

    def test_page_of_exceptions_says_which_ones_airflow_retries(self) -> None:
        rows = re.findall(r"(?m)^\| `(Harvest\w+)` \| .* \| (.*?) ?\|$", page("exceptions.md"))
        shown = {name: said == "yes" for name, said in rows if said in ("yes", "no")}
        assert shown == {name: not issubclass(getattr(exceptions, name), _retries._FINAL) for name in shown}
        depends = {"HarvestError", "HarvestApiError", "HarvestOutcomeRejected", "HarvestApplyIncomplete"}
        assert set(check.errors()) - set(shown) == depends

    @pytest.mark.parametrize("key", check.xcom_keys())
    def test_xcom_key_is_explained(self, key: str) -> None:
        assert f"`{key}`" in page("reference.md")

    def test_xcom_keys_are_found(self) -> None:
        assert {"harvest_result", "harvest_health_state", "harvest_guard_state", "harvest_apply"} < set(
            check.xcom_keys()
        )

    @pytest.mark.parametrize("code", check.exit_codes())
    def test_exit_code_is_explained(self, code: int) -> None:
        assert f"\n| {code} | " in page("command-line.md")

    def test_every_command_and_option_is_shown(self) -> None:
        shown = generate.commands()
        assert [path for path, _ in generate.parsers() if f"\n## {' '.join(path)}\n" not in f"\n{shown}"] == []
        assert [option for _, option in check.options() if option not in shown] == []
        assert len(check.options()) > 100

    def test_keys_of_the_file_format_are_shown(self) -> None:
        shown = generate.file_format()
        for key in ("version", "managed_by", "schedule", "window", "comment", "extra_configs"):
            assert f"| `{key}` |" in shown


class TestLinks:
    @pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
    def test_link_to_a_file_leads_somewhere(self, path: Path) -> None:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", path.read_text(encoding="utf-8")))
        missing = [to for to in targets if "://" not in to and not (path.parent / to).exists()]
        assert missing == []

    def test_docstrings_name_pages_that_exist(self) -> None:
        files = (ROOT / "airflow_provider_harvest").rglob("*.py")
        named = {name for path in files for name in re.findall(r"docs/[\w-]+\.\w+", path.read_text(encoding="utf-8"))}
        assert named
        assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

    def test_every_page_is_in_the_navigation(self) -> None:
        listed = set(re.findall(r"(?m)^([a-z-]+)$", page("index.md")))
        assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= listed
