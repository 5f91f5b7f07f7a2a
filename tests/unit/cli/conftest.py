"""A portal for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.fake_portal.server import Door, InProcess
from tests.support.fake_portal.state import KEY, USER

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A portal that the environment names, with a sysadmin's key."""
    with InProcess("D") as server:
        server.portal.keys[KEY] = {**USER, "roles": ["admin"]}
        monkeypatch.setenv("HARVEST_PORTAL", server.url)
        monkeypatch.setenv("HARVEST_API_KEY", KEY)
        yield server
