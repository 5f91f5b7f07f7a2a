"""What a user gives: what is accepted, in which form, and what is refused with which words before anything is sent."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pendulum
import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import (
    as_datetime,
    as_seconds,
    as_switch,
    check_backend,
    check_id,
    check_name,
    check_url,
    check_validation,
    is_object_id,
)
from airflow_provider_harvest.portal.models import HarvestBackend

OBJECT_ID = "6b03fbe8f66a892d7cfe18d4"
SECRET = "hunter2-do-not-show"


def refused(reason: str) -> pytest.RaisesExc[HarvestInvalidInput]:
    """Expect a refusal whose sentence holds these words."""
    return pytest.raises(HarvestInvalidInput, match=re.escape(reason))


# --- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, taken",
    [
        pytest.param(OBJECT_ID, OBJECT_ID, id="id"),
        pytest.param(OBJECT_ID.upper(), OBJECT_ID, id="id-in-capitals"),
        pytest.param("Cities-of-the-Region", "Cities-of-the-Region", id="slug-in-capitals"),
        pytest.param(f" {OBJECT_ID}\n", OBJECT_ID, id="blanks-around"),
        pytest.param("cities-of-the-region", "cities-of-the-region", id="slug"),
        pytest.param("cities_2-1", "cities_2-1", id="slug-with-underscore"),
        pytest.param("c", "c", id="slug-of-one-letter"),
        pytest.param("none", "none", id="slug-none"),
    ],
)
def test_ids_and_slugs_are_taken(value: str, taken: str) -> None:
    assert check_id(value, "source_id") == taken


@pytest.mark.parametrize(
    "value, reason",
    [
        pytest.param(None, "source_id is missing", id="none"),
        pytest.param("", "source_id is empty", id="empty"),
        pytest.param(" \n", "source_id is empty", id="blank"),
        pytest.param("None", "returned nothing", id="none-as-text"),
        pytest.param(1.5, "source_id must be a string, not float", id="number"),
        pytest.param({"id": OBJECT_ID}, "source_id must be a string, not dict", id="whole-source"),
        pytest.param("{{ params.source }}", "not a template that was not rendered", id="template"),
        pytest.param(f"https://portal.example/source/{OBJECT_ID}/", "without the address around it", id="address"),
        pytest.param("../../me", "without the address around it", id="path"),
        pytest.param("two words", "source_id must be an id (24 hexadecimal digits) or a slug", id="blank-inside"),
        pytest.param("a?b", "or a slug, not 'a?b'", id="question-mark"),
        pytest.param("a#b", "or a slug, not 'a#b'", id="hash"),
        pytest.param("café", "or a slug, not 'café'", id="accent"),
        pytest.param("-", "or a slug, not '-'", id="dash"),
        pytest.param("a\nb", r"or a slug, not 'a\nb'", id="newline-inside"),
    ],
)
def test_what_is_no_id_and_no_slug_is_refused(value: Any, reason: str) -> None:
    with refused(reason):
        check_id(value, "source_id")


@pytest.mark.parametrize("value", ["cities", OBJECT_ID[:-1], OBJECT_ID + "0", OBJECT_ID[:-1] + "g"])
def test_where_there_are_no_slugs_only_an_id_is_taken(value: str) -> None:
    with refused(f"job_id must be an id (24 hexadecimal digits), not {value!r}."):
        check_id(value, "job_id", slug=False)


def test_an_id_is_taken_where_there_are_no_slugs() -> None:
    assert check_id(OBJECT_ID, "job_id", slug=False) == OBJECT_ID


@pytest.mark.parametrize(
    "value, expected",
    [(OBJECT_ID, True), (OBJECT_ID.upper(), True), ("cities", False), (OBJECT_ID + "\n", False), ("٣" * 24, False)],
    ids=["id", "capitals", "slug", "newline", "other-digits"],
)
def test_an_id_is_distinguished_from_a_slug(value: str, expected: bool) -> None:
    assert is_object_id(value) is expected


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(HarvestInvalidInput) as caught:
        check_id("!" * 10_000, "source_id")
    assert len(str(caught.value)) < 250


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, taken",
    [
        pytest.param("Cities of the region", "Cities of the region", id="words"),
        pytest.param("  Cities\n", "Cities", id="blanks-around"),
        pytest.param("7", "7", id="digit"),
        pytest.param("Métropole", "Métropole", id="accents"),
        pytest.param("数据", "数据", id="chinese"),
        pytest.param("x" * 255, "x" * 255, id="longest"),
    ],
)
def test_names_are_taken(name: str, taken: str) -> None:
    assert check_name(name) == taken


@pytest.mark.parametrize(
    "name, reason",
    [
        pytest.param(None, "name is missing", id="none"),
        pytest.param("", "name is empty", id="empty"),
        pytest.param("  ", "name is empty", id="blank"),
        pytest.param(1.5, "name must be a string, not float", id="number"),
        pytest.param("///", "name must hold a letter or a digit", id="symbols"),
        pytest.param("x" * 256, "name must have at most 255 characters, not 256", id="too-long"),
    ],
)
def test_names_that_portals_choke_on_are_refused(name: Any, reason: str) -> None:
    with refused(reason):
        check_name(name)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://catalogue.example/cities.xml",
        "http://127.0.0.1:8000/cities.xml",
        "HTTPS://catalogue.example",
        "http://[::1]:8000/",
        "ftp://files.example/cities.xml",
        "ftps://files.example/cities.xml",
        "https://catalogue.example/csw?service=CSW&request=GetCapabilities#top",
        "https://catalogue.example/@team/cities?contact=team@catalogue.example",
        "https://données.example/é.xml",
        "https://catalogue.example/cities?token=",
    ],
)
def test_addresses_of_catalogues_are_taken(url: str) -> None:
    assert check_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url, reason",
    [
        pytest.param(None, "url is missing", id="none"),
        pytest.param("", "url is empty", id="empty"),
        pytest.param(5, "url must begin with", id="number"),
        pytest.param(
            "catalogue.example/cities.xml", "url must begin with http://, https://, ftp:// or ftps://", id="bare"
        ),
        pytest.param("//catalogue.example/", "url must begin with", id="no-scheme"),
        pytest.param("file:///etc/passwd", "url must begin with", id="file"),
        pytest.param("javascript:alert(1)", "url must begin with", id="script"),
        pytest.param("https:///cities.xml", "url must begin with", id="no-host"),
        pytest.param("https://:8000/", "url must begin with", id="port-without-host"),
        pytest.param("https://catalogue.example/the cities.xml", "no blanks", id="blank"),
        pytest.param("https://catalogue.example/\ncities.xml", "no blanks", id="newline"),
        pytest.param("https://catalogue.example/\x00", "control characters", id="zero-byte"),
        pytest.param("https://catalogue.example\\@other.example/", "backslashes", id="backslash"),
        pytest.param("https://catalogue.example:99999/", "a valid host and port", id="port-too-high"),
        pytest.param("https://catalogue.example:port/", "a valid host and port", id="port-in-letters"),
        pytest.param("https://[::1/", "a valid host and port", id="open-bracket"),
    ],
)
def test_what_is_no_address_of_a_catalogue_is_refused(url: Any, reason: str) -> None:
    with refused(reason):
        check_url(url)


@pytest.mark.parametrize(
    "url, reason",
    [
        pytest.param(f"https://me:{SECRET}@catalogue.example/", "has a user or password", id="user-and-password"),
        pytest.param(f"https://{SECRET}@catalogue.example/", "has a user or password", id="user"),
        pytest.param(f"ftp://me:{SECRET}@files.example/", "has a user or password", id="ftp"),
        pytest.param(f"https://me:a/{SECRET}@catalogue.example/", "url must", id="slash-in-password"),
        pytest.param(f"https://me:a?{SECRET}@catalogue.example/", "url must", id="question-mark-in-password"),
        pytest.param(f"https://me:{SECRET} @catalogue.example/", "no blanks", id="blank-in-password"),
        pytest.param(f"https://me:{SECRET}@catalogue.example:99999/", "host and port", id="password-and-bad-port"),
        pytest.param(f"me:{SECRET}@catalogue.example", "url must begin with", id="password-without-scheme"),
        pytest.param(f"ssh://me:{SECRET}@catalogue.example", "url must begin with", id="password-and-bad-scheme"),
        pytest.param(f"https://catalogue.example/a?apikey={SECRET}", "has the parameter 'apikey'", id="api-key"),
        pytest.param(f"https://catalogue.example/a?q=1&access_token={SECRET}", "'access_token'", id="token"),
        pytest.param(f"https://catalogue.example/a?mot_de_passe={SECRET}", "'mot_de_passe'", id="mot-de-passe"),
        pytest.param(f"https://catalogue.example/a b?token={SECRET}", "no blanks", id="token-and-blank"),
        pytest.param(f"https://catalogue.example/a#access_token={SECRET}", "'access_token'", id="fragment"),
        pytest.param(f"https://catalogue.example/a?mail=a@b.org&token={SECRET}", "'token'", id="token-after-an-at"),
        pytest.param(f"https://catalogue.example/a b?mail=a@b.org&t={SECRET}", "no blanks", id="at-and-blank"),
        pytest.param(f"https://catalogue.example/a b#mail=a@b.org&t={SECRET}", "no blanks", id="fragment-and-blank"),
        pytest.param(f"https://a.example:99999/a#{SECRET}", "host and port", id="fragment-and-bad-port"),
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(url: str, reason: str) -> None:
    with refused(reason) as caught:
        check_url(url)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)


# --- backends ---------------------------------------------------------------------------------------------------------

BACKENDS = [HarvestBackend("dcat", "DCAT"), HarvestBackend("ckan", "CKAN"), HarvestBackend("csw-iso-19139", "CSW-ISO")]


def test_a_backend_of_the_portal_is_returned() -> None:
    assert check_backend(" ckan ", iter(BACKENDS)) is BACKENDS[1]


@pytest.mark.parametrize(
    "backend_id, reason",
    [
        pytest.param(
            "ods", "backend 'ods' does not exist on this portal, or is not enabled: it has ckan,", id="unknown"
        ),
        pytest.param("dcta", "Did you mean 'dcat'?", id="misspelt"),
        pytest.param("DCAT", "Did you mean 'dcat'?", id="capitals"),
        pytest.param("csw-iso-19115", "Did you mean 'csw-iso-19139'?", id="similar"),
        pytest.param(None, "backend is missing", id="none"),
        pytest.param("", "backend is empty", id="empty"),
        pytest.param(7, "does not exist on this portal", id="number"),
    ],
)
def test_a_backend_that_the_portal_lacks_is_refused_with_those_it_has(backend_id: Any, reason: str) -> None:
    with refused(reason):
        check_backend(backend_id, BACKENDS)


def test_a_portal_without_backends_is_named_as_such() -> None:
    with refused("it lists none"):
        check_backend("dcat", [])


# --- validation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state, comment, taken",
    [
        pytest.param("accepted", None, ("accepted", None), id="accepted"),
        pytest.param("accepted", "", ("accepted", None), id="accepted-with-empty-comment"),
        pytest.param("accepted", "Fine.", ("accepted", "Fine."), id="accepted-with-comment"),
        pytest.param("refused", " Not open data.\n", ("refused", "Not open data."), id="refused"),
    ],
)
def test_a_validation_is_taken(state: str, comment: str | None, taken: tuple[str, str | None]) -> None:
    assert check_validation(state, comment) == taken


@pytest.mark.parametrize(
    "state, comment, reason",
    [
        pytest.param("refused", None, "comment is missing: a refusal needs one", id="refusal-without-comment"),
        pytest.param("refused", " \n", "comment is missing: a refusal needs one", id="refusal-with-blank-comment"),
        pytest.param("pending", "Later.", "Portals take 'pending' for a refusal", id="pending"),
        pytest.param("Accepted", None, "state must be 'accepted' or 'refused', not 'Accepted'", id="capital"),
        pytest.param(None, None, "not None", id="no-state"),
        pytest.param(True, None, "not True", id="boolean"),
        pytest.param(["accepted"], None, "not ['accepted']", id="list"),
        pytest.param("refused", 5, "comment must be a string, not int", id="comment-as-number"),
    ],
)
def test_a_validation_that_portals_misread_is_refused(state: Any, comment: Any, reason: str) -> None:
    with refused(reason):
        check_validation(state, comment)


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, seconds",
    [
        pytest.param(0, 0.0, id="zero"),
        pytest.param(90, 90.0, id="int"),
        pytest.param(0.5, 0.5, id="float"),
        pytest.param(timedelta(hours=2), 7200.0, id="timedelta"),
        pytest.param(pendulum.duration(minutes=1), 60.0, id="pendulum-duration"),
    ],
)
def test_lengths_of_time_are_seconds(value: Any, seconds: float) -> None:
    taken = as_seconds(value, "poll_interval")
    assert taken == seconds
    assert type(taken) is float


@pytest.mark.parametrize(
    "value, reason",
    [
        pytest.param(True, "seconds (a number) or a timedelta, not True", id="boolean"),
        pytest.param("60", "seconds (a number) or a timedelta, not '60'", id="text"),
        pytest.param(None, "not None", id="none"),
        pytest.param(-1, "zero or more seconds, not -1", id="negative"),
        pytest.param(timedelta(seconds=-1), "zero or more seconds, not -1.0", id="negative-timedelta"),
        pytest.param(float("nan"), "zero or more seconds, not nan", id="nan"),
        pytest.param(float("inf"), "zero or more seconds, not inf", id="infinite"),
    ],
)
def test_what_is_no_length_of_time_is_refused(value: Any, reason: str) -> None:
    with refused(reason) as caught:
        as_seconds(value, "poll_interval")
    assert str(caught.value).startswith("poll_interval must be ")


SIX_UTC = datetime(2026, 5, 4, 6, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(SIX_UTC, id="datetime"),
        pytest.param(datetime(2026, 5, 4, 8, tzinfo=timezone(timedelta(hours=2))), id="datetime-of-another-zone"),
        pytest.param(pendulum.datetime(2026, 5, 4, 8, tz="Europe/Paris"), id="pendulum"),
        pytest.param("2026-05-04T06:00:00+00:00", id="ts"),
        pytest.param("2026-05-04 06:00:00+00:00", id="as-str-writes-it"),
        pytest.param("2026-05-04T06:00:00Z", id="z"),
        pytest.param("2026-05-04T06:00Z", id="no-seconds"),
        pytest.param("2026-05-04T06:00:00.000+00:00", id="milliseconds"),
        pytest.param("2026-05-04T08:00:00+0200", id="offset-without-colon"),
        pytest.param("2026-05-04T08:00:00+02", id="offset-in-hours"),
        pytest.param("2026-05-04T01:30:00-04:30", id="behind-utc"),
        pytest.param(" 2026-05-04T06:00:00Z\n", id="blanks-around"),
    ],
)
def test_instants_become_utc(value: Any) -> None:
    taken = as_datetime(value, "after")
    assert taken == SIX_UTC
    assert taken.tzinfo is timezone.utc
    assert type(taken) is datetime


@pytest.mark.parametrize(
    "value, reason",
    [
        pytest.param(datetime(2026, 5, 4, 6), "after has no time zone", id="naive-datetime"),  # noqa: DTZ001
        pytest.param("2026-05-04T06:00:00", "after has no time zone", id="naive-text"),
        pytest.param("2026-05-04", "a time in ISO form with a zone", id="date-as-text"),
        pytest.param(date(2026, 5, 4), "a datetime or an ISO string with a zone", id="date"),
        pytest.param("06:00Z", "a time in ISO form with a zone", id="clock-time"),
        pytest.param("now", "a time in ISO form with a zone", id="word"),
        pytest.param("P1D", "a time in ISO form with a zone", id="duration"),
        pytest.param("", "a time in ISO form with a zone", id="empty"),
        pytest.param("None", "a time in ISO form with a zone", id="none-as-text"),
        pytest.param("2026-02-30T06:00:00Z", "a time in ISO form with a zone", id="february-30"),
        pytest.param("2026-05-04T25:00:00Z", "a time in ISO form with a zone", id="hour-25"),
        pytest.param("2026-05-04T06:00:00+99:00", "a time in ISO form with a zone", id="absurd-offset"),
        pytest.param(1_777_874_400, "a datetime or an ISO string with a zone", id="epoch"),
        pytest.param(None, "a datetime or an ISO string with a zone", id="none"),
        pytest.param("0001-01-01T00:00:00+14:00", "after is out of range", id="before-the-first-year"),
    ],
)
def test_what_is_no_instant_is_refused(value: Any, reason: str) -> None:
    with refused(reason):
        as_datetime(value, "after")


@pytest.mark.parametrize("check", [lambda value: check_id(value, "organization"), check_name], ids=["slug", "name"])
def test_digits_that_a_template_made_a_number(check: Any) -> None:
    """Under render_template_as_native_obj=True a slug of digits arrives as a number."""
    assert check(2024) == "2024"
    with pytest.raises(HarvestInvalidInput, match="render_template_as_native_obj"):
        check(["2024"])


# --- switches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, switch", [(True, True), (False, False), ("True", True), (" false ", False), ("FALSE", False)], ids=repr
)
def test_a_switch_may_be_rendered_by_a_template(given: Any, switch: bool) -> None:
    assert as_switch(given, "prune") is switch


@pytest.mark.parametrize("given", ["yes", "", None, 0, 1, [], "x" * 5000], ids=lambda given: repr(given)[:10])
def test_a_switch_is_nothing_else_and_the_message_is_short(given: Any) -> None:
    with refused("prune must be True or False, not ") as caught:
        as_switch(given, "prune")
    assert len(str(caught.value)) < 150
