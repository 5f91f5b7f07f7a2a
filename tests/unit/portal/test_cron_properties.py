"""What holds for every cron and every text: ticks match their fields, none is left out, and no text is let through."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.cron import SEARCH_DAYS, InvalidCron, Schedule, check_cron

NAMES = ("sun", "mon", "TUE", "Wednesday", "thu", "friday", "SAT")


def plain_field(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Texts of one field that may be sent."""
    numbers = st.integers(low, high).map(str)
    number = st.one_of(numbers, st.sampled_from(names)) if names else numbers
    step = st.one_of(st.just(""), st.integers(1, 90).map(lambda number: f"/{number}"))
    ranged = st.builds(lambda first, last, step: f"{first}-{last}{step}", number, number, step)
    item = st.one_of(number, ranged, step.map(lambda step: f"*{step}"))
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


#: Day of month and month, such that at least one month has such a day.
DATES = st.one_of(
    st.tuples(plain_field(1, 28), plain_field(1, 12)),
    st.tuples(plain_field(1, 31), st.sampled_from(["*", "1,2", "2-7", "*/6"])),
)
PLAIN_CRONS = st.builds(
    lambda minute, hour, date, weekday: " ".join((minute, hour, *date, weekday)),
    plain_field(0, 59),
    plain_field(0, 23),
    DATES,
    plain_field(0, 6, NAMES),
)
#: What people and programs may come up with: pieces of crons in any order.
CRON_LIKE = st.lists(
    st.sampled_from([*"0123456789*/-,+_ \t@'LWH#?", " ", " ", " * ", "mon", "jan", "٣", "\n"]), max_size=24
).map("".join)
MOMENTS = st.datetimes(  # hypothesis wants naive bounds
    datetime(1990, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(timezone.utc),
)


def matches(schedule: Schedule, tick: datetime) -> bool:
    """Celery's rule: each of the five fields must hold, day of month and day of week both."""
    return (
        tick.minute in schedule.minutes
        and tick.hour in schedule.hours
        and tick.day in schedule.days
        and tick.month in schedule.months
        and (tick.weekday() + 1) % 7 in schedule.weekdays
    )


@given(PLAIN_CRONS, MOMENTS)
def test_the_next_tick_is_later_and_matches_every_field(text: str, when: datetime) -> None:
    schedule = Schedule.parse(text)
    tick = schedule.next_after(when)
    assume(tick is not None)
    assert tick is not None
    assert tick > when
    assert (tick.second, tick.microsecond) == (0, 0)
    assert matches(schedule, tick)


@given(PLAIN_CRONS, MOMENTS)
def test_the_previous_tick_is_earlier_and_matches_every_field(text: str, when: datetime) -> None:
    schedule = Schedule.parse(text)
    tick = schedule.previous_before(when)
    assume(tick is not None)
    assert tick is not None
    assert tick < when
    assert (tick.second, tick.microsecond) == (0, 0)
    assert matches(schedule, tick)


@given(PLAIN_CRONS, MOMENTS, st.one_of(st.just(0.0), st.floats(0, 1)))
def test_no_minute_before_the_next_tick_matches(text: str, when: datetime, share: float) -> None:
    schedule = Schedule.parse(text)
    tick = schedule.next_after(when) or when + timedelta(days=SEARCH_DAYS)
    earliest = when.replace(second=0, microsecond=0) + timedelta(minutes=1)
    between = (earliest + (tick - earliest) * share).replace(second=0, microsecond=0)
    assume(between < tick)
    assert not matches(schedule, between)


@given(PLAIN_CRONS, MOMENTS)
def test_one_tick_follows_the_other_both_ways(text: str, when: datetime) -> None:
    schedule = Schedule.parse(text)
    first = schedule.next_after(when)
    second = schedule.next_after(first) if first else None
    assume(second is not None)
    assert first is not None
    assert second is not None
    assert schedule.previous_before(second) == first
    assert schedule.previous_before(first + timedelta(microseconds=1)) == first


@given(PLAIN_CRONS)
def test_plain_crons_may_be_sent_as_they_are(text: str) -> None:
    assert check_cron(text) == text


def refusal(text: str) -> str | None:
    """Return the sentence with which a string is refused, None for a cron that may be sent."""
    try:
        check_cron(text)
    except InvalidCron as error:
        return str(error)
    return None


@given(st.one_of(CRON_LIKE, st.text(max_size=40)))
def test_every_other_text_is_refused_with_a_sentence(text: str) -> None:
    reason = refusal(text)
    assume(reason is not None)
    assert str(reason).endswith(".")


@given(st.one_of(CRON_LIKE, PLAIN_CRONS))
def test_what_may_be_sent_says_the_same_as_what_was_given(text: str) -> None:
    assume(refusal(text) is None)
    sent = check_cron(text)
    assert sent == " ".join(text.split())
    assert Schedule.parse(sent) == Schedule.parse(text)
