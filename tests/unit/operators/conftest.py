"""Fixtures of the operators' tests."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.clock import Clock


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated requests follow each other at once; what waits for a job has a clock of its own in its test."""
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: None)
