"""The readable form of a configuration, and the check against what a portal offers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code.files.config import check_declaration, expand, merge, shorten
from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource, InvalidDeclaration
from airflow_provider_harvest.portal.models import HarvestBackend

FORMS = {
    "nothing": ({}, {}),
    "a setting": (
        {"extra_configs": {"remote_url_prefix": "https://x/"}},
        {"extra_configs": [{"key": "remote_url_prefix", "value": "https://x/"}]},
    ),
    "features": ({"features": ["a", "b"]}, {"features": {"a": True, "b": True}}),
    "a filter": ({"filters": {"organization": "a"}}, {"filters": [{"key": "organization", "value": "a"}]}),
    "a filter with several values": (
        {"filters": {"tags": ["a", "b"]}},
        {"filters": [{"key": "tags", "value": "a"}, {"key": "tags", "value": "b"}]},
    ),
    "a filter that excludes": (
        {"filters": {"tags": {"exclude": "a"}}},
        {"filters": [{"key": "tags", "value": "a", "type": "exclude"}]},
    ),
    "a filter that does both": (
        {"filters": {"tags": {"include": "a", "exclude": ["b", "c"]}}},
        {
            "filters": [
                {"key": "tags", "value": "a", "type": "include"},
                {"key": "tags", "value": "b", "type": "exclude"},
                {"key": "tags", "value": "c", "type": "exclude"},
            ]
        },
    ),
    "free keys": ({"other": {"x": [1]}}, {"other": {"x": [1]}}),
}

#: What only udata's own form can say.
UNSHORTENED: dict[str, dict[str, Any]] = {
    "a feature that is off": {"features": {"a": True, "b": False}},
    "no features": {"features": {}},
    "no filters": {"filters": []},
    "filters in another order": {
        "filters": [{"key": "a", "value": 1}, {"key": "b", "value": 1}, {"key": "a", "value": 2}]
    },
    "a filter with and without type": {
        "filters": [{"key": "a", "value": 1}, {"key": "a", "value": 2, "type": "include"}]
    },
    "a filter whose type is null": {"filters": [{"key": "a", "value": 1, "type": None}]},
    "a setting twice": {"extra_configs": [{"key": "a", "value": 1}, {"key": "a", "value": 2}]},
    "a setting with more in it": {"extra_configs": [{"key": "a", "value": 1, "note": "x"}]},
}


@pytest.mark.parametrize("short, long", FORMS.values(), ids=FORMS.keys())
def test_the_short_form_means_udatas_own(short: dict[str, Any], long: dict[str, Any]) -> None:
    assert expand(short) == long


@pytest.mark.parametrize("short, long", FORMS.values(), ids=FORMS.keys())
def test_a_configuration_is_written_in_the_short_form(short: dict[str, Any], long: dict[str, Any]) -> None:
    assert shorten(long) == short


@pytest.mark.parametrize("long", UNSHORTENED.values(), ids=UNSHORTENED.keys())
def test_what_the_short_form_cannot_say_is_left_as_it_is(long: dict[str, Any]) -> None:
    assert shorten(long) == long
    assert expand(long) == long


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from("ab"), "value": st.sampled_from(["x", "y", 1, 1.0, True, "1"])},
        optional={"type": st.sampled_from(["include", "exclude", None])},
    ),
    max_size=4,
)


def as_json(config: dict[str, Any]) -> str:
    """A text in which 1, 1.0 and true differ, and the order of keys does not matter."""
    return json.dumps(config, sort_keys=True)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "filters": ENTRIES,
            "features": st.dictionaries(st.sampled_from("ab"), st.booleans()),
            "extra_configs": ENTRIES,
            "free": st.none() | st.integers(),
        },
    )
)
def test_no_configuration_is_changed_by_its_short_form(config: dict[str, Any]) -> None:
    assert as_json(expand(shorten(config))) == as_json(config)


@pytest.mark.parametrize(
    "below, above, merged",
    [
        (None, {"filters": {"a": 1}}, {"filters": {"a": 1}}),
        ({"filters": {"a": 1}}, {}, {"filters": {"a": 1}}),
        ({"filters": {"a": 1}}, {"filters": {"b": 1}}, {"filters": {"b": 1}}),
        ({"filters": {"a": 1}}, {"features": ["x"]}, {"filters": {"a": 1}, "features": ["x"]}),
        ({"filters": {"a": 1}}, {"filters": None}, {}),
    ],
)
def test_sections_replace_those_of_the_defaults(below: Any, above: Any, merged: Any) -> None:
    assert merge(below, above) == merged


class TestAgainstThePortal:
    BACKENDS = (
        HarvestBackend(
            "ckan", "CKAN", filters=({"key": "organization", "type": "string"}, {"key": "tags", "type": "string"})
        ),
        HarvestBackend("dcat", "DCAT", extra_configs=()),
    )

    @staticmethod
    def declared(**fields: Any) -> Declaration:
        lines = {"backend": "sources.yaml:3", "config": "sources.yaml:4"}
        return Declaration((DeclaredSource("one", "sources.yaml:2", fields, lines=lines),))

    def test_takes_what_the_backend_knows(self) -> None:
        check_declaration(self.declared(backend="ckan", config=expand({"filters": {"tags": "x"}})), self.BACKENDS)

    @pytest.mark.parametrize(
        "fields, problem",
        [
            ({"backend": "cakn"}, "sources.yaml:3: one: backend 'cakn' does not exist on this portal"),
            (
                {"backend": "ckan", "config": {"filters": [{"key": "organisation", "value": "x"}]}},
                "sources.yaml:4: one: config.filters[0] has the key 'organisation', which the backend ckan",
            ),
            (
                {"backend": "dcat", "config": {"extra_configs": [{"key": "remote_url_prefix", "value": "x"}]}},
                "it knows none",
            ),
        ],
    )
    def test_names_line_and_key_of_what_it_does_not_know(self, fields: dict[str, Any], problem: str) -> None:
        with pytest.raises(InvalidDeclaration) as caught:
            check_declaration(self.declared(**fields), self.BACKENDS)
        assert problem in str(caught.value)
