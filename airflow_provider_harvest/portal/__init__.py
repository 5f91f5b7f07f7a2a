"""The harvest API of udata portals without Airflow, for plain scripts; nothing in this package imports Airflow.

What a script may use is listed in `__all__` and loaded on first use::

    from airflow_provider_harvest.portal import HarvestClient, examine

    report = examine(HarvestClient("https://www.data.gouv.fr"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
    from airflow_provider_harvest.portal.as_code.export import export_sources
    from airflow_provider_harvest.portal.as_code.files.reader import read as read_sources
    from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.clock import Clock
    from airflow_provider_harvest.portal.health import HealthReport, Thresholds, examine
    from airflow_provider_harvest.portal.http.retry import RetryPolicy
    from airflow_provider_harvest.portal.models import HarvestBackend, HarvestItem, HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome.verdict import Outcome, OutcomePolicy

#: Where each exported name is defined: its module below this package, and its name there.
_EXPORTS = {
    "Clock": ("clock", "Clock"),
    "HarvestBackend": ("models", "HarvestBackend"),
    "HarvestClient": ("client", "HarvestClient"),
    "HarvestItem": ("models", "HarvestItem"),
    "HarvestJob": ("models", "HarvestJob"),
    "HarvestSource": ("models", "HarvestSource"),
    "HealthReport": ("health", "HealthReport"),
    "Outcome": ("outcome.verdict", "Outcome"),
    "OutcomePolicy": ("outcome.verdict", "OutcomePolicy"),
    "RetryPolicy": ("http.retry", "RetryPolicy"),
    "Thresholds": ("health", "Thresholds"),
    "apply_plan": ("as_code.apply.run", "apply_plan"),
    "examine": ("health", "examine"),
    "export_sources": ("as_code.export", "export_sources"),
    "make_plan": ("as_code.plan.make_plan", "make_plan"),
    "read_sources": ("as_code.files.reader", "read"),
}

__all__ = [
    "Clock",
    "HarvestBackend",
    "HarvestClient",
    "HarvestItem",
    "HarvestJob",
    "HarvestSource",
    "HealthReport",
    "Outcome",
    "OutcomePolicy",
    "RetryPolicy",
    "Thresholds",
    "apply_plan",
    "examine",
    "export_sources",
    "make_plan",
    "read_sources",
]


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
