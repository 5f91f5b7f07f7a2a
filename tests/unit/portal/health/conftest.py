"""Portals whose clock stands, for passes over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.fake_portal.server import Door, InProcess
from tests.support.surveyed_portal import START

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["A", "B", "C", "D"])
def server(request: pytest.FixtureRequest) -> Iterator[Door]:
    """A portal of each generation in turn, whose clock stands."""
    with InProcess(request.param) as running:
        running.portal.now = lambda: START
        yield running


@pytest.fixture
def newest() -> Iterator[Door]:
    """A portal of the newest generation, whose clock stands."""
    with InProcess("D") as running:
        running.portal.now = lambda: START
        yield running
