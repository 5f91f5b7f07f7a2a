"""Which thresholds a check of the portal's health takes."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.health.findings import Thresholds


class TestThresholds:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"pending_days": -1},
            {"silent_periods": 0},
            {"max_drop_ratio": 1.1},
            {"max_failed_ratio": "0.1"},
            {"min_items": True},
            {"stuck_factor": float("nan")},
            {"pending_days": float("inf")},
            {"silent_periods": 1.5},
            {"min_items": 0.5},
        ],
    )
    def test_invalid_ones_are_refused_by_name(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(HarvestInvalidInput, match=next(iter(wrong))):
            Thresholds(**wrong)

    def test_take_their_limits(self) -> None:
        Thresholds(pending_days=0, silent_periods=1, max_drop_ratio=1, max_failed_ratio=0)
