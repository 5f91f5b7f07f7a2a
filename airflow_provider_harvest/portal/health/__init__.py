"""Finds what is wrong on a whole portal with about one request; called by the health operator and by plain scripts."""

from __future__ import annotations

from airflow_provider_harvest.portal.health.findings import CHECKS, Finding, HealthReport, Thresholds
from airflow_provider_harvest.portal.health.survey import examine

__all__ = ["CHECKS", "Finding", "HealthReport", "Thresholds", "examine"]
