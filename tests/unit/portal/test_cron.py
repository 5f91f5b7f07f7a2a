"""Celery's crontab rules. The tables hold what Celery 5.3.1, 5.4.0 and 5.7.0 gave; no Celery is needed here.

`tests/integration/test_cron_oracle.py` compares with the Celery of each udata release.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.cron import InvalidCron, Schedule, check_cron

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
EVERY_MINUTE = Schedule.parse("* * * * *")

# --- reading ----------------------------------------------------------------------------------------------------------

#: Taken by every version, and fit to be sent: the text, the one field that it restricts, the numbers read there.
READ = [
    pytest.param("5 * * * *", "minutes", {5}, id="number"),
    pytest.param("00 * * * *", "minutes", {0}, id="leading-zero"),
    pytest.param("* 007 * * *", "hours", {7}, id="leading-zeros"),
    pytest.param("5,1,5 * * * *", "minutes", {1, 5}, id="list"),
    pytest.param("1-5 * * * *", "minutes", {1, 2, 3, 4, 5}, id="range"),
    pytest.param("1-1 * * * *", "minutes", {1}, id="range-of-one"),
    pytest.param("*/20 * * * *", "minutes", {0, 20, 40}, id="step"),
    pytest.param("*/70 * * * *", "minutes", {0}, id="step-beyond-the-field"),
    pytest.param("* * */10 * *", "days", {1, 11, 21, 31}, id="step-counts-from-the-first-day"),
    pytest.param("1-5/2 * * * *", "minutes", {1, 3, 5}, id="range-with-step"),
    pytest.param("1-5/70 * * * *", "minutes", {1}, id="range-with-long-step"),
    pytest.param("1-3,*/30,45 * * * *", "minutes", {0, 1, 2, 3, 30, 45}, id="mixture"),
    pytest.param("* 22-3 * * *", "hours", {22, 23, 0, 1, 2, 3}, id="range-wraps"),
    pytest.param("* 20-4/3 * * *", "hours", {20, 23, 2}, id="step-goes-on-through-the-wrap"),
    pytest.param("* * 28-3 * *", "days", {28, 29, 30, 31, 1, 2, 3}, id="days-wrap"),
    pytest.param("* * * 11-2 *", "months", {11, 12, 1, 2}, id="months-wrap"),
    pytest.param("* * * * 5-1", "weekdays", {5, 6, 0, 1}, id="weekdays-wrap"),
    pytest.param("* * * * sun", "weekdays", {0}, id="weekday-name"),
    pytest.param("* * * * MON", "weekdays", {1}, id="upper-case"),
    pytest.param("* * * * Saturday", "weekdays", {6}, id="whole-name"),
    pytest.param("* * * * mon,wed,5", "weekdays", {1, 3, 5}, id="names-and-numbers"),
    pytest.param("* * * * fri-mon", "weekdays", {5, 6, 0, 1}, id="range-of-names"),
    pytest.param("* * * * sun-sat/2", "weekdays", {0, 2, 4, 6}, id="range-of-names-with-step"),
]

#: Refused by every version: the text, its wrong field, and what the message says of it.
REFUSED = [
    pytest.param("60 * * * *", "minute", "60 is not in 0 to 59", id="minute-60"),
    pytest.param("0 24 * * *", "hour", "24 is not in 0 to 23", id="hour-24"),
    pytest.param("0 0 0 * *", "day of month", "0 is not in 1 to 31", id="day-0"),
    pytest.param("0 0 32 * *", "day of month", "32 is not in 1 to 31", id="day-32"),
    pytest.param("0 0 * 0 *", "month", "0 is not in 1 to 12", id="month-0"),
    pytest.param("0 0 * 13 *", "month", "13 is not in 1 to 12", id="month-13"),
    pytest.param("0 0 * * 7", "day of week", "7 is not in 0 to 6; Sunday is 0", id="sunday-as-7"),
    pytest.param("0 0 * * mon-7", "day of week", "7 is not in", id="range-to-7"),
    pytest.param("-1 * * * *", "minute", "'-1' is negative", id="negative"),
    pytest.param("1--5 * * * *", "minute", "neither a number nor a name", id="negative-end"),
    pytest.param("1- * * * *", "minute", "neither a number nor a name", id="range-without-end"),
    pytest.param("1.5 * * * *", "minute", "neither a number nor a name", id="fraction"),
    pytest.param("*/0 * * * *", "minute", "the step '0' after / is not a number from 1 on", id="step-0"),
    pytest.param("1-5/0 * * * *", "minute", "the step '0'", id="range-with-step-0"),
    pytest.param("*/ * * * *", "minute", "the step ''", id="no-step"),
    pytest.param("1-5/ * * * *", "minute", "the step ''", id="range-without-step"),
    pytest.param("*/-1 * * * *", "minute", "the step ''", id="negative-step"),
    pytest.param("*/a * * * *", "minute", "the step 'a'", id="step-in-letters"),
    pytest.param("0 0 * * */mon", "day of week", "the step 'mon'", id="step-as-a-name"),
    pytest.param("5/10 * * * *", "minute", "write 5-59/10", id="step-after-a-number"),
    pytest.param(", * * * *", "minute", "there is nothing before or after a comma", id="comma-alone"),
    pytest.param("1, * * * *", "minute", "there is nothing before or after a comma", id="comma-at-the-end"),
    pytest.param("1,,2 * * * *", "minute", "there is nothing before or after a comma", id="two-commas"),
    pytest.param("** * * * *", "minute", "neither a number nor a name", id="two-stars"),
    pytest.param("*5 * * * *", "minute", "neither a number nor a name", id="star-and-number"),
    pytest.param("a b c d e", "minute", "neither a number nor a name", id="letters"),
    pytest.param("0 0 L * *", "day of month", "neither a number nor a name", id="last-day"),
    pytest.param("0 0 ? * *", "day of month", "neither a number nor a name", id="question-mark"),
    pytest.param("0 0 15W * *", "day of month", "neither a number nor a name", id="nearest-weekday"),
    pytest.param("0 0 * * 1#2", "day of week", "neither a number nor a name", id="second-monday"),
    pytest.param("H H * * *", "minute", "neither a number nor a name", id="jenkins-hash"),
]

#: No day of these months has such a number: Celery up to 5.4.0 takes it and then finds no next time, 5.7.0 refuses it.
NEVER = ["0 0 31 2 *", "0 0 30 2 1", "0 0 30-31 2 *", "0 0 31 4,6,9,11 *"]

#: Taken by Celery 5.7.0 at least, and read as the numbers say; not fit to be sent: the wrong field and why.
BY_ACCIDENT = [
    pytest.param("1-5-7 * * * *", "minutes", {1, 2, 3, 4, 5}, "'1-5-7' is not", id="rest-of-a-range"),
    pytest.param("1-5/2/3 * * * *", "minutes", {1, 3, 5}, "'1-5/2/3' is not", id="two-steps"),
    pytest.param("*/20-5 * * * *", "minutes", {0, 20, 40}, "'*/20-5' is not", id="rest-of-a-step"),
    pytest.param("1-2*/3 * * * *", "minutes", {1, 2}, "'1-2*/3' is not", id="rest-with-a-star"),
    pytest.param("1_0 * * * *", "minutes", {10}, "'1_0' is not", id="underscore"),
    pytest.param("+5 * * * *", "minutes", {5}, "'+5' is not", id="plus"),
    pytest.param("* * * * monkey", "weekdays", {1}, "monkey does not belong there", id="first-three-letters"),
    pytest.param("mon-fri * * * *", "minutes", {1, 2, 3, 4, 5}, "mon does not belong there", id="weekday-as-a-minute"),
    pytest.param("* * 1-tue * *", "days", {1, 2}, "tue does not belong there", id="weekday-as-a-day"),
    pytest.param("* * * mon *", "months", {1}, "mon does not belong there", id="weekday-as-a-month"),
    pytest.param("* * * * jan", "weekdays", {1}, "jan does not belong there", id="month-as-a-weekday"),
    pytest.param("* * * jan *", "months", {1}, "jan must be written as 1", id="month-name-unknown-up-to-5.4.0"),
    pytest.param("* * * Dec-feb *", "months", {12, 1, 2}, "dec must be written as 12", id="range-of-month-names"),
    pytest.param("٣ * * * *", "minutes", {3}, "ASCII", id="arabic-digit"),
]


def restricted(text: str) -> dict[str, set[int]]:
    """Return what a cron says of the fields that are not every number."""
    schedule = Schedule.parse(text)
    names = ("minutes", "hours", "days", "months", "weekdays")
    read = {name: (getattr(schedule, name), getattr(EVERY_MINUTE, name)) for name in names}
    return {name: set(numbers) for name, (numbers, every) in read.items() if numbers != every}


@pytest.mark.parametrize("text, field, numbers", READ)
def test_a_field_is_read_as_celery_reads_it(text: str, field: str, numbers: set[int]) -> None:
    assert restricted(text) == {field: numbers}


@pytest.mark.parametrize("text", [case.values[0] for case in READ])
def test_what_every_celery_reads_alike_may_be_sent(text: str) -> None:
    assert check_cron(text) == text


def test_the_fields_are_in_the_order_of_cron() -> None:
    schedule = Schedule.parse("1 2 3 4 5")
    assert (schedule.minutes, schedule.hours, schedule.days, schedule.months, schedule.weekdays) == (
        (1,), (2,), (3,), (4,), (5,),
    )  # fmt: skip


@pytest.mark.parametrize("read", [Schedule.parse, check_cron])
@pytest.mark.parametrize("text, field, why", REFUSED)
def test_what_celery_refuses_is_refused_with_field_and_reason(read: Any, text: str, field: str, why: str) -> None:
    with pytest.raises(InvalidCron, match=re.escape(why)) as caught:
        read(text)
    assert f"The cron {text!r} is wrong in its field {field} (" in str(caught.value)
    assert "Allowed there: " in str(caught.value)
    assert "one such cron stops every periodic task of the portal" in str(caught.value)


@pytest.mark.parametrize("read", [Schedule.parse, check_cron])
@pytest.mark.parametrize("text", NEVER)
def test_what_never_fires_is_refused(read: Any, text: str) -> None:
    with pytest.raises(InvalidCron, match="never fires: none of its months has such a day"):
        read(text)


@pytest.mark.parametrize("text, field, numbers, why", BY_ACCIDENT)
def test_what_celery_takes_by_accident_is_read_as_celery_does(
    text: str, field: str, numbers: set[int], why: str
) -> None:
    assert restricted(text) == {field: numbers}


@pytest.mark.parametrize("text, field, numbers, why", BY_ACCIDENT)
def test_what_celery_takes_by_accident_is_not_sent(text: str, field: str, numbers: set[int], why: str) -> None:
    with pytest.raises(InvalidCron, match=re.escape(why)):
        check_cron(text)


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, why",
    [
        pytest.param("", "a harvest every minute", id="empty"),
        pytest.param(" \t", "a harvest every minute", id="blank"),
        pytest.param("\n", "a harvest every minute", id="newline-alone"),
        pytest.param(None, "not NoneType", id="none"),
        pytest.param(5, "not int", id="number"),
        pytest.param(["0", "0", "*", "*", "*"], "not list", id="list"),
        pytest.param(b"0 0 * * *", "not bytes", id="bytes"),
        pytest.param("every day", "has 2 fields instead of five", id="words"),
        pytest.param("0 0 *", "has 3 fields instead of five", id="three-fields"),
        pytest.param("0 0 0 * * *", "has 6 fields instead of five", id="six-fields"),
        pytest.param("@daily", "write 0 0 * * * instead", id="macro"),
        pytest.param(" @Weekly ", "write 0 0 * * 0 instead", id="macro-in-other-case"),
        pytest.param("@reboot", "write five fields", id="macro-without-equivalent"),
        pytest.param('"0 0 * * *"', "without quotes", id="double-quotes"),
        pytest.param("'0 0 * * *'", "without quotes", id="single-quotes"),
        pytest.param("0 0 * * *\n", "one line", id="newline"),
        pytest.param("0 0 * *\r\n*", "one line", id="line-break-between-fields"),
        pytest.param("0 0 * * *\x00", "one line", id="zero-byte"),
        pytest.param("0\u00a00 * * *", "ASCII", id="no-break-space"),
        pytest.param("0 0 * * \u0661", "ASCII", id="arabic-digit"),
        pytest.param("0 0 * * 1\u20135", "ASCII", id="dash-of-a-word-processor"),
    ],
)
def test_what_is_no_cron_is_not_sent(text: Any, why: str) -> None:
    with pytest.raises(InvalidCron, match=re.escape(why)):
        check_cron(text)


@pytest.mark.parametrize(
    "text", ["0 4 * * 1-5", "  0 4 * * 1-5 ", "0\t4   *\t * 1-5"], ids=["plain", "around", "between"]
)
def test_what_is_sent_has_single_blanks(text: str) -> None:
    assert check_cron(text) == "0 4 * * 1-5"


def test_a_refusal_can_be_caught_as_each_of_its_kinds() -> None:
    assert issubclass(InvalidCron, (HarvestInvalidInput,))
    assert issubclass(InvalidCron, HarvestError)
    assert issubclass(InvalidCron, ValueError)


def test_a_refusal_of_a_long_text_is_short() -> None:
    with pytest.raises(InvalidCron) as caught:
        check_cron("9" * 4000 + " * * * *")
    assert len(str(caught.value)) < 500


# --- firing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, when, following, previous",
    [
        pytest.param("* * * * *", "2026-11-24T10:30", "2026-11-24T10:31", "2026-11-24T10:29", id="every-minute"),
        pytest.param(
            "* * * * *", "2026-11-24T10:30:59", "2026-11-24T10:31", "2026-11-24T10:30", id="every-minute-midway"
        ),
        pytest.param("0 0 * * *", "2026-11-24T00:00", "2026-11-25T00:00", "2026-11-23T00:00", id="on-the-tick"),
        pytest.param(
            "0 0 * * *", "2026-11-23T23:59:59", "2026-11-24T00:00", "2026-11-23T00:00", id="just-before-the-tick"
        ),
        pytest.param("0 0 * * *", "2026-11-24T10:30", "2026-11-25T00:00", "2026-11-24T00:00", id="daily"),
        pytest.param("30 22 * * *", "2026-11-24T10:30", "2026-11-24T22:30", "2026-11-23T22:30", id="later-today"),
        pytest.param("30 9 * * *", "2026-11-24T10:30", "2026-11-25T09:30", "2026-11-24T09:30", id="earlier-today"),
        pytest.param("0 0 * * *", "2026-12-31T00:00", "2027-01-01T00:00", "2026-12-30T00:00", id="over-new-year"),
        pytest.param("0 6 * * 1-5", "2026-11-27T06:00", "2026-11-30T06:00", "2026-11-26T06:00", id="weekday-numbers"),
        pytest.param("0 6 * * mon,thu", "2026-11-24T10:30", "2026-11-26T06:00", "2026-11-23T06:00", id="weekday-names"),
        pytest.param("0 0 * * 0", "2026-11-24T10:30", "2026-11-29T00:00", "2026-11-22T00:00", id="sunday"),
        pytest.param("0 22-3 * * *", "2026-11-24T03:00", "2026-11-24T22:00", "2026-11-24T02:00", id="hours-wrap"),
        pytest.param("0 0 28-3 * *", "2026-11-24T10:30", "2026-11-28T00:00", "2026-11-03T00:00", id="days-wrap"),
        pytest.param("0 0 1 11-2 *", "2026-03-02T00:00", "2026-11-01T00:00", "2026-02-01T00:00", id="months-wrap"),
        pytest.param("*/15 * * * *", "2026-11-24T10:45", "2026-11-24T11:00", "2026-11-24T10:30", id="step"),
        pytest.param("*/70 * * * *", "2026-11-24T10:30", "2026-11-24T11:00", "2026-11-24T10:00", id="step-too-long"),
        pytest.param(
            "10-50/20 * * * *", "2026-11-24T10:30", "2026-11-24T10:50", "2026-11-24T10:10", id="stepped-range"
        ),
        pytest.param("0 20-4/3 * * *", "2026-11-24T23:00", "2026-11-25T02:00", "2026-11-24T20:00", id="stepped-wrap"),
        pytest.param("0 0 31 * *", "2026-11-24T10:30", "2026-12-31T00:00", "2026-10-31T00:00", id="31st"),
        pytest.param("0 0 30 * *", "2026-01-31T00:00", "2026-03-30T00:00", "2026-01-30T00:00", id="30th-after-january"),
        pytest.param("0 3 1 */3 *", "2026-11-24T10:30", "2027-01-01T03:00", "2026-10-01T03:00", id="quarter"),
        pytest.param("0 0 29 2 *", "2026-11-24T10:30", "2028-02-29T00:00", "2024-02-29T00:00", id="leap-day"),
        pytest.param("0 0 13 * fri", "2026-11-24T10:30", "2027-08-13T00:00", "2026-11-13T00:00", id="day-and-weekday"),
        pytest.param("0 0 1-7 * 1", "2026-11-24T10:30", "2026-12-07T00:00", "2026-11-02T00:00", id="first-monday"),
        pytest.param("0 0 1 1 1", "2026-11-24T10:30", "2029-01-01T00:00", "2024-01-01T00:00", id="new-year-monday"),
    ],
)
def test_ticks_around_a_time(text: str, when: str, following: str, previous: str) -> None:
    schedule = Schedule.parse(text)
    moment = datetime.fromisoformat(when)
    assert schedule.next_after(moment) == datetime.fromisoformat(following)
    assert schedule.previous_before(moment) == datetime.fromisoformat(previous)


def test_no_tick_is_sought_beyond_five_years() -> None:
    leap_monday = Schedule.parse("0 0 29 2 1")  # in 2016 and 2044
    assert leap_monday.next_after(NOON) is None
    assert leap_monday.previous_before(NOON) is None
    new_year_monday = Schedule.parse("0 0 1 1 1")  # in 2029 and 2035
    assert new_year_monday.next_after(NOON.replace(year=2029)) is None
    assert new_year_monday.previous_before(NOON.replace(year=2034)) is None


@pytest.mark.parametrize(
    "zone",
    [None, timezone.utc, timezone(timedelta(hours=1)), timezone(timedelta(hours=-9, minutes=-30))],
    ids=["naive", "utc", "ahead", "behind"],
)
def test_ticks_are_on_the_clock_that_was_handed_in(zone: timezone | None) -> None:
    schedule = Schedule.parse("30 4 * * *")
    when = datetime(2026, 11, 24, 12, tzinfo=zone)
    assert schedule.next_after(when) == datetime(2026, 11, 25, 4, 30, tzinfo=zone)
    assert schedule.previous_before(when) == datetime(2026, 11, 24, 4, 30, tzinfo=zone)
