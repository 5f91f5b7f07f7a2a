"""The cron rules against real judges: the Celery of each udata release, and the portal that keeps the cron."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.cron import InvalidCron, Schedule, check_cron

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox

pytestmark = pytest.mark.integration

#: Minute, hour, day of month, month, day of week: the lowest and the highest number.
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
WORDS = ("sun", "mon", "TUE", "wednesday", "jan", "Feb", "december", "monkey", "L", "?", "_", "x")
ODD_NUMBERS = ("00", "07", "1_0", "+5", "-1", "-0", "1__2", "0x1", ".5", "٣", "²", "60", "24", "32", "13", "7", "")
ODD_STEPS = ("0", "02", "70", "", "a", "mon", "٣", "1_5", "-1", "2/3", "2-4")


def cron_texts(count: int) -> list[str]:
    """Return texts of five fields, the same in each run: plain ones, odd ones, and noise."""
    chance = random.Random("crons")

    def number(low: int, high: int) -> str:
        plain = str(chance.randint(low, high))
        return plain if chance.random() < 0.8 else chance.choice((*WORDS, *ODD_NUMBERS))

    def step() -> str:
        return str(chance.randint(1, 9)) if chance.random() < 0.7 else chance.choice(ODD_STEPS)

    def item(low: int, high: int) -> str:
        forms = (
            lambda: "*",
            lambda: number(low, high),
            lambda: f"{number(low, high)}-{number(low, high)}",
            lambda: f"{number(low, high)}-{number(low, high)}/{step()}",
            lambda: f"*/{step()}",
            lambda: "".join(chance.choices("0123456789*-/,amonj_+", k=chance.randint(1, 6))),
        )
        return chance.choices(forms, weights=(4, 5, 4, 3, 3, 1))[0]()

    def field(low: int, high: int) -> str:
        return (
            ",".join(item(low, high) for _ in range(chance.choice((1, 1, 1, 2, 3)))) if chance.random() < 0.6 else "*"
        )

    texts = [" ".join(field(*limits) for limits in FIELDS) for _ in range(count)]
    return [text for text in texts if len(text.split()) == len(FIELDS)]


TEXTS = cron_texts(5000)


def accepts(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except InvalidCron:
        return False
    return True


MAY_BE_SENT = [text for text in TEXTS if accepts(check_cron, text)]


@pytest.mark.every_release
def test_celery_can_read_all_that_may_be_sent(portal: Sandbox) -> None:
    assert len(MAY_BE_SENT) > len(TEXTS) // 10
    answers = portal.control.crontab_check_all(MAY_BE_SENT)
    assert [(text, why) for text, (fits, why) in zip(MAY_BE_SENT, answers, strict=True) if not fits] == []


@pytest.mark.every_release
def test_celery_fires_when_the_schedule_says(portal: Sandbox) -> None:
    chance = random.Random("moments")
    begin = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock
    expected, told = {}, {}
    for text in MAY_BE_SENT[:120]:
        when = begin + timedelta(seconds=chance.randrange(10 * 366 * 86400))
        tick = Schedule.parse(text).next_after(when)
        if tick is not None:  # else it is further away than the search goes
            expected[text, when] = tick
            told[text, when] = portal.control.crontab_next(text, when)
    assert len(expected) > 100
    assert told == expected


def test_a_schedule_is_read_as_the_newest_celery_reads_it(portal_17: Sandbox) -> None:
    answers = portal_17.control.crontab_check_all(TEXTS)
    read = [accepts(Schedule.parse, text) for text in TEXTS]
    assert any(read)
    assert not all(read)
    assert [(text, why) for text, ours, (fits, why) in zip(TEXTS, read, answers, strict=True) if ours != fits] == []


@pytest.fixture
def sysadmin(portal: Sandbox) -> Iterator[HarvestClient]:
    """A client whose key may schedule sources."""
    client = HarvestClient(portal.url, portal.keys.admin)
    yield client
    client.close()


@pytest.mark.every_release
def test_a_portal_keeps_a_cron_as_it_was_sent(portal: Sandbox, sysadmin: HarvestClient, catalogue_name: str) -> None:
    source = sysadmin.create_source(catalogue_name, portal.catalogue.url("never-fetched"), "dcat", active=False)
    for text in ("0 4 * * 1-5", "*/15 22-3 1,15 */3 mon,thu", "  30\t4 * *  sun "):
        sysadmin.schedule_source(source.id, text)
        assert sysadmin.get_source(source.id).schedule == check_cron(text)
    sysadmin.unschedule_source(source.id)
    sysadmin.delete_source(source.id)
