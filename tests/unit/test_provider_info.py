"""What Airflow learns of the package: valid by Airflow's own schemas, true of the code, and seen by Airflow."""

from __future__ import annotations

import importlib
import json
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import airflow
import jsonschema
import pytest

from airflow_provider_harvest import provider_info

if TYPE_CHECKING:
    from tests.support.fork_server import ForkServer

INFO: dict[str, Any] = provider_info.get_provider_info()
CONNECTION: dict[str, Any] = INFO["connection-types"][0]
AIRFLOW = pathlib.Path(airflow.__file__).parent
AIRFLOW_VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])


def named_modules() -> list[str]:
    """Every module that the info names, by itself or as the home of a class."""
    entries = [*INFO["operators"], *INFO["sensors"], *INFO["hooks"], *INFO["triggers"]]
    return sorted({module for entry in entries for module in entry["python-modules"]})


def named_classes() -> list[str]:
    return [CONNECTION["hook-class-name"], *INFO["extra-links"]]


def airflow_schema(name: str) -> dict[str, Any]:
    return json.loads((AIRFLOW / name).read_text())


def load(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_info_is_valid_by_airflows_runtime_schema() -> None:
    jsonschema.validate(INFO, airflow_schema("provider_info.schema.json"))


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="Airflow reads the form's fields from the info from 3.2 on")
def test_connection_type_is_valid_by_airflows_schema_of_the_form() -> None:
    schema = airflow_schema("provider.yaml.schema.json")["properties"]["connection-types"]["items"]
    assert "conn-fields" in schema["properties"]
    jsonschema.validate(CONNECTION, schema)


def test_info_is_json() -> None:
    assert json.loads(json.dumps(INFO)) == INFO


def test_importing_the_info_imports_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import airflow_provider_harvest.provider_info\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == {
        "__future__",
        "airflow_provider_harvest",
        "airflow_provider_harvest.provider_info",
    }


@pytest.mark.parametrize("module", named_modules())
def test_named_module_exists(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize("dotted", named_classes())
def test_named_class_exists(dotted: str) -> None:
    assert isinstance(load(dotted), type)


def test_every_operator_sensor_hook_and_trigger_module_is_named() -> None:
    package = pathlib.Path(provider_info.__file__).parent
    files = [
        path
        for folder in ("operators", "sensors", "hooks", "triggers")
        for path in sorted((package / folder).glob("*.py"))
        if not path.name.startswith("_")
    ]
    modules = [".".join(path.relative_to(package.parent).with_suffix("").parts) for path in files]
    assert sorted(modules) == named_modules()


def test_every_integration_that_is_referred_to_is_described() -> None:
    entries = [*INFO["operators"], *INFO["sensors"], *INFO["hooks"], *INFO["triggers"]]
    described = {integration["integration-name"] for integration in INFO["integrations"]}
    assert {entry["integration-name"] for entry in entries} == described


def test_hook_says_the_same_as_the_info() -> None:
    hook = load(CONNECTION["hook-class-name"])
    said = {name: getattr(hook, name) for name in ("conn_type", "hook_name", "conn_name_attr", "default_conn_name")}
    assert said == {
        "conn_type": CONNECTION["connection-type"],
        "hook_name": CONNECTION["hook-name"],
        "conn_name_attr": "harvest_conn_id",
        "default_conn_name": "harvest_default",
    }


class TestConnectionForm:
    def test_port_stays_visible_since_the_test_button_needs_one(self) -> None:
        assert "port" not in CONNECTION["ui-field-behaviour"]["hidden-fields"]

    def test_key_is_kept_in_the_password_and_called_a_key(self) -> None:
        assert CONNECTION["ui-field-behaviour"]["relabeling"]["password"] == "API key"

    def test_login_is_hidden(self) -> None:
        assert CONNECTION["ui-field-behaviour"]["hidden-fields"] == ["login"]

    def test_extra_fields_are_those_of_the_contract(self) -> None:
        assert set(CONNECTION["conn-fields"]) == {
            "timeout",
            "verify",
            "min_poll_interval",
            "requests_per_hour",
            "triggerers",
            "source_page",
            "job_page",
        }

    @pytest.mark.parametrize("name", CONNECTION["conn-fields"])
    def test_extra_field_is_optional_and_stores_no_default(self, name: str) -> None:
        schema = CONNECTION["conn-fields"][name]["schema"]
        assert "null" in schema["type"]
        assert "default" not in schema

    @pytest.mark.parametrize("name", CONNECTION["conn-fields"])
    def test_extra_field_shows_an_example(self, name: str) -> None:
        assert CONNECTION["ui-field-behaviour"]["placeholders"][name]


@pytest.fixture
def manager() -> Any:
    """Airflow's own view of what is installed; it finds the package by its entry point."""
    from airflow.providers_manager import ProvidersManager

    return ProvidersManager()


@pytest.fixture
def known_hooks(manager: Any) -> Any:
    """The hooks that Airflow knows, by connection type; 3.2 moved them to the task SDK."""
    try:
        from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime
    except ImportError:
        return manager.hooks
    return ProvidersManagerTaskRuntime().hooks


class TestInstalledAirflow:
    def test_knows_the_package(self, manager: Any) -> None:
        assert "airflow-provider-harvest" in manager.providers

    def test_knows_the_connection_type_as_testable(self, known_hooks: Any) -> None:
        hook = known_hooks[CONNECTION["connection-type"]]
        assert hook.hook_class_name == CONNECTION["hook-class-name"]
        assert hook.hook_name == CONNECTION["hook-name"]
        assert hook.connection_testable

    def test_knows_the_links(self, manager: Any) -> None:
        assert set(INFO["extra-links"]) <= set(manager.extra_links_class_names)


@pytest.fixture(scope="module")
def form(fresh_airflow: ForkServer) -> dict[str, Any]:
    """The connection form as the installed Airflow makes it."""
    probe = pathlib.Path(__file__).parents[1] / "support" / "form_probe.py"
    answer: dict[str, Any] = json.loads(fresh_airflow.run(probe, CONNECTION["connection-type"]))
    return answer


class TestFormThatAirflowMakes:
    def test_has_the_extra_fields(self, form: dict[str, Any]) -> None:
        assert set(form["extra"]) == set(CONNECTION["conn-fields"])

    def test_hides_what_a_portal_has_no_use_for(self, form: dict[str, Any]) -> None:
        assert form["hidden"] == CONNECTION["ui-field-behaviour"]["hidden-fields"]

    def test_calls_the_key_a_key(self, form: dict[str, Any]) -> None:
        assert form["labels"]["password"] == "API key"
