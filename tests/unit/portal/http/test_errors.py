"""What an error response says, in every generation's shape."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.http.errors import api_error, looks_like_html, words_of
from airflow_provider_harvest.portal.http.places import CONNECTION, Places

URL = "https://portal.example/api/1/harvest/sources/"


@pytest.mark.parametrize(
    "payload, words",
    [
        pytest.param({"errors": {"name": ["Too long", "Too dull"]}}, "name: Too long, Too dull", id="lists, to 17.3"),
        pytest.param(
            {"errors": {"name": "Too long"}, "message": "Wrong"}, "name: Too long; Wrong", id="texts, from 17.4"
        ),
        pytest.param({"errors": {"config": {"filters": ["Bad"]}}}, "config: filters: Bad", id="nested"),
        pytest.param({"errors": {}, "message": "Not an id"}, "Not an id", id="no field"),
        pytest.param({"errors": {"name": "Wrong"}, "message": "Wrong"}, "name: Wrong", id="said twice"),
        pytest.param({"errors": ["One", "Two"]}, "One, Two", id="a plain list"),
        pytest.param({"message": "Not allowed"}, "Not allowed", id="a message"),
        pytest.param({"error": "No such route", "status": 404}, "No such route", id="an error"),
        pytest.param({"message": "The requested URL was not found on the server. Well."}, "", id="nothing new"),
        pytest.param({"error": "The requested URL was not found on the server."}, "", id="nothing new, elsewhere"),
        pytest.param({}, "", id="empty"),
        pytest.param(None, "", id="none"),
        pytest.param(["a"], "['a']", id="no object"),
        pytest.param({"message": 5}, "5", id="a number"),
    ],
)
def test_words_are_found(payload: Any, words: str) -> None:
    assert words_of(payload) == words


def test_words_are_few() -> None:
    assert len(words_of({"errors": {f"field-{n}": "is wrong" for n in range(1000)}})) == 500


@pytest.mark.parametrize(
    "content, is_page",
    [
        (b"<!DOCTYPE html><html>", True),
        (b"\n  <html lang=fr>", True),
        (b'{"html": "<html>"}', False),
        (b"", False),
        (b"<?xml version='1.0'?>", False),
    ],
)
def test_a_web_page_is_recognised(content: bytes, is_page: bool) -> None:
    assert looks_like_html(content) == is_page


NO_PORTAL = (
    "That is not the API of a udata portal: check that the connection's host is the site of one. If it is, a proxy has "
    "responded in its place, or its release has no such endpoint."
)
SENTENCES = [
    pytest.param(
        400,
        {"errors": {"url": ["Invalid URL."]}},
        {},
        f"POST {URL} responded with 400: url: Invalid URL.",
        id="the words",
    ),
    pytest.param(418, {}, {}, f"POST {URL} responded with 418.", id="no words"),
    pytest.param(
        401, {"message": "Expired API token"}, {},
        f"POST {URL} responded with 401: Expired API token. Check the API key in the connection's password: it may be "
        "wrong, expired or revoked.", id="a key that is no longer good",
    ),
    pytest.param(
        401, {"message": "The server could not verify that you are authorized to see it."}, {"has_key": False},
        f"POST {URL} responded with 401. This needs an API key: put it into the connection's password.", id="no key",
    ),
    pytest.param(
        403, {"message": "Not yours"}, {},
        f"POST {URL} responded with 403: Not yours. The key is valid, but its user lacks this right on the portal.",
        id="a key without the right",
    ),
    pytest.param(
        429, {}, {"retry_after": 30.0}, f"POST {URL} responded with 429. The portal asks to wait 30 s.",
        id="a rate limit",
    ),
    pytest.param(
        423, {"message": "Later"}, {},
        f"POST {URL} responded with 423: Later. The portal is in read-only mode (maintenance); try again later.",
        id="maintenance",
    ),
    pytest.param(
        404, {"message": "Source not found"}, {},
        f"POST {URL} responded with 404: Source not found. The portal has no such object.", id="an unknown object",
    ),
    pytest.param(
        404, "<html>", {"is_json": False},
        f"POST {URL} responded with 404: (a page, not the API's own words). {NO_PORTAL}", id="a web server",
    ),
    pytest.param(
        404, {"detail": "Not Found"}, {}, f"POST {URL} responded with 404. {NO_PORTAL}", id="another API",
    ),
    pytest.param(404, None, {}, f"POST {URL} responded with 404. {NO_PORTAL}", id="nothing at all"),
]  # fmt: skip


@pytest.mark.parametrize("status, payload, options, sentence", SENTENCES)
def test_the_sentence_says_what_happened_and_what_to_do(
    status: int, payload: Any, options: dict[str, Any], sentence: str
) -> None:
    given = {"is_json": True, "retry_after": None, "places": CONNECTION, **options}
    error = api_error("POST", URL, status, payload, **given)
    assert str(error) == sentence
    assert error.payload == payload


@pytest.mark.parametrize("status, has_key", [(401, True), (401, False), (404, True)])
def test_advice_names_the_places_where_things_were_set(status: int, has_key: bool) -> None:
    places = Places("--portal", "HARVEST_API_KEY", "REQUESTS_CA_BUNDLE")
    error = api_error("GET", URL, status, None, True, None, has_key=has_key, places=places)
    assert (places.site if status == 404 else places.key) in str(error)
    assert "connection" not in str(error)


def test_the_words_of_a_page_are_not_the_portals() -> None:
    error = api_error("GET", URL, 502, "<html>nginx", is_json=False, retry_after=None)
    assert str(error) == f"GET {URL} responded with 502: (a page, not the API's own words)."
    assert error.payload == "<html>nginx"
