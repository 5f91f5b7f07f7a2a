"""How fast an apply writes, and for how long it tries a write that the portal rejects as one too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import HarvestRateLimited
from airflow_provider_harvest.portal.as_code.apply.pace import Pace, Pacing

if TYPE_CHECKING:
    from tests.support.fake_portal.scripted import FakeClock


def too_many(retry_after: float | None) -> HarvestRateLimited:
    return HarvestRateLimited("Too many.", retry_after=retry_after)


#: What the portal says of when to come back, each time that it rejects the write; the pauses; whether it is given up.
REJECTIONS: list[tuple[str, list[float | None], list[float], bool]] = [
    ("never", [], [], False),
    ("it says when", [5.0], [5.0], False),
    ("it does not say when", [None], [60.0], False),
    ("at once", [0.0], [], False),
    ("as late as our patience allows", [600.0], [600.0], False),
    ("later", [600.5], [], True),
    ("19 times", [1.0] * 19, [1.0] * 19, False),
    ("20 times", [1.0] * 20, [1.0] * 19, True),
]


@pytest.mark.parametrize(
    "rejections, pauses, is_given_up", [case[1:] for case in REJECTIONS], ids=[case[0] for case in REJECTIONS]
)
def test_rejected_write(
    clock: FakeClock, rejections: list[float | None], pauses: list[float], is_given_up: bool
) -> None:
    left = list(rejections)

    def write() -> str:
        if left:
            raise too_many(left.pop(0))
        return "done"

    pace = Pace(clock, Pacing(write_interval=0.0), lambda sentence: None)
    if is_given_up:
        with pytest.raises(HarvestRateLimited):
            pace.send(write)
    else:
        assert pace.send(write) == "done"
    assert clock.slept == pauses


def test_usual_distances(clock: FakeClock) -> None:
    """A tenth of a second between two writes; half a minute between two harvests of one host."""
    told: list[str] = []
    pace = Pace(clock, Pacing(), told.append)
    for _ in range(3):
        pace.send(lambda: None)
    assert clock.slept == pytest.approx([0.1, 0.1])
    assert told == []
    for url in ("https://a.example/1", "https://b.example/", "https://a.example/2"):
        pace.before_accept(url)
    assert clock.slept[2:] == [30.0]
    assert told == ["waits 30 s, so that a.example is not harvested many times at once"]
