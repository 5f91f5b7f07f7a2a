"""What this package registers among Airflow's plugins, on each Airflow release."""

from __future__ import annotations

import asyncio
import gzip
import importlib.metadata
from pathlib import Path
from typing import Any, Literal

import pytest
from airflow import plugins_manager

from airflow_provider_harvest import __version__
from airflow_provider_harvest.operators import job as module_of_jobs
from airflow_provider_harvest.operators import portal as module_of_portals
from airflow_provider_harvest.operators import source as module_of_sources
from airflow_provider_harvest.plugins import pages, static_files
from airflow_provider_harvest.sensors import job as module_of_sensors

STATIC = Path(pages.__file__).parent / "static"
MOST_BYTES = 60_000


def test_airflow_finds_it_by_its_entry_point() -> None:
    (found,) = importlib.metadata.entry_points(group="airflow.plugins", name="harvest")
    assert found.load() is pages.HarvestPlugin


def shown_by(monkeypatch: pytest.MonkeyPatch, *destinations: str) -> dict[str, dict[str, Any]]:
    """Return what is registered in an Airflow whose plugins may have these destinations, by the destination."""
    literal = Literal[destinations] if destinations else None
    monkeypatch.setattr(plugins_manager, "BaseDestinationLiteral", literal, raising=False)
    return {app["destination"]: app for app in pages._react_apps()}


def test_pages_are_on_task_instances_and_in_the_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_by(monkeypatch)
    routes = {(app["name"], where, app["url_route"]) for where, app in shown.items()}
    assert routes == {("Harvest", "task_instance", "harvest"), ("Harvests", "nav", "harvests")}
    assert "applies_to" not in shown["task_instance"]


def test_where_assets_have_tabs_they_have_ours_and_tasks_of_others_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_by(monkeypatch, "nav", "task_instance", "asset")
    assert shown["asset"]["name"] == "Harvest"
    assert len({app["url_route"] for app in shown.values()}) == 3, "Airflow drops a route that is there already"
    assert shown["task_instance"]["applies_to"] == {"operator_name": list(pages.TASKS)}


@pytest.mark.parametrize("name", pages.TASKS)
def test_tasks_with_a_tab_are_classes_of_this_package(name: str) -> None:
    modules = (module_of_jobs, module_of_portals, module_of_sensors, module_of_sources)
    assert any(hasattr(module, name) for module in modules)


def test_what_is_registered_is_what_this_airflow_takes() -> None:
    datamodels = pytest.importorskip("airflow.api_fastapi.core_api.datamodels.plugins", reason="Airflow 2 has no pages")
    if not hasattr(datamodels, "ReactAppResponse"):
        pytest.skip("Airflow 3.0 has no pages")
    for app in pages.HarvestPlugin.react_apps:
        datamodels.ReactAppResponse.model_validate(app)


@pytest.mark.parametrize(
    "base_url, address",
    [
        pytest.param("http://127.0.0.1:8080", "/harvest-pages/harvest.js", id="root"),
        pytest.param("https://data.example/airflow/", "/airflow/harvest-pages/harvest.js", id="below a path"),
        pytest.param("", "/harvest-pages/harvest.js", id="none"),
    ],
)
def test_script_is_served_below_the_base_url(monkeypatch: pytest.MonkeyPatch, base_url: str, address: str) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    assert pages.bundle_url() == f"{address}?v={__version__}"


def request(path: str, method: str = "GET") -> tuple[int, bytes]:
    """Return the status and body of the app's response to a request."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()  # a client that stays and says no more

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    from starlette.exceptions import HTTPException

    try:
        asyncio.run(static_files.StaticFilesOnDemand()(scope, receive, send))
    except HTTPException as error:  # what a FastAPI app around it makes a response of
        return error.status_code, b""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize(
    "path, method, status",
    [
        pytest.param("/harvest.js", "GET", 200, id="script"),
        pytest.param("/harvest.js", "HEAD", 200, id="its head"),
        pytest.param("/harvest.js", "POST", 405, id="nothing is written"),
        pytest.param("/", "GET", 404, id="no listing"),
        pytest.param("/../__init__.py", "GET", 404, id="no way out"),
        pytest.param("/..%2f__init__.py", "GET", 404, id="no way out encoded"),
        pytest.param("/absent.js", "GET", 404, id="absent"),
    ],
)
def test_only_the_script_is_served(path: str, method: str, status: int) -> None:
    pytest.importorskip("starlette", reason="Airflow 2 has none, and serves no pages")
    answered, body = request(path, method)
    assert answered == status
    assert (body == (STATIC / "harvest.js").read_bytes()) == (status == 200 and method == "GET")


def test_script_is_small_and_loads_nothing_from_elsewhere() -> None:
    script = (STATIC / "harvest.js").read_bytes()
    assert len(gzip.compress(script)) < MOST_BYTES
    text = script.decode()
    assert "import " not in text.replace("import (", "")
    assert "eval(" not in text
    assert "dangerouslySetInnerHTML" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
