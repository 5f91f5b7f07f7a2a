"""What follows from the guard's line in a description and from ``autoarchive``, which a person may have changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestSourceNotRunnable
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.guarded_run import (
    LOSS,
    LossCheck,
    ahead_since,
    begin,
    give_up,
    noted,
    off_since,
    rejected,
)
from airflow_provider_harvest.portal.guard.hold_and_release import (
    accepted_before,
    contradicts,
    covered_before,
    held_since,
    hold,
    release,
    tidy,
)
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, NOTHING_ACCEPTED, Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal

if TYPE_CHECKING:
    from datetime import datetime

EARLIER = JOB_BEGAN - timedelta(days=30)
ACCEPTED = Note(NOTE_ACCEPTED, EARLIER, 3, EARLIER)
HELD = Note(NOTE_HELD, NOW, 10, JOB_BEGAN)
HELD_AGAIN = replace(HELD, accepted=ACCEPTED)
AHEAD = Note(NOTE_HELD, NOW, 0, NOTHING_ACCEPTED)
AHEAD_AGAIN = replace(AHEAD, before=EARLIER, accepted=ACCEPTED)


@pytest.mark.parametrize(
    "note, autoarchive, accepted, covered, is_out_of_date",
    [
        pytest.param(None, True, None, None, False, id="no line"),
        pytest.param(None, False, None, None, False, id="off by its owner"),
        pytest.param(HELD, False, None, JOB_BEGAN, False, id="held"),
        pytest.param(HELD_AGAIN, False, EARLIER, JOB_BEGAN, False, id="held after an accepted loss"),
        pytest.param(
            replace(HELD, before=EARLIER, accepted=replace(ACCEPTED, before=JOB_BEGAN)),
            False,
            JOB_BEGAN,
            JOB_BEGAN,
            False,
            id="held for an older loss than the accepted one",
        ),
        pytest.param(HELD, True, JOB_BEGAN, None, True, id="held, and a person switched it on"),
        pytest.param(ACCEPTED, True, EARLIER, None, False, id="accepted"),
        pytest.param(ACCEPTED, False, None, None, True, id="accepted, and the owner switched it off"),
        pytest.param(AHEAD, False, None, NOW, False, id="held ahead of a harvest"),
        pytest.param(AHEAD, True, None, None, True, id="held ahead, and a person switched it on: no loss was shown"),
        pytest.param(AHEAD_AGAIN, True, EARLIER, None, True, id="held ahead after an accepted loss, and switched on"),
    ],
)
def test_what_is_accepted_and_held(
    note: Note | None, autoarchive: bool, accepted: datetime | None, covered: datetime | None, is_out_of_date: bool
) -> None:
    portal = HarvestedPortal()
    source = portal.add(autoarchive=autoarchive, description="Data." if note is None else join("Data.", note))
    assert (accepted_before(source), covered_before(source)) == (accepted, covered)
    assert held_since(source) == (NOW.isoformat() if covered else None)
    assert contradicts(source) is is_out_of_date
    assert off_since(source) == (None if autoarchive else NOW.timestamp() if covered else 0.0)
    is_ahead = note is not None and note.is_ahead and not autoarchive
    assert ahead_since(portal, source.id) == (NOW.timestamp() if is_ahead else None)
    give_up(portal, source.id)
    assert len(portal.written) == is_ahead, "only a hold ahead of a harvest is undone"


@pytest.mark.parametrize("change", [partial(hold, missing=1, before=NOW), partial(tidy, is_done=True)])
def test_nothing_is_written_to_a_deleted_source(change: Any) -> None:
    portal = HarvestedPortal()
    source = portal.add(description=join("Data.", ACCEPTED), deleted=NOW)
    with pytest.raises(HarvestSourceNotRunnable, match="was deleted"):
        change(portal, source.id)
    assert portal.written == []


def test_a_loss_that_another_pass_holds_meanwhile_still_waits_for_a_person() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=10)
    report = examine(portal)
    portal.change(source.id, autoarchive=False, description=join("Data.", HELD))
    act(portal, report)
    result = as_dict(portal, report)
    assert (result["held_ids"], result["must_hold_ids"], portal.written) == ([source.id], [source.id], [])


def test_a_result_whose_loss_is_too_large_is_a_failure_and_keeps_its_other_reasons() -> None:
    result: Any = {"outcome": "success", "failure_kind": None, "reasons": ["1 item failed."], "job_id": "j"}
    changed: Any = rejected(result, LossCheck(("9 of 9 records are gone.",)))
    assert changed == {
        "outcome": "failure",
        "failure_kind": LOSS,
        "reasons": ["9 of 9 records are gone.", "1 item failed."],
        "job_id": "j",
    }


@pytest.mark.parametrize(
    "not_compared, was_compared, reason",
    [("", False, None), ("It is off.", False, "It is off."), ("It is off.", True, None)],
    ids=["compared", "not compared", "by an earlier try"],
)
def test_a_result_says_whether_the_harvest_was_compared(
    not_compared: str, was_compared: bool, reason: str | None
) -> None:
    result: Any = {"job_id": "j"}
    changed: Any = noted(result, LossCheck(not_compared=not_compared), was_compared=was_compared)
    assert changed == {"job_id": "j", "guard": {"compared": reason is None, "reason": reason}}


@pytest.mark.parametrize("note, missing", [(HELD, 10), (HELD, 0), (AHEAD, 0)], ids=["that", "none", "none, ahead"])
def test_a_hold_for_no_more_than_is_held_stays_as_it_is(note: Note, missing: int) -> None:
    portal = HarvestedPortal()
    source = portal.add(autoarchive=False, description=join("Data.", note))
    before = JOB_BEGAN if missing else NOW
    assert hold(portal, source.id, missing, before) == (portal.sources[source.id], False)
    assert portal.written == []


def test_an_accepted_loss_is_no_hold_that_ends_since_its_records_are_back() -> None:
    portal = HarvestedPortal()
    source = portal.add(description=join("Data.", ACCEPTED))
    assert release(portal, source.id, accept=True)[1] is False
    with pytest.raises(HarvestInvalidInput, match="does not hold source"):
        release(portal, source.id, accept=False)


def test_only_the_run_that_switched_archiving_off_is_given_the_time_of_its_line() -> None:
    portal = HarvestedPortal()
    source = portal.add(description="Data.")
    assert begin(portal, source.id) == NOW
    assert begin(portal, source.id) is None
    assert len(portal.written) == 1
