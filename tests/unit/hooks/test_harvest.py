"""The hook: one client for a connection, what the test button says, and the API's methods by their names."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from airflow_provider_harvest import exceptions
from airflow_provider_harvest._compat import AirflowNotFoundException, Connection
from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.hooks import harvest
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators._retries import is_final
from airflow_provider_harvest.portal import client as client_module
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.places import CONNECTION
from airflow_provider_harvest.portal.http.probe import D, Generation

SITE = "https://portal.example"
KEY = "not-a-real-key-4711"
SYSADMIN = {"id": "5f", "first_name": "Ada", "last_name": "Lovelace", "roles": ["admin"]}
#: The contract's methods, each with arguments for all that it takes.
API: dict[str, dict[str, Any]] = {
    "whoami": {},
    "list_backends": {},
    "list_job_statuses": {},
    "get_job": {"job_id": "j"},
    "iter_job_items": {"job_id": "j", "status": "failed"},
    "preview_config": {
        "name": "n",
        "url": "u",
        "backend": "b",
        "description": "d",
        "config": {"c": 1},
        "active": False,
        "autoarchive": False,
        "organization": "o",
        "owner": "w",
    },
    "get_source": {"source_id": "s"},
    "update_source": {"source_id": "s", "name": "n", "active": False},
    "delete_source": {"source_id": "s"},
    "iter_jobs": {"source_id": "s"},
    "preview_source": {"source_id": "s"},
    "schedule_source": {"source_id": "s", "cron": "0 0 * * *"},
    "unschedule_source": {"source_id": "s"},
    "validate_source": {"source_id": "s", "state": "refused", "comment": "c"},
    "run_source": {"source_id": "s"},
    "iter_sources": {"owner": "w", "organization": "o", "q": "x", "deleted": True},
    "create_source": {
        "name": "n",
        "url": "u",
        "backend": "b",
        "description": "d",
        "config": {"c": 1},
        "active": False,
        "autoarchive": False,
        "organization": "o",
        "owner": "w",
    },
}


class FakeClient:
    """Keeps what it was made with, responds as the test says, and never sends anything."""

    made: list[FakeClient]
    answer: Any = SYSADMIN

    def __init__(self, site: str, api_key: str | None = None, **options: Any) -> None:
        self.site = site
        self.api_key = api_key
        self.options = options
        self.is_closed = False
        type(self).made.append(self)

    def find_generation(self) -> Generation:
        return D

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def has_key(self) -> bool:
        return self.api_key is not None

    def whoami(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    """The clients that the hook makes, none of which sends anything."""

    class Client(FakeClient):
        made: list[FakeClient] = []  # noqa: RUF012 - one list for each test

    monkeypatch.setattr(client_module, "HarvestClient", Client)
    return Client


@pytest.fixture
def airflow_connection(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The fields of the one connection there is, ``my_portal``; without an entry ``host`` there is none."""
    fields: dict[str, Any] = {"host": SITE, "password": KEY}

    def look_up(conn_id: str) -> Connection:
        if conn_id != "my_portal" or "host" not in fields:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return Connection(conn_id=conn_id, conn_type="harvest", **fields)

    async def look_up_in_trigger(conn_id: str) -> Connection:
        return look_up(conn_id)

    monkeypatch.setattr(HarvestHook, "get_connection", staticmethod(look_up))
    monkeypatch.setattr(harvest, "async_connection", look_up_in_trigger)
    return fields


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Airflow is asked to keep out of its logs."""
    secrets: list[str] = []
    monkeypatch.setattr(harvest, "mask_secret", secrets.append)
    return secrets


@pytest.fixture
def hook(clients: type[FakeClient], airflow_connection: dict[str, Any], masked: list[str]) -> HarvestHook:
    return HarvestHook("my_portal")


class TestClient:
    def test_is_made_as_the_connection_says(self, hook: HarvestHook, airflow_connection: dict[str, Any]) -> None:
        airflow_connection["extra"] = (
            '{"timeout": 7, "verify": false, "source_page": "https://p/{source_id}", "job_page": "https://p/{job_id}"}'
        )
        client: Any = hook.get_conn()
        assert (client.site, client.api_key) == (SITE, KEY)
        assert client.options == {
            "timeout": 7.0,
            "verify": False,
            "source_page": "https://p/{source_id}",
            "job_page": "https://p/{job_id}",
            "places": CONNECTION,
        }

    def test_is_the_same_at_each_call(self, hook: HarvestHook) -> None:
        assert hook.get_conn() is hook.get_conn()

    def test_is_closed_with_the_hook(self, hook: HarvestHook) -> None:
        with hook:
            client: Any = hook.get_conn()
        assert client.is_closed

    def test_is_a_new_one_after_closing(self, hook: HarvestHook) -> None:
        client = hook.get_conn()
        hook.close()
        assert hook.get_conn() is not client

    def test_closing_twice_or_unused_does_nothing(self, hook: HarvestHook) -> None:
        hook.close()
        hook.close()

    def test_ca_bundle_that_is_not_there_is_reported(
        self, hook: HarvestHook, airflow_connection: dict[str, Any]
    ) -> None:
        airflow_connection["extra"] = '{"verify": "/no/such/bundle.pem"}'
        with pytest.raises(HarvestInvalidInput, match=r"/no/such/bundle\.pem, which does not exist"):
            hook.get_conn()

    def test_polling_interval_is_the_connections(self, hook: HarvestHook, airflow_connection: dict[str, Any]) -> None:
        airflow_connection["extra"] = '{"min_poll_interval": 90}'
        assert hook.min_poll_interval == 90.0


class TestKey:
    def test_is_kept_out_of_airflows_logs_as_it_is_sent(
        self, hook: HarvestHook, airflow_connection: dict[str, Any], masked: list[str]
    ) -> None:
        airflow_connection["password"] = f"{KEY}\n"
        hook.get_conn()
        assert masked == [KEY]

    def test_is_not_shown_by_the_hook(self, hook: HarvestHook) -> None:
        hook.get_conn()
        assert KEY not in f"{hook!r} {hook.settings!r}"


class TestClientForATrigger:
    def test_has_no_key(self, hook: HarvestHook) -> None:
        client: Any = asyncio.run(hook.aget_conn())
        assert client.api_key is None

    def test_never_repeats_a_request(self, hook: HarvestHook) -> None:
        client: Any = asyncio.run(hook.aget_conn())
        assert client.options["retry"].attempts == 1

    @pytest.mark.parametrize("told, used", [(300, harvest.TRIGGER_TIMEOUT), (3, 3.0)], ids=["long", "short"])
    def test_waits_for_an_answer_briefly(
        self, hook: HarvestHook, airflow_connection: dict[str, Any], told: int, used: float
    ) -> None:
        airflow_connection["extra"] = f'{{"timeout": {told}}}'
        client: Any = asyncio.run(hook.aget_conn())
        assert client.options["timeout"] == used

    def test_is_the_triggers_own(self, hook: HarvestHook) -> None:
        first, second = asyncio.run(hook.aget_conn()), asyncio.run(hook.aget_conn())
        assert first is not second
        assert first is not hook.get_conn()

    def test_masks_nothing_synchronously(self, hook: HarvestHook, masked: list[str]) -> None:
        asyncio.run(hook.aget_conn())
        assert masked == []


class TestMissingConnection:
    @pytest.fixture
    def hook(self, clients: type[FakeClient], airflow_connection: dict[str, Any]) -> HarvestHook:
        return HarvestHook("not there")

    @pytest.mark.parametrize("in_trigger", [False, True], ids=["worker", "triggerer"])
    def test_error_holds_the_line_that_makes_it(self, hook: HarvestHook, in_trigger: bool) -> None:
        with pytest.raises(HarvestError) as error:
            asyncio.run(hook.aget_conn()) if in_trigger else hook.get_conn()
        assert str(error.value) == (
            "There is no connection 'not there'. Create it with: airflow connections add 'not there' "
            "--conn-type harvest --conn-host https://www.data.gouv.fr --conn-password YOUR_API_KEY"
        )

    def test_airflow_may_retry_since_it_says_the_same_of_a_secrets_backend_that_is_down(
        self, hook: HarvestHook
    ) -> None:
        with pytest.raises(HarvestError) as error:
            hook.get_conn()
        assert not is_final(error.value)


def test_invalid_connection_is_named(hook: HarvestHook, airflow_connection: dict[str, Any]) -> None:
    airflow_connection["extra"] = '{"timeout": "soon"}'
    with pytest.raises(HarvestInvalidInput, match=r"^Connection 'my_portal': timeout"):
        hook.get_conn()


def refusal(words: str) -> exceptions.HarvestAuthError:
    return exceptions.HarvestAuthError(f"GET {SITE}/api/1/me/ responded with 401: {words}.", status_code=401)


class TestTestConnection:
    FOUND = f"{SITE} is a udata portal of {D}."

    @pytest.mark.parametrize(
        "answer, works, text",
        [
            pytest.param(
                SYSADMIN,
                True,
                f"{FOUND} The API key is that of Ada Lovelace, a sysadmin: everything is allowed.",
                id="sysadmin",
            ),
            pytest.param(
                {**SYSADMIN, "roles": []},
                True,
                f"{FOUND} The API key is that of Ada Lovelace, who is not a sysadmin: validating and scheduling are "
                "not allowed, and starting a harvest only if the portal permits it.",
                id="no sysadmin",
            ),
            pytest.param(
                {"id": "5f", "first_name": None, "roles": ["admin"]},
                True,
                f"{FOUND} The API key is that of user 5f, a sysadmin: everything is allowed.",
                id="user without a name",
            ),
            pytest.param(
                {"id": "5f", "first_name": "Ada\x1b[2J\nINFO", "last_name": 5, "roles": ["admin"]},
                True,
                f"{FOUND} The API key is that of Ada INFO 5, a sysadmin: everything is allowed.",
                id="name with control characters",
            ),
            pytest.param(
                refusal("Expired API token"),
                False,
                f"{FOUND} It refuses the API key: GET {SITE}/api/1/me/ responded with 401: Expired API token.",
                id="expired key",
            ),
            pytest.param(
                exceptions.HarvestConnectionError("No connection came about."),
                False,
                "No connection came about.",
                id="portal down",
            ),
            pytest.param(
                RuntimeError(f"something with {KEY} in it"),
                False,
                "The connection could not be tested: RuntimeError.",
                id="unknown error",
            ),
        ],
    )
    def test_says(self, hook: HarvestHook, clients: type[FakeClient], answer: Any, works: bool, text: str) -> None:
        clients.answer = answer
        assert hook.test_connection() == (works, text)

    def test_without_a_key_reading_works(self, hook: HarvestHook, airflow_connection: dict[str, Any]) -> None:
        airflow_connection["password"] = None
        expected = f"{self.FOUND} There is no API key: reading works, writing does not."
        assert hook.test_connection() == (True, expected)

    def test_missing_connection_is_reported(
        self, clients: type[FakeClient], airflow_connection: dict[str, Any]
    ) -> None:
        works, text = HarvestHook("not there").test_connection()
        assert not works
        assert "airflow connections add" in text

    def test_answers_fast(self, hook: HarvestHook, clients: type[FakeClient]) -> None:
        hook.test_connection()
        [client] = clients.made
        assert client.options["retry"].attempts == 1
        assert client.options["timeout"] == harvest.TEST_TIMEOUT

    def test_leaves_nothing_open(self, hook: HarvestHook, clients: type[FakeClient]) -> None:
        hook.test_connection()
        assert [client.is_closed for client in clients.made] == [True]


@pytest.mark.parametrize("name", API)
class TestMethodOfTheApi:
    def test_takes_what_the_clients_takes(self, name: str) -> None:
        """The client may take more, by keyword, for this package's own use."""
        ours = inspect.signature(getattr(HarvestHook, name)).parameters
        theirs = inspect.signature(getattr(HarvestClient, name)).parameters
        shared = {key: parameter for key, parameter in theirs.items() if key in ours}
        assert dict(ours) == shared

    def test_does_what_the_clients_does(self, name: str, hook: HarvestHook, monkeypatch: pytest.MonkeyPatch) -> None:
        signature = inspect.signature(getattr(HarvestClient, name))
        received: list[dict[str, Any]] = []

        def answer(*args: Any, **kwargs: Any) -> str:
            bound = signature.bind(*args, **kwargs).arguments
            received.append({**bound.pop("changes", {}), **bound})
            return "answer"

        monkeypatch.setattr(type(hook.get_conn()), name, answer, raising=False)
        answered = getattr(hook, name)(**API[name])
        assert answered == (None if name in ("delete_source", "unschedule_source") else "answer")
        [arguments] = received
        arguments.pop("self")
        assert arguments == API[name]

    def test_is_documented(self, name: str) -> None:
        assert inspect.getdoc(getattr(HarvestHook, name))


def test_making_a_hook_reads_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HarvestHook, "get_connection", None)
    HarvestHook("my_portal")


def test_what_the_form_does_is_the_callers_to_change() -> None:
    HarvestHook.get_ui_field_behaviour()["hidden_fields"].append("port")
    assert HarvestHook.get_ui_field_behaviour()["hidden_fields"] == ["login"]
