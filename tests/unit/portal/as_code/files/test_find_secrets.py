"""What a plan holds of secrets that stand on the portal: that they are there, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.files.find_secrets import hidden, secrets_in
from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from tests.support.fake_portal.managed import ManagedPortal

SECRET = "hunter2hunter2"
ID = f"5f{1:022x}"


@pytest.mark.parametrize(
    "value",
    [
        {"apikey": SECRET},
        {"extra_configs": [{"key": "api_key", "value": SECRET}]},
        {"deep": [{"token": {"is": SECRET}}]},
        {"prefix": f"https://me:{SECRET}@geo.example/"},
        f"https://geo.example/?token={SECRET}",
    ],
)
def test_a_secret_is_replaced(value: Any) -> None:
    shown = json.dumps(hidden(value))
    assert SECRET not in shown
    assert "(hidden " in shown


def test_what_is_around_a_secret_stays() -> None:
    shown = hidden({"deep": {"apikey": SECRET, "free": "x"}, "list": [{"key": "token", "value": SECRET}, "y"]})
    assert shown["deep"]["free"] == "x"
    assert shown["list"][0]["key"] == "token"
    assert shown["list"][1] == "y"


def test_another_secret_gives_another_mark() -> None:
    assert hidden({"apikey": "a"}) == hidden({"apikey": "a"}) != hidden({"apikey": "b"})


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"filters": [{"key": "tags", "value": "x"}]},
        "https://geo.example/?page=2",
        None,
        {"value": "a value without a key"},
        {"key": 1, "value": "a key that is no string"},
        {"extra_configs": [{"key": "api_key", "type": "a secret's name, and no value"}]},
        {"apikey": "", "token": None, "password": False},
    ],
)
def test_all_else_stays(value: Any) -> None:
    assert hidden(value) == value


@pytest.mark.parametrize(
    "field, there, wanted",
    [
        ("config", {"apikey": SECRET}, {}),
        ("url", f"https://geo.example/?token={SECRET}", "https://geo.example/"),
    ],
)
def test_a_plan_takes_a_secret_away_without_repeating_it(field: str, there: Any, wanted: Any) -> None:
    portal = ManagedPortal()
    portal.add(**{field: there})
    declared = DeclaredSource("one", "sources.yaml:1", {"backend": "dcat", field: wanted}, portal_id=ID)
    declaration = Declaration((declared,))

    plan = make_plan(portal, declaration)

    assert SECRET not in json.dumps(plan.to_json()) + render.text(plan) + render.markdown(plan)
    assert "(hidden " in render.text(plan)
    apply_plan(portal, plan)
    assert getattr(portal.sources[ID], field) == wanted
    assert make_plan(portal, declaration).is_empty


def test_a_plan_leaves_a_secret_that_no_file_speaks_of() -> None:
    portal = ManagedPortal()
    portal.add(config={"apikey": SECRET})
    declaration = Declaration((DeclaredSource("one", "sources.yaml:1", {"name": "Other"}, portal_id=ID),))
    apply_plan(portal, make_plan(portal, declaration))
    assert portal.sources[ID].config == {"apikey": SECRET}


@pytest.mark.parametrize("place", ["sources", "environments"])
def test_the_name_of_a_source_or_an_environment_is_no_name_of_a_secret(place: str) -> None:
    assert list(secrets_in({place: {"city-pass": {"name": "The city's pass"}}})) == []


def test_a_secret_within_such_a_source_is_found() -> None:
    [problem] = secrets_in({"sources": {"city-pass": {"config": {"apikey": "x"}}}})
    assert problem.path == ("sources", "city-pass", "config", "apikey")
