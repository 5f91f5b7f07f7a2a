"""A portal for the commands."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest import cli
from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.http import transport
from tests.support.fake_portal.server import Door, InProcess
from tests.support.fake_portal.state import KEY, USER
from tests.support.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A portal that the environment names, with a sysadmin's key."""
    with InProcess("D") as server:
        server.portal.keys[KEY] = {**USER, "roles": ["admin"]}
        monkeypatch.setenv("HARVEST_PORTAL", server.url)
        monkeypatch.setenv("HARVEST_API_KEY", KEY)
        yield server


@pytest.fixture(scope="session")
def commands() -> Iterator[ForkServer]:
    """Processes that have loaded the commands and nothing else: loading them takes most of the time of a command."""
    modules = [module.name for module in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}.")]
    with ForkServer(*modules, transport.__name__) as server:
        yield server


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands repeat requests and poll without a pause."""
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command; gives its exit code, its standard output, and its standard error."""

    def call_it(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call_it
