"""The pages inside Airflow; the entry point ``airflow.plugins`` leads here."""

from __future__ import annotations

from airflow_provider_harvest.plugins.pages import HarvestPlugin

__all__ = ["HarvestPlugin"]
