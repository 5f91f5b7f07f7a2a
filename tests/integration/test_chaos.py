"""A handful of complete lives of sources through a portal that goes wrong at random; ``make chaos`` runs many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.campaign import run_campaign
from tests.chaos.proxy import Weather

if TYPE_CHECKING:
    from sandbox import Sandbox

pytestmark = pytest.mark.integration

SEED = 1
CYCLES = range(1, 6)


def test_cycles_through_faults_keep_every_promise(portal: Sandbox) -> None:
    campaign = run_campaign(portal, Weather(SEED), CYCLES)

    assert campaign.problems == []
    # Else nothing was tried: the table below is what `make chaos` prints.
    spoiled = [passage for passage in campaign.passages if passage.fault is not None]
    assert len(spoiled) > len(CYCLES), campaign.tables()
    verdicts = [report.verdict for report in campaign.reports]
    assert verdicts == ["success", "success", "success", "failure", "success"]
