"""What a connection may say, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_harvest._compat import Connection
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.hooks._connection_settings import (
    DEFAULT_MIN_POLL_INTERVAL,
    DEFAULT_TIMEOUT,
    ConnectionSettings,
    connection_settings,
    warn_of_unknown,
)

KEY = "not-a-real-key-4711"


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """Nothing was said yet."""
    warn_of_unknown.cache_clear()


def connection(extra: Any = None, **fields: Any) -> Connection:
    """A connection to a portal; ``extra`` is encoded unless it is a string."""
    text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return Connection(
        **{"conn_id": "p", "conn_type": "harvest", "host": "https://portal.example", **fields}, extra=text
    )


def test_connection_with_a_host_only_has_the_defaults() -> None:
    assert connection_settings(connection()) == ConnectionSettings(
        site="https://portal.example",
        api_key=None,
        timeout=DEFAULT_TIMEOUT,
        verify=True,
        min_poll_interval=DEFAULT_MIN_POLL_INTERVAL,
        source_page=None,
        job_page=None,
    )


@pytest.mark.parametrize(
    "fields, site",
    [
        pytest.param({"host": "portal.example"}, "https://portal.example", id="https is the default"),
        pytest.param({"host": "portal.example", "schema": "http"}, "http://portal.example", id="scheme field"),
        pytest.param({"host": "portal.example", "port": 8443}, "https://portal.example:8443", id="port field"),
        pytest.param({"host": "https://portal.example", "port": 443}, "https://portal.example", id="default port"),
        pytest.param({"host": "https://portal.example/api/1/"}, "https://portal.example", id="address of the API"),
    ],
)
def test_site_is_made_of_host_scheme_and_port(fields: dict[str, Any], site: str) -> None:
    assert connection_settings(connection(**fields)).site == site


@pytest.mark.parametrize(
    "password, key",
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty, as the form stores none"),
        pytest.param("   ", None, id="blank"),
        pytest.param(KEY, KEY, id="key"),
        pytest.param(f" {KEY}\n", KEY, id="key pasted with blanks around it"),
    ],
)
def test_key_is_the_password(password: str | None, key: str | None) -> None:
    assert connection_settings(connection(password=password)).api_key == key


@pytest.mark.parametrize(
    "extra, name, value",
    [
        pytest.param({"timeout": 60}, "timeout", 60.0, id="timeout"),
        pytest.param({"timeout": "60"}, "timeout", 60.0, id="timeout as string, from the form of Airflow 2.11"),
        pytest.param({"timeout": ""}, "timeout", DEFAULT_TIMEOUT, id="timeout left empty in the form"),
        pytest.param({"timeout": None}, "timeout", DEFAULT_TIMEOUT, id="timeout null, from the form of Airflow 3"),
        pytest.param({"min_poll_interval": 5}, "min_poll_interval", 5.0, id="min_poll_interval"),
        pytest.param({"verify": False}, "verify", False, id="verify false"),
        pytest.param({"verify": "false"}, "verify", False, id="verify false as string"),
        pytest.param({"verify": " True "}, "verify", True, id="verify true as string"),
        pytest.param({"verify": ""}, "verify", True, id="verify left empty"),
        pytest.param({"verify": "/etc/ca.pem"}, "verify", "/etc/ca.pem", id="verify a CA bundle"),
        pytest.param(
            {"source_page": "https://p.example/s/{source_id}"},
            "source_page",
            "https://p.example/s/{source_id}",
            id="source_page",
        ),
        pytest.param(
            {"job_page": "https://p.example/{job_id}"}, "job_page", "https://p.example/{job_id}", id="job_page"
        ),
        pytest.param({"job_page": ""}, "job_page", None, id="job_page left empty"),
    ],
)
def test_extra_sets(extra: dict[str, Any], name: str, value: object) -> None:
    assert getattr(connection_settings(connection(extra)), name) == value


@pytest.mark.parametrize(
    "extra, complaint",
    [
        pytest.param("timeout=60", "extra is not JSON", id="no JSON"),
        pytest.param("[60]", "extra is not a JSON object", id="list"),
        pytest.param({"timeout": "soon"}, "timeout in the extra must be .*, not 'soon'", id="timeout a word"),
        pytest.param({"timeout": 0}, "timeout in the extra must be .*, not 0", id="timeout zero"),
        pytest.param({"timeout": -1}, "timeout in the extra must be .*, not -1", id="timeout negative"),
        pytest.param({"timeout": True}, "timeout in the extra must be .*, not True", id="timeout a boolean"),
        pytest.param({"timeout": [60]}, r"timeout in the extra must be .*, not \[60\]", id="timeout a list"),
        pytest.param('{"timeout": NaN}', "timeout in the extra must be .*, not nan", id="timeout not a number"),
        pytest.param({"min_poll_interval": "inf"}, "min_poll_interval in the extra must", id="endless interval"),
        pytest.param({"verify": 1}, "verify in the extra must be .*, not 1", id="verify a number"),
        pytest.param({"source_page": 7}, "source_page in the extra must be .*, not 7", id="page a number"),
        pytest.param({"source_page": "javascript:x({source_id})"}, "source_page in the extra", id="page a script"),
        pytest.param({"source_page": "https://p.example/s"}, r"\{source_id\} in it", id="source_page of no source"),
        pytest.param({"job_page": "https://p.example/{source_id}"}, r"\{job_id\} in it", id="job_page of no job"),
    ],
)
@pytest.mark.filterwarnings("ignore:Encountered .*`extra`")  # Airflow 2.11 says so, too
def test_invalid_input_is_refused(extra: Any, complaint: str) -> None:
    with pytest.raises(HarvestInvalidInput, match=complaint):
        connection_settings(connection(extra))


@pytest.mark.parametrize(
    "fields, complaint",
    [
        pytest.param({"host": None}, "The connection's host is empty", id="no host"),
        pytest.param({"host": f"https://me:{KEY}@portal.example"}, "holds credentials", id="credentials in the host"),
        pytest.param({"host": "portal.example", "schema": "ftp"}, "'ftp'", id="other scheme"),
    ],
)
def test_address_that_leads_nowhere_is_refused_without_showing_secrets(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(HarvestInvalidInput, match=complaint) as refusal:
        connection_settings(connection(password=KEY, **fields))
    assert KEY not in str(refusal.value)


def test_unknown_extras_are_named_but_not_their_values(caplog: pytest.LogCaptureFixture) -> None:
    connection_settings(connection({"timeout": 5, "time_out": 5, "colour": "blue"}))
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "colour, time_out" in warning
    assert "blue" not in warning


@pytest.mark.parametrize(
    "conn_id, extra, warned",
    [
        pytest.param("p", {"colour": "blue"}, 0, id="the same again"),
        pytest.param("p", {"colour": "red", "timeout": 5}, 0, id="something else has changed"),
        pytest.param("p", {"color": "blue"}, 1, id="another unknown one"),
        pytest.param("q", {"colour": "blue"}, 1, id="another connection"),
    ],
)
def test_unknown_extras_are_named_once(
    caplog: pytest.LogCaptureFixture, conn_id: str, extra: dict[str, Any], warned: int
) -> None:
    """A trigger reads its connection every five minutes, for weeks."""
    connection_settings(connection({"colour": "blue"}))
    caplog.clear()
    connection_settings(connection(extra, conn_id=conn_id))
    assert sum(record.levelname == "WARNING" for record in caplog.records) == warned


def test_key_is_not_shown_by_repr() -> None:
    assert KEY not in repr(connection_settings(connection(password=KEY)))
