"""The names that differ between Airflow's releases: all there, native, and safe to use in a triggerer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import airflow
import pytest

from airflow_provider_harvest import _compat
from airflow_provider_harvest._compat import AirflowNotFoundException, BaseHook, Connection, async_connection

AIRFLOW_VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])
#: Where Airflow 3 keeps what is no part of its Task SDK.
NOT_IN_SDK = {"BaseEventTrigger", "BaseTrigger", "TriggerEvent"}
#: What is our own.
OWN = {"async_connection", "conf"}


@pytest.mark.parametrize("name", _compat.__all__)
def test_name_is_there(name: str) -> None:
    assert getattr(_compat, name) is not None


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="older releases keep some of them elsewhere")
@pytest.mark.parametrize("name", sorted(set(_compat.__all__) - NOT_IN_SDK - OWN))
def test_name_comes_from_the_task_sdk(name: str) -> None:
    assert getattr(_compat, name).__module__.startswith("airflow.sdk")


@pytest.fixture
def without_async_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before Airflow 3.3.2, whose asynchronous look-up is missing or not asynchronous throughout."""
    monkeypatch.delattr(Connection, "aextra_dejson", raising=False)


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection ``my_portal`` in Airflow's environment."""
    monkeypatch.setenv("AIRFLOW_CONN_MY_PORTAL", '{"conn_type": "harvest", "host": "https://portal.example"}')
    return BaseHook.get_connection("my_portal")


class TestConnectionInATrigger:
    def test_is_the_one_of_that_id(self, connection: Connection) -> None:
        assert asyncio.run(async_connection("my_portal")).host == connection.host

    @pytest.mark.usefixtures("without_async_lookup")
    def test_is_the_one_of_that_id_before_airflow_3_3_2(self, connection: Connection) -> None:
        assert asyncio.run(async_connection("my_portal")).host == connection.host

    def test_that_is_missing_is_reported_as_airflow_does(self) -> None:
        with pytest.raises(AirflowNotFoundException, match="no_such_portal"):
            asyncio.run(async_connection("no_such_portal"))

    @pytest.mark.usefixtures("without_async_lookup")
    def test_is_looked_up_while_the_event_loop_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop_has_turned = threading.Event()

        async def trigger() -> threading.Thread:
            loop = asyncio.get_running_loop()

            def slow_lookup(conn_id: str) -> threading.Thread:
                loop.call_soon_threadsafe(loop_has_turned.set)
                assert loop_has_turned.wait(timeout=20), "the event loop stood still during the look-up"
                return threading.current_thread()

            monkeypatch.setattr(BaseHook, "get_connection", slow_lookup)
            looked_up_on: Any = await async_connection("my_portal")
            return looked_up_on

        assert asyncio.run(trigger()) is not threading.current_thread()

    @pytest.mark.skipif(not hasattr(Connection, "aextra_dejson"), reason="came with Airflow 3.3.2")
    def test_is_looked_up_by_the_asynchronous_way_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = object()

        async def asynchronous(conn_id: str) -> object:
            return found

        def synchronous(*args: Any) -> None:
            raise AssertionError("a synchronous call to the supervisor from the event loop")

        monkeypatch.setattr(BaseHook, "aget_connection", asynchronous)
        monkeypatch.setattr(BaseHook, "get_connection", synchronous)
        assert asyncio.run(async_connection("my_portal")) is found
