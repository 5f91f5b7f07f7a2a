"""The operators that look at a whole portal."""

from __future__ import annotations

from airflow_provider_harvest.operators._portal_health import HarvestPortalHealthOperator

__all__ = ["HarvestPortalHealthOperator"]
