"""What a portal's clock is taken for: no single odd answer moves it."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.clock import PortalClock

NOW, HOUR = 1_800_000_000.0, 3600.0
ODD_1970 = -NOW


@pytest.mark.parametrize(
    "offsets, skew",
    [
        ([], None),
        ([120], 120),
        ([120, 121, 119], 120),
        ([0, -HOUR], 0),
        ([-HOUR, 0], 0),
        ([0, 0, -HOUR], 0),
        ([0, -HOUR, 0], 0),
        ([-HOUR, 0, 0], 0),
        ([600, 600, 0], 600),
        ([ODD_1970], None),
        ([5, ODD_1970], 5),
        ([0, 0, 0, 300, 300], 300),
    ],
)
def test_one_odd_date_moves_nothing(offsets: list[float], skew: float | None) -> None:
    clock = PortalClock()
    for offset in offsets:
        clock.says(NOW + offset, NOW)
    assert clock.now(NOW + 50) == (None if skew is None else NOW + 50 + skew)


@pytest.mark.parametrize(
    "written, skew",
    [
        pytest.param(-600, -600, id="a job of ten minutes ago proves that the front is an hour behind"),
        pytest.param(-2 * HOUR, -HOUR, id="an older one proves nothing"),
        pytest.param(200 * HOUR, -HOUR, id="a time in the far future is no time"),
    ],
)
def test_a_time_that_the_portal_wrote_is_in_its_past(written: float, skew: float) -> None:
    clock = PortalClock()
    for _ in range(3):
        clock.says(NOW - HOUR, NOW)
    clock.shows_at_least(NOW + written, NOW)
    assert clock.now(NOW) == NOW + skew
