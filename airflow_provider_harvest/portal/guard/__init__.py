"""What a portal will archive, and how that is stopped; called by the guard operator, the command line and scripts."""

from __future__ import annotations

from airflow_provider_harvest.portal.guard.hold_decision import Judgement, LossThresholds, judge

__all__ = ["Judgement", "LossThresholds", "judge"]
