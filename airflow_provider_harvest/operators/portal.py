"""The operators on a whole portal: its health, what it will archive, reports, and its sources as code."""

from __future__ import annotations

from airflow_provider_harvest.operators.as_code import (
    HarvestApplySourcesOperator,
    HarvestExportSourcesOperator,
    HarvestPlanSourcesOperator,
)
from airflow_provider_harvest.operators.guard import HarvestGuardOperator
from airflow_provider_harvest.operators.health import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.pending_review import HarvestPendingReviewOperator
from airflow_provider_harvest.operators.report import HarvestReportOperator

__all__ = [
    "HarvestApplySourcesOperator",
    "HarvestExportSourcesOperator",
    "HarvestGuardOperator",
    "HarvestPendingReviewOperator",
    "HarvestPlanSourcesOperator",
    "HarvestPortalHealthOperator",
    "HarvestReportOperator",
]
