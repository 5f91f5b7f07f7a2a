"""The operators on a whole portal: its sources as code."""

from __future__ import annotations

from airflow_provider_harvest.operators._portal_code import (
    HarvestApplySourcesOperator,
    HarvestExportSourcesOperator,
    HarvestPlanSourcesOperator,
)

__all__ = [
    "HarvestApplySourcesOperator",
    "HarvestExportSourcesOperator",
    "HarvestPlanSourcesOperator",
]
