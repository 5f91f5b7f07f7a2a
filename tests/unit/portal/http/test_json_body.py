"""What a body is decoded to: values that PostgreSQL stores as JSON, whatever somebody wrote into a name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from airflow_provider_harvest.portal.http.json_body import decoded
from airflow_provider_harvest.portal.models import HarvestSource


@pytest.mark.parametrize(
    "body, value",
    [
        pytest.param(rb'"a\u0000b"', "a\ufffdb", id="a NUL"),
        pytest.param(rb'"a\ud83d"', "a\ufffd", id="half a character"),
        pytest.param(rb'"\uDE00\uD83D"', "\ufffd\ufffd", id="halves in the wrong order"),
        pytest.param("\ud83d".encode("utf-8", "surrogatepass").join((b'"', b'"')), "\ufffd", id="half, not escaped"),
        pytest.param(rb'{"a\u0000": [{"b": "\u0000"}]}', {"a\ufffd": [{"b": "\ufffd"}]}, id="deep within"),
        pytest.param(rb"[NaN, Infinity, -Infinity]", ["NaN", "Infinity", "-Infinity"], id="numbers that are none"),
        pytest.param(rb'"\ud83d\ude00 \\u0000 \\ud83d"', "\U0001f600 \\u0000 \\ud83d", id="what only looks like it"),
        pytest.param('"é😀"'.encode(), "é😀", id="whole characters"),
        pytest.param(rb'{"a": [1, 1.5, true, null, "\u0001\n"]}', {"a": [1, 1.5, True, None, "\x01\n"]}, id="all else"),
    ],
)
def test_what_no_database_stores_is_replaced_and_nothing_else(body: bytes, value: Any) -> None:
    assert decoded(body) == (value, True)


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_no_body_is_nothing(body: bytes) -> None:
    assert decoded(body) == (None, True)


@pytest.mark.parametrize(
    "body", [b"<html>", b"\x00\xff{]", b"[" * 100_000, rb'["\u0000",' + b"[" * 20_000 + b"]" * 20_000 + b"]"]
)
def test_what_is_no_json_or_nested_too_deeply_is_said_to_be_none(body: bytes) -> None:
    assert decoded(body) == (None, False)


def test_a_source_with_a_nul_in_all_that_people_write_is_stored_in_full() -> None:
    said = r"a\u0000\ud83d"
    body = json.dumps(
        {
            "id": "a", "name": "SAID", "url": "SAID", "description": "SAID", "config": {"SAID": ["SAID"]},
            "owner": {"id": "b", "first_name": "SAID", "last_name": "SAID"}, "validation": {"comment": "SAID"},
        }
    ).replace("SAID", said)  # fmt: skip
    source = HarvestSource.from_api(decoded(body.encode())[0])
    stored = json.dumps([source.raw, source.name, source.config, source.owner_name, source.validation.comment])
    assert source.name == "a\ufffd\ufffd"
    assert not re.search(r"\\u0000|\\ud83d", stored)
