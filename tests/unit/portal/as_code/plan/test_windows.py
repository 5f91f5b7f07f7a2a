"""Which minute of a window each source gets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code.model import Cron, Unscheduled, Window
from airflow_provider_harvest.portal.as_code.plan.windows import Request, host_of, minutes_of, place
from tests.support.declared_sources import declared, planned
from tests.support.examples import examples
from tests.support.fake_portal.managed import ManagedPortal

if TYPE_CHECKING:
    import random

NIGHT = Window(0, 300)
HOST = "https://geo.example/csw"


def requests(count: int, window: Window = NIGHT, url: str = HOST, current: str | None = None) -> list[Request]:
    return [Request(f"s{number:03}", url, window, current) for number in range(count)]


def kept(wanted: list[Request], placed: dict[str, str]) -> list[Request]:
    """The same sources in the next run: each has got its cron."""
    return [replace(request, current=placed[request.key]) for request in wanted]


def minutes(placed: dict[str, str]) -> list[int]:
    return sorted(minute for cron in placed.values() for minute in minutes_of(cron))


class TestWindow:
    @pytest.mark.parametrize(
        "window, cron, offset",
        [
            (NIGHT, "0 0 * * *", 0),
            (NIGHT, "59 4 * * *", 299),
            (NIGHT, "0 5 * * *", None),
            (NIGHT, "0,30 1 * * *", None),
            (NIGHT, "0 1,2 * * *", None),
            (NIGHT, "0 1 * * mon", None),
            (NIGHT, "0 1 1 * *", None),
            (NIGHT, "every 6 hours", None),
            (NIGHT, None, None),
            (Window(1320, 300), "0 22 * * *", 0),
            (Window(1320, 300), "30 0 * * *", 150),
            (Window(1320, 300), "0 12 * * *", None),
            (Window(0, 300, "mon-fri"), "5 0 * * 1-5", 5),
            (Window(0, 1440), "59 23 * * *", 1439),
        ],
    )
    def test_knows_its_own_crons(self, window: Window, cron: str | None, offset: int | None) -> None:
        assert window.offset_of(cron) == offset


class TestPlace:
    def test_spreads_a_hundred_new_sources_evenly(self) -> None:
        placed = minutes(place(requests(100)))
        assert {later - earlier for earlier, later in pairwise(placed)} == {3}

    def test_gives_a_new_source_the_widest_gap(self) -> None:
        known = [
            Request("a", HOST, NIGHT, "0 0 * * *"),
            Request("b", HOST, NIGHT, "0 1 * * *"),
            Request("c", HOST, NIGHT, "59 4 * * *"),
        ]
        assert place([*known, Request("new", HOST, NIGHT)])["new"] == "59 2 * * *"

    def test_keeps_a_minute_that_lies_in_the_window(self) -> None:
        known = Request("a", HOST, NIGHT, "17 3 * * *")
        assert place([known, *requests(50)])["a"] == "17 3 * * *"

    def test_moves_what_lies_outside(self) -> None:
        placed = place([Request("a", HOST, NIGHT, "0 12 * * *")])
        assert NIGHT.offset_of(placed["a"]) is not None

    def test_parts_sources_that_all_have_the_default_cron(self) -> None:
        placed = place(requests(100, current="0 0 * * *"))
        assert placed["s000"] == "0 0 * * *"
        assert len(set(placed.values())) == 100

    def test_keeps_away_from_other_sources_of_the_host(self) -> None:
        taken = [(HOST, f"{minute} 0 * * *") for minute in range(60) if minute != 30]
        assert place(requests(1, Window(0, 60)), taken) == {"s000": "30 0 * * *"}

    def test_gives_no_minute_up_for_a_stranger(self) -> None:
        placed = place(requests(1, current="7 0 * * *"), [(HOST, "7 0 * * *")])
        assert placed == {"s000": "7 0 * * *"}

    def test_hosts_do_not_matter_to_each_other(self) -> None:
        alone = place(requests(10))
        others = [Request(f"o{number}", "https://other.example", NIGHT) for number in range(10)]
        together = place([*requests(10), *others])
        assert {key: together[key] for key in alone} == alone

    def test_hosts_do_not_all_begin_with_the_window(self) -> None:
        placed = place([Request(host, f"https://{host}.example", NIGHT) for host in "abcdefgh"])
        assert len(set(placed.values())) > 4

    def test_shares_minutes_evenly_where_there_are_too_few(self) -> None:
        placed = place(requests(100, Window(0, 30)))
        assert set(Counter(placed.values()).values()) <= {3, 4}

    def test_names_the_days_of_the_window(self) -> None:
        assert place(requests(1, Window(60, 61, "mon-fri"))) == {"s000": "0 1 * * mon-fri"}


TWO_MINUTES = Window(60, 62)
#: The minute that its host begins with, which a source gets that is alone, and the other one.
ONE, TWO = "1 1 * * *", "0 1 * * *"
#: The cron of another source of the host, what the files say of that source, and the minute that a new one gets.
OTHERS: list[tuple[str, str | None, dict[str, Any] | None, str]] = [
    ("no cron", None, None, ONE),
    ("not in the files", ONE, None, TWO),
    ("in the files without a schedule", ONE, {}, TWO),
    ("in conflict", ONE, {"organization": "nowhere"}, TWO),
    ("keeps its cron", ONE, {"schedule": Cron(ONE)}, TWO),
    ("moves away", ONE, {"schedule": Cron(TWO)}, ONE),
    ("moves there", TWO, {"schedule": Cron(ONE)}, TWO),
    ("keeps its minute of the window", ONE, {"schedule": TWO_MINUTES}, TWO),
    ("loses its cron", ONE, {"schedule": Unscheduled()}, ONE),
]


@pytest.mark.parametrize("cron, said, minute", [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_new_source_keeps_away_from_another_of_its_host(
    cron: str | None, said: dict[str, Any] | None, minute: str
) -> None:
    portal = ManagedPortal()
    other = portal.add(url="https://geo.example/other", name="Other", schedule=cron)
    files = [declared("other", url=other.url, name="Other", **said)] if said is not None else []
    plan = planned(portal, *files, declared("town", url=HOST, schedule=TWO_MINUTES))
    assert [change.wanted["schedule"] for change in plan.changes if change.key == "town"] == [minute]


@pytest.mark.parametrize(
    "url, host",
    [
        ("https://Geo.Example:8443/csw?x=1", "geo.example"),
        ("http://geo.example/other", "geo.example"),
        ("no address", "no address"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_a_host_is_distinguished_from_the_address(url: str, host: str) -> None:
    assert host_of(url) == host


# --- whatever the sources are --------------------------------------------------------------------------------------

WINDOWS = st.builds(
    lambda start, length, days: Window(start, (start + length) % 1440 or 1440, days),
    st.integers(0, 1439),
    st.integers(1, 12) | st.integers(1, 1440),
    st.sampled_from(["*", "mon-fri", "0,6"]),
)
CRONS = st.builds(
    lambda minute, hour, days: f"{minute} {hour} * * {days}",
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["*", "mon-fri", "1-5"]),
)
TAKEN = st.lists(st.tuples(st.sampled_from(["http://a/", "http://b/"]), CRONS), max_size=5)


@st.composite
def any_requests(draw: st.DrawFn) -> list[Request]:
    windows = draw(st.lists(WINDOWS, min_size=1, max_size=3))
    made = []
    for number in range(draw(st.integers(0, 20))):
        window = draw(st.sampled_from(windows))
        own = st.integers(0, window.length - 1).map(window.cron_at)
        host = draw(st.sampled_from("ab"))
        made.append(Request(f"s{number}", f"https://{host}/x", window, draw(st.none() | own | CRONS)))
    return made


class TestAlways:
    @examples(100)
    @given(any_requests(), TAKEN)
    def test_each_source_gets_a_minute_of_its_window(self, wanted: list[Request], taken: list[tuple[str, str]]) -> None:
        placed = place(wanted, taken)
        assert all(request.window.offset_of(placed[request.key]) is not None for request in wanted)

    @examples(100)
    @given(any_requests(), TAKEN)
    def test_nothing_moves_in_the_next_run(self, wanted: list[Request], taken: list[tuple[str, str]]) -> None:
        placed = place(wanted, taken)
        assert place(kept(wanted, placed), taken) == placed
        assert place(kept(wanted, placed)) == placed  # nor where others went away

    @examples(100)
    @given(any_requests(), TAKEN, st.randoms(use_true_random=False))
    def test_their_order_does_not_matter(
        self, wanted: list[Request], taken: list[tuple[str, str]], shuffler: random.Random
    ) -> None:
        shuffled = list(wanted)
        shuffler.shuffle(shuffled)
        assert place(shuffled, taken) == place(wanted, taken)

    @examples(100)
    @given(any_requests(), TAKEN)
    def test_no_two_share_a_minute_where_each_window_has_enough(
        self, wanted: list[Request], taken: list[tuple[str, str]]
    ) -> None:
        placed = place(wanted, taken)
        for host in "ab":
            own = [request for request in wanted if host_of(request.url) == host]
            if own and len(own) <= min(request.window.length for request in own):
                at = Counter(minute for request in own for minute in minutes_of(placed[request.key]))
                assert max(at.values()) == 1
