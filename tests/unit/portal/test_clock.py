"""What a portal's clock is taken for: no single odd response moves it."""

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
    clock.shows_at_least([NOW + written], NOW)
    assert clock.now(NOW) == NOW + skew


@pytest.mark.parametrize(
    "offset, ahead, skew",
    [
        pytest.param(0, 3 * HOUR, 0, id="front and this machine agree: the worker that wrote it is ahead"),
        pytest.param(-HOUR, 3 * HOUR, 0, id="a front that is behind, proved by a worker that is ahead"),
        pytest.param(3 * HOUR, 4 * HOUR, 3 * HOUR, id="this machine is behind, and the worker ahead"),
        pytest.param(-3, 1, 0, id="within seconds"),
    ],
)
def test_a_worker_whose_clock_is_ahead_does_not_move_the_portals(offset: float, ahead: float, skew: float) -> None:
    clock = PortalClock()
    for _ in range(3):
        clock.says(NOW + offset, NOW)
    clock.shows_at_least([NOW + ahead], NOW)
    assert clock.now(NOW) == NOW + skew


@pytest.mark.parametrize("jump", [3 * HOUR, -3 * HOUR])
def test_a_jump_of_this_machines_clock_moves_nothing(jump: float) -> None:
    """As by a time server that corrects it: the stopwatch continues as before, which shows the jump."""
    clock = PortalClock()
    for _ in range(3):
        clock.says(NOW + 60, NOW, 1000.0)
    clock.shows_at_least([NOW + 60], NOW)
    assert clock.now(NOW + 50 + jump, 1050.0) == NOW + 50 + 60, "before the portal has responded again"
    clock.says(NOW + 60 + 60, NOW + 60 + jump, 1060.0)
    assert clock.now(NOW + 70 + jump, 1070.0) == NOW + 70 + 60


def test_after_a_pause_of_the_whole_machine_the_next_response_decides() -> None:
    """A suspended machine's stopwatch may stand still: its clock then shows the same jump."""
    clock = PortalClock()
    for _ in range(3):
        clock.says(NOW, NOW, 1000.0)
    clock.says(NOW + HOUR, NOW + HOUR, 1000.0)
    assert clock.now(NOW + HOUR, 1000.0) == NOW + HOUR
