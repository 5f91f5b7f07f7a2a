"""Filters of the list of sources: what is listed belongs to whom it was requested, however their id is written."""

from __future__ import annotations

import pytest

from tests.support.fake_portal.managed import ORGANIZATIONS, ManagedPortal

USER = "5e000000000000000000000b"


@pytest.mark.parametrize("given", [ORGANIZATIONS["north"], ORGANIZATIONS["north"].upper()], ids=["lower", "upper case"])
def test_sources_of_an_organization_are_listed(given: str) -> None:
    portal = ManagedPortal()
    wanted, _ = portal.add(organization="north"), portal.add(organization="south")
    assert [source.id for source in portal.iter_sources(organization=given)] == [wanted.id]


@pytest.mark.parametrize("given", [USER, USER.upper()], ids=["lower", "upper case"])
def test_sources_of_a_user_are_listed(given: str) -> None:
    portal = ManagedPortal()
    wanted, _ = portal.add(owner={"id": USER}), portal.add()
    assert [source.id for source in portal.iter_sources(owner=given)] == [wanted.id]
