"""The JSON Schema that editors use and the reader: they take the same files, whatever is in them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code.files import schema as layout
from tests.support.examples import examples

SCHEMA_FILE = Path(layout.__file__).with_name("schema.json")
VALIDATOR = jsonschema.Draft7Validator(layout.json_schema())
ID = "6b03fbe5f66a892d7cfe18b4"

#: Uses everything that a file may say.
WHOLE: dict[str, Any] = {
    "version": 1,
    "portal": "https://www.data.gouv.fr",
    "managed_by": "my-team",
    "environments": {
        "demo": {"portal": "https://demo.data.gouv.fr", "defaults": {"schedule": "never"}},
        "production": None,
    },
    "defaults": {
        "backend": "ckan",
        "config": {"extra_configs": {"a": 1}},
        "validation": "accepted",
        "autoarchive": None,
    },
    "sources": {
        "one": {
            "name": "One",
            "url": "https://one.example",
            "backend": "ckan",
            "description": "",
            "organization": "my-org",
            "active": True,
            "autoarchive": False,
            "schedule": {"window": "22:00-05:00", "days": "mon-fri"},
            "validation": {"state": "accepted", "comment": "Checked."},
            "config": {
                "filters": {"organization": "a", "tags": ["b", 3], "groups": {"include": "c", "exclude": ["d"]}},
                "features": ["f"],
                "other": [1, {"x": None}],
            },
            "environments": {"demo": "absent", "production": {"organization": "other", "id": ID}},
        },
        "2": {
            "id": ID,
            "owner": ID,
            "schedule": "0 4 * * *",
            "config": {
                "filters": [{"key": "a", "value": 1, "type": "exclude"}],
                "features": {"f": False},
                "extra_configs": [{"key": "k", "value": [None]}],
            },
        },
    },
}

WRONG = {
    "no version": ((), {"sources": {}}),
    "another version": (("version",), 2),
    "version as string": (("version",), "1"),
    "unknown key at the top": (("surces",), {}),
    "sources as a list": (("sources",), []),
    "a key with a blank": (("sources", "a b"), {}),
    "a key that is too long": (("sources", "a" * 101), {}),
    "an unknown key of a source": (("sources", "one", "nme"), "x"),
    "a name that is a number": (("sources", "one", "name"), 3),
    "a name that is too long": (("sources", "one", "name"), "x" * 256),
    "active as string": (("sources", "one", "active"), "yes"),
    "active as number": (("sources", "one", "active"), 1),
    "an invalid id": (("sources", "2", "id"), "abc"),
    "an organization with a slash": (("sources", "one", "organization"), "a/b"),
    "an owner by name": (("sources", "2", "owner"), "somebody"),
    "another validation": (("sources", "one", "validation"), "refused"),
    "a validation without state": (("sources", "one", "validation"), {"comment": "x"}),
    "a schedule as list": (("sources", "one", "schedule"), ["0 0 * * *"]),
    "a window without minutes": (("sources", "one", "schedule"), {"window": "0-5"}),
    "a window past midnight": (("sources", "one", "schedule"), {"window": "23:00-25:00"}),
    "a schedule of days only": (("sources", "one", "schedule"), {"days": "mon"}),
    "config as list": (("sources", "one", "config"), []),
    "a filter without value": (("sources", "2", "config", "filters"), [{"key": "a"}]),
    "a filter of another type": (("sources", "2", "config", "filters"), [{"key": "a", "value": 1, "type": "inlcude"}]),
    "a short filter of another type": (("sources", "one", "config", "filters"), {"a": {"without": "b"}}),
    "a short filter that is null": (("sources", "one", "config", "filters"), {"a": None}),
    "a list of lists as filter": (("sources", "one", "config", "filters"), {"a": [["b"]]}),
    "a feature that is a string": (("sources", "one", "config", "features"), {"f": "yes"}),
    "features as string": (("sources", "one", "config", "features"), "f"),
    "an environment that is gone": (("sources", "one", "environments", "demo"), "gone"),
    "environments within environments": (("sources", "one", "environments", "demo"), {"environments": {}}),
    "an id among defaults": (("defaults", "id"), ID),
    "an environment with other keys": (("environments", "demo", "sources"), {}),
}  # fmt: skip


def with_value(path: tuple[Any, ...], value: Any) -> Any:
    """The whole file, with another value in one place."""
    if not path:
        return value
    changed = copy.deepcopy(WHOLE)
    parent = changed
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    return changed


def reader_takes(value: Any) -> bool:
    return not list(layout.DOCUMENT.problems(value))


class TestSchemaFile:
    def test_is_what_the_reader_checks_by(self) -> None:
        assert SCHEMA_FILE.read_text() == layout.schema_text()

    def test_is_a_json_schema(self) -> None:
        jsonschema.Draft7Validator.check_schema(json.loads(SCHEMA_FILE.read_text()))

    def test_explains_each_field_of_a_source(self) -> None:
        source = layout.json_schema()["properties"]["sources"]["anyOf"][0]["additionalProperties"]
        assert all(rule.get("description") for rule in source["properties"].values())


class TestReaderAndSchemaAgree:
    def test_on_a_file_that_says_everything(self) -> None:
        assert reader_takes(WHOLE)
        VALIDATOR.validate(WHOLE)

    @pytest.mark.parametrize("path, value", WRONG.values(), ids=WRONG.keys())
    def test_on_what_is_wrong(self, path: tuple[Any, ...], value: Any) -> None:
        changed = with_value(path, value)
        assert not VALIDATOR.is_valid(changed)
        assert not reader_takes(changed)

    @examples(400)
    @given(st.data())
    def test_on_any_value_anywhere(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(PATHS))
        changed = with_value(path, data.draw(VALUES))
        assert VALIDATOR.is_valid(changed) == reader_takes(changed)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for part, child in children for deeper in paths_in(child, (*path, part)))]


PATHS = paths_in(WHOLE)
#: No line ends: Python's ``$`` takes one at the end of a string, which that of editors does not.
TEXTS = st.text(st.characters(exclude_characters="\n"), max_size=5) | st.sampled_from(
    ["absent", "accepted", "never", "include", "00:00-24:00", ID, "key", "value", "window", "filters", "x" * 300]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
