"""A source's configuration: what is taken, what no portal would read as meant, and what must not be published."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import check_config
from airflow_provider_harvest.portal.models import HarvestBackend
from airflow_provider_harvest.portal.text.secrecy import names_secret, without_secrets

SECRET = "hunter2-do-not-show"

CATALOGUE = HarvestBackend(
    "catalogue",
    "Catalogue",
    filters=(
        {"key": "organization", "label": "Organization", "type": "string"},
        {"key": "year", "label": "Year", "type": "integer"},
        {"key": "open", "label": "Open", "type": "boolean"},
        {"key": "since", "label": "Since", "type": "date"},
    ),
    features=({"key": "geo", "label": "Geography", "default": False},),
    extra_configs=({"key": "remote_url_prefix", "label": "Prefix", "default": None},),
)
BARE = HarvestBackend("bare", "Bare", extra_configs=())
#: As portals up to 9.2.3 describe a backend.
WITHOUT_EXTRA_CONFIGS = HarvestBackend("old", "Old", extra_configs=None)


def refused(reason: str) -> pytest.RaisesExc[HarvestInvalidInput]:
    """Expect a refusal whose sentence holds these words."""
    return pytest.raises(HarvestInvalidInput, match=re.escape(reason))


def filters(key: object, value: object, **more: object) -> dict[str, Any]:
    return {"filters": [{"key": key, "value": value, **more}]}


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="none"),
        pytest.param(filters("organization", "region"), id="filter"),
        pytest.param(filters("organization", "region", type="exclude"), id="excluding-filter"),
        pytest.param(filters("organization", "region", type=None), id="filter-with-type-null"),
        pytest.param(filters("year", 2026), id="filter-of-integer"),
        pytest.param(filters("open", False), id="filter-of-boolean"),
        pytest.param(filters("since", "2026-01-01"), id="filter-of-a-type-that-json-lacks"),
        pytest.param({"filters": [], "features": {}, "extra_configs": []}, id="empty-sections"),
        pytest.param({"features": {"geo": True}}, id="feature"),
        pytest.param({"free": [{"key": "$filter", "value": "a$b"}]}, id="dollars-in-values"),
        pytest.param(
            {"extra_configs": [{"key": "remote_url_prefix", "value": "https://a.example/"}]}, id="extra-config"
        ),
        pytest.param({"extra_configs": [{"key": "remote_url_prefix", "value": "x", "type": "text"}]}, id="free-type"),
        pytest.param({"page_size": 50, "feature_flags": {"a": [1, None, "x"]}}, id="free-keys"),
    ],
)
def test_configurations_are_taken_as_they_are(config: dict[str, Any]) -> None:
    taken = check_config(config, CATALOGUE)
    assert taken == config
    assert taken is not config


def test_tuples_become_lists_as_the_portal_will_answer_them() -> None:
    assert check_config({"filters": ({"key": "year", "value": 1},)}, CATALOGUE) == filters("year", 1)


@pytest.mark.parametrize(
    "config",
    [filters("anything", 1), {"features": {"anything": True}}, {"extra_configs": [{"key": "anything", "value": 1}]}],
    ids=["filter", "feature", "extra-config"],
)
def test_any_key_is_taken_where_no_backend_is_given(config: dict[str, Any]) -> None:
    assert check_config(config) == config


def test_any_extra_config_is_taken_if_the_portal_does_not_say_which_there_are() -> None:
    config = {"extra_configs": [{"key": "anything", "value": 1}]}
    assert check_config(config, WITHOUT_EXTRA_CONFIGS) == config


def endless() -> dict[str, Any]:
    config: dict[str, Any] = {}
    config["self"] = config
    return config


@pytest.mark.parametrize(
    "config, reason",
    [
        pytest.param(None, "config must be a dict, {} for none, not NoneType", id="none"),
        pytest.param([], "not list", id="list"),
        pytest.param('{"features": {}}', "not str", id="json-text"),
        pytest.param({"a": datetime(2026, 1, 1, tzinfo=timezone.utc)}, "JSON values only", id="datetime"),
        pytest.param({"a": {1, 2}}, "JSON values only", id="set"),
        pytest.param({"a": float("nan")}, "JSON values only", id="nan"),
        pytest.param({("a", "b"): 1}, "JSON values only", id="key-of-two"),
        pytest.param(endless(), "JSON values only", id="endless"),
        pytest.param({"a": [{"$b": 1}]}, "config.a[0].$b has a key that begins with $", id="key-with-dollar"),
        pytest.param({"filter": []}, "no portal reads. Did you mean 'filters'?", id="filter-for-filters"),
        pytest.param({"FEATURES": {}}, "Did you mean 'features'?", id="capitals"),
        pytest.param({"extra_config": []}, "Did you mean 'extra_configs'?", id="extra-config-for-extra-configs"),
        pytest.param({"filters": None}, "config.filters must be a list", id="filters-null"),
        pytest.param({"filters": {"year": 1}}, "config.filters must be a list", id="filters-as-object"),
        pytest.param({"filters": ["year"]}, 'config.filters[0] must be an object with "key"', id="filter-as-text"),
        pytest.param({"filters": [{"key": "year"}]}, 'and "value"', id="filter-without-value"),
        pytest.param({"filters": [{"value": 1}]}, 'config.filters[0] must be an object with "key"', id="no-key"),
        pytest.param(filters(7, 1), 'config.filters[0] must be an object with "key" (a string)', id="key-as-number"),
        pytest.param(
            filters("year", 1, type="excluded"), "must have the type 'include' or 'exclude'", id="misspelt-type"
        ),
        pytest.param(filters("yaer", 1), "has the key 'yaer', which the backend catalogue does not know", id="unknown"),
        pytest.param(filters("yaer", 1), "it knows open, organization, since, year. Did you mean 'year'?", id="known"),
        pytest.param(
            filters("year", "2026"), "(year) must have a value of type integer, not str", id="text-for-number"
        ),
        pytest.param(filters("organization", 7), "must have a value of type string, not int", id="number-for-text"),
        pytest.param(filters("open", "yes"), "must have a value of type boolean, not str", id="text-for-boolean"),
        pytest.param(filters("organization", None), "must have a value of type string, not null", id="null-for-text"),
        pytest.param({"features": ["geo"]}, "config.features must be an object", id="features-as-list"),
        pytest.param({"features": None}, "config.features must be an object", id="features-null"),
        pytest.param({"features": {"geo": "yes"}}, "config.features.geo must be true or false, not str", id="word"),
        pytest.param({"features": {"geo": 1}}, "config.features.geo must be true or false, not int", id="one-for-true"),
        pytest.param({"features": {"gea": True}}, "Did you mean 'geo'?", id="unknown-feature"),
        pytest.param({"extra_configs": None}, "config.extra_configs must be a list", id="extra-configs-null"),
        pytest.param({"extra_configs": {}}, "config.extra_configs must be a list", id="extra-configs-as-object"),
        pytest.param({"extra_configs": [{"key": "x", "value": 1}]}, "it knows remote_url_prefix", id="unknown-extra"),
    ],
)
def test_what_portals_refuse_or_misread_is_refused(config: Any, reason: str) -> None:
    with refused(reason):
        check_config(config, CATALOGUE)


@pytest.mark.parametrize(
    "config",
    [filters("year", 1), {"features": {"geo": True}}, {"extra_configs": [{"key": "x", "value": 1}]}],
    ids=["filter", "feature", "extra-config"],
)
def test_a_backend_that_knows_no_keys_says_so(config: dict[str, Any]) -> None:
    with refused("which the backend bare does not know: it knows none."):
        check_config(config, BARE)


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config, path",
    [
        pytest.param({"apikey": SECRET}, "config.apikey", id="free-key"),
        pytest.param({"auth": {"password": SECRET}}, "config.auth.password", id="nested"),
        pytest.param({"logins": [{"pwd": SECRET}]}, "config.logins[0].pwd", id="in-a-list"),
        pytest.param({"tokens": [SECRET]}, "config.tokens", id="list-of-secrets"),
        pytest.param({"secret": {"a": SECRET}}, "config.secret", id="object-of-secrets"),
        pytest.param(filters("api_key", SECRET), "config.filters[0].value", id="filter"),
        pytest.param(
            {"extra_configs": [{"key": "X-Api-Key", "value": SECRET}]}, "config.extra_configs[0].value", id="entry"
        ),
        pytest.param({"pin_token": 123456}, "config.pin_token", id="number"),
        pytest.param({"proxy": f"https://me:{SECRET}@proxy.example/"}, "config.proxy", id="password-in-an-address"),
        pytest.param(
            {"extra_configs": [{"key": "prefix", "value": f"https://a.example/?token={SECRET}"}]},
            "config.extra_configs[0].value",
            id="token-in-an-address",
        ),
        pytest.param({"page": f"https://a.example/#token={SECRET}"}, "config.page", id="token-in-a-fragment"),
        pytest.param({"note": f"see https://a.example/?apikey={SECRET} first"}, "config.note", id="address-in-a-text"),
        pytest.param({"proxies": [f"https://{SECRET}@proxy.example/"]}, "config.proxies[0]", id="user-in-an-address"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(config: dict[str, Any], path: str) -> None:
    with refused(f"{path} must ") as caught:
        check_config(config)
    assert "everybody can read config on the portal" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"token": None}, id="null"),
        pytest.param({"token": ""}, id="empty"),
        pytest.param({"use_token": True}, id="boolean"),
        pytest.param({"contact": "team@catalogue.example"}, id="mail-address"),
        pytest.param({"page": "https://catalogue.example/@team"}, id="address-with-at-in-its-path"),
        pytest.param({"page": "https://catalogue.example/?q=token#page=2"}, id="other-parameters"),
        pytest.param({"note": "Why? token=none"}, id="text-that-is-no-address"),
        pytest.param({"odd": "http://[not-an-address"}, id="no-address"),
    ],
)
def test_what_holds_no_secret_is_taken(config: dict[str, Any]) -> None:
    assert check_config(config) == config


@pytest.mark.parametrize(
    "name",
    [
        *(
            "apikey",
            "api_key",
            "apiKey",
            "APIKey",
            "X-API-KEY",
            "password",
            "Passwords",
            "user_pass",
            "db.passwd",
            "pwd",
            "secret",
        ),
        *("clientSecret", "token", "auth_token", "accessToken", "access_key", "private-key", "credentials"),
        *("Authorization", "mot_de_passe", "motDePasse", "mdp", "jeton"),
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["key", "value", "keyword", "organization", "tokenizer", "passage", "compass", "secretary", "geodcatap", "", "7"],
)
def test_other_names_are_no_secrets(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    "address, shown",
    [
        pytest.param("https://a.example/b", "https://a.example/b", id="plain"),
        pytest.param("https://a.example/b?q=1", "https://a.example/b?...", id="query"),
        pytest.param("https://u:p@a.example/b", "https://...@a.example/b", id="password"),
        pytest.param("HTTPS://u:p@a.example/b", "HTTPS://...@a.example/b", id="scheme-in-capitals"),
        pytest.param("https://u:p@q@a.example/b", "https://...@a.example/b", id="at-in-password"),
        pytest.param("https://u:p?q@a.example/b", "https://...@a.example/b", id="question-mark-in-password"),
        pytest.param("u:p@a.example", "...@a.example", id="no-scheme"),
        pytest.param("https://a.example/b?m=a@b.org&t=s", "https://a.example/b?...", id="at-in-query"),
        pytest.param("https://a.example:80/b#m=a@b.org&t=s", "https://a.example:80/b#...", id="at-in-fragment"),
        pytest.param("https://u:p@a.example/b?m=a@b.org", "https://...@b.org", id="password-and-at-in-query"),
        pytest.param("https://a.example/b#t=s", "https://a.example/b#...", id="fragment"),
        pytest.param("https://a.example?t=s", "https://a.example?...", id="query-without-path"),
        pytest.param("https://a.example/" + "b" * 500, "https://a.example/" + "b" * 101 + "…", id="long"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
