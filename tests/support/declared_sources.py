"""Declared sources, and plans of them for a managed portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code.model import (
    Declaration,
    DeclaredSource,
)
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan
    from tests.support.fake_portal.managed import ManagedPortal

URL = "https://town.example/catalog.xml"


def declared(key: str = "town", **said: Any) -> DeclaredSource:
    """A declared source; what is no field of a source is one of the declaration."""
    own = ("organization", "owner", "portal_id", "schedule", "validation")
    rest = {name: said.pop(name) for name in own if name in said}
    return DeclaredSource(key, "sources.yaml:1", {"name": "Town", "url": URL, "backend": "dcat", **said}, **rest)


def planned(portal: ManagedPortal, *sources: DeclaredSource, managed_by: str | None = None, **how: Any) -> Plan:
    """Return the plan of these sources, as a file would declare them."""
    ordered = tuple(sorted(sources, key=lambda source: source.key))
    return make_plan(portal, Declaration(ordered, managed_by=managed_by), **how)


def conflicts(plan: Plan) -> dict[str, str]:
    """Return the reason of each conflict of a plan, by the key of its source."""
    return {conflict.key: conflict.reason for conflict in plan.conflicts}
