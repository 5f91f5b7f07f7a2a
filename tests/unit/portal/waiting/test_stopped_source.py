"""What a watch of one source says when no further harvest of it will end."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.waiting.stopped_source import SourceCheck
from tests.support.fake_portal.scripted import SOURCE_ID, T0, FakeClock, ScriptedClient, instant, portal_of

HOUR = 3600.0


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"active": None}, None),
        ({"active": False}, "is switched off"),
        ({"deleted": instant(T0)}, "is deleted"),
    ],
    ids=["nothing is wrong", "the portal does not say", "switched off", "deleted"],
)
def test_a_source_that_gets_no_harvests_any_more_is_named_once(change: dict[str, Any], words: str | None) -> None:
    portal = portal_of(FakeClock())
    portal.life.change(**change)
    check = SourceCheck(ScriptedClient(portal), SOURCE_ID)
    said = []
    for _ in range(6):
        portal.clock.advance(4 * HOUR)
        said.append(check.news())
    told = [line for line in said if line]
    assert [f"Source {SOURCE_ID} {words}" in line for line in told] == ([] if words is None else [True])
