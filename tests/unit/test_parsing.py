"""What the import of a DAG file may cost, on each Airflow: one process imports all that there is to import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.own_modules import NAME, ROOT, modules_of, part_of

if TYPE_CHECKING:
    from tests.support.fork_server import ForkServer

EXAMPLE_DAGS = sorted(str(path) for path in (ROOT / "example_dags").glob("*.py"))


def public(modules: list[str]) -> list[str]:
    return [module for module in modules if "._" not in module]


#: What a DAG file imports, and so what is imported each time that Airflow parses it. Operators and sensors come first:
#: they must not load what is loaded when a task runs.
PARSED = [*public(modules_of("operators", "sensors")), *public(modules_of("triggers", "links", "hooks", "assets"))]


#: What importing a group of modules and DAG files caused, by its kind, as `import_probe` reports it.
Report = dict[str, list[str]]


@pytest.fixture(scope="module")
def costly_dag_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("parsed") / "dags" / "costly.py"
    path.parent.mkdir()
    path.write_text(COSTLY_DAG_FILE)
    return str(path)


@pytest.fixture(scope="module")
def reports(costly_dag_file: str, fresh_airflow: ForkServer) -> tuple[Report, Report, Report]:
    """What three groups caused: all that DAG files import with the example DAGs, the pages, and a costly DAG file."""
    groups = [[*PARSED, *EXAMPLE_DAGS], [f"{NAME}.plugins"], [costly_dag_file]]
    probe = ROOT / "tests" / "support" / "import_probe.py"
    parsing, pages, costly = json.loads(
        fresh_airflow.run(probe, *groups[0], "--", *groups[1], "--", *groups[2]),
    )
    assert [report["done"] for report in (parsing, pages, costly)] == groups
    return parsing, pages, costly


@pytest.fixture
def parsing(reports: tuple[Report, Report, Report]) -> Report:
    """What the import of all that DAG files import, and of the example DAGs, caused."""
    return reports[0]


class TestParsingADagFile:
    def test_opens_no_connection(self, parsing: Report) -> None:
        assert parsing["connects"] == []

    def test_reads_no_airflow_connection(self, parsing: Report) -> None:
        assert parsing["lookups"] == []

    def test_does_not_load_requests(self, parsing: Report) -> None:
        assert parsing["requests"] == []

    def test_uses_nothing_that_airflow_deprecates(self, parsing: Report) -> None:
        assert parsing["deprecations"] == []

    def test_loads_little_of_the_portal_wing(self, parsing: Report) -> None:
        loaded = [line.split(": ") for line in parsing["loaded"] if f": {NAME}.portal." in line]
        by_tasks = {name for target, name in loaded if part_of(target) in ("operators", "sensors")}
        assert {name.removeprefix(f"{NAME}.portal.") for name in by_tasks} == {
            "http",
            "http.address",
            "http.places",
            "statuses",
        }

    def test_loads_none_of_the_pages(self, parsing: Report) -> None:
        # Airflow's own plugin manager loads the plugin in its time; the package itself never does.
        assert [line for line in parsing["loaded"] if line.endswith(f": {NAME}.plugins")] == []

    def test_would_be_caught_if_it_did_any_of_this(
        self, reports: tuple[Report, Report, Report], costly_dag_file: str
    ) -> None:
        caught = {kind for kind, places in reports[2].items() if any(f"{costly_dag_file}:" in at for at in places)}
        assert caught == {"connects", "lookups", "requests", "web", "deprecations"}


def test_importing_the_pages_imports_no_web_framework(reports: tuple[Report, Report, Report]) -> None:
    assert reports[1]["web"] == []
    assert f"{NAME}.plugins: {NAME}.plugins" in reports[1]["loaded"]


#: Commits every sin that parsing a DAG file can commit, on each Airflow that there is.
COSTLY_DAG_FILE = """
import contextlib
import socket

import requests

with contextlib.suppress(ImportError):
    import uvicorn

from airflow_provider_harvest._compat import BaseHook

try:
    from airflow.utils.dates import days_ago  # deprecated in 2, gone in 3
except ImportError:
    from airflow.hooks.base import BaseHook as DeprecatedHook
else:
    days_ago(1)

socket.socket().connect_ex(("127.0.0.1", 9))
with contextlib.suppress(Exception):
    BaseHook.get_connection("nowhere")
"""
