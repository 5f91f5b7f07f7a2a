"""A guarded run: archiving is off while it harvests, and on again only after the comparison."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput, HarvestSourceNotRunnable
from airflow_provider_harvest.portal.guard import LossThresholds, live_records
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.guarded_run import (
    begin,
    check_loss,
    give_up,
    refuse_attaching,
    thresholds_of,
)
from airflow_provider_harvest.portal.guard.hold_and_release import accepted_before, is_held, release
from airflow_provider_harvest.portal.guard.render import message
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import Killed

LONG_AGO = JOB_BEGAN - timedelta(days=40)


@pytest.mark.parametrize(
    "lost, seen, is_loss, is_due",
    [
        pytest.param(0, LONG_AGO, False, False, id="nothing is missing"),
        pytest.param(1, JOB_BEGAN - timedelta(days=1), False, False, id="one is missing, and has days of grace"),
        pytest.param(1, LONG_AGO, False, True, id="one is missing and due: a second harvest archives it"),
        pytest.param(20, LONG_AGO, True, False, id="too much is missing"),
    ],
)
def test_comparison(lost: int, seen: Any, is_loss: bool, is_due: bool) -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=lost, lost_on=seen)
    begin(portal, source.id)
    assert portal.sources[source.id].autoarchive is False
    held_before_release: list[bool] = []
    compared = check_loss(
        portal,
        source.id,
        LossThresholds(),
        before_release=lambda: held_before_release.append(is_held(portal.sources[source.id])),
    )
    assert (bool(compared.reasons), compared.is_due) == (is_loss, is_due)
    assert held_before_release == ([] if is_loss or is_due else [True])
    assert is_held(portal.sources[source.id]) is is_loss
    assert portal.sources[source.id].autoarchive is not is_loss
    if is_loss:
        assert compared.reasons[0].startswith("20 of 50 records are missing")
        assert "and 10 more. Archiving stays off" in compared.reasons[1]


@pytest.mark.parametrize("lost", [0, 10])
def test_records_that_stayed_with_a_former_organization_are_compared(
    monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    monkeypatch.setattr(live_records, "READ_WHOLE", 0)
    portal = HarvestedPortal()
    source = portal.move(portal.add_harvested(lost=lost, organization="north"), "south")
    begin(portal, source.id)
    assert bool(check_loss(portal, source.id, LossThresholds(), done=30).reasons) == bool(lost)
    assert is_held(portal.sources[source.id]) == bool(lost)


@pytest.mark.parametrize("killed_at", [(1, False), (1, True), (2, False), (2, True)])
def test_killed_run_is_finished_by_its_retry(killed_at: tuple[int, bool]) -> None:
    portal = HarvestedPortal(killed_at=killed_at)
    source = portal.add_harvested(lost=1, lost_on=LONG_AGO, description="Data of the town.")
    for _ in range(2):
        try:
            begin(portal, source.id)
            check_loss(portal, source.id, LossThresholds())
        except Killed:
            continue
    now = portal.sources[source.id]
    assert (now.autoarchive, now.description) == (True, "Data of the town.")


@pytest.mark.parametrize(
    "meanwhile, is_due, not_compared",
    [
        pytest.param({"autoarchive": True, "description": "Data of the town."}, True, "", id="the guard lifts it"),
        pytest.param(
            {"description": str(join(None, Note(NOTE_HELD, NOW + timedelta(hours=1), 40, NOW)))},
            False,
            "another loss",
            id="the guard holds it for another loss",
        ),
    ],
)
def test_hold_that_the_guard_changes_during_the_comparison_fails_no_run(
    meanwhile: dict[str, Any], is_due: bool, not_compared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=1, lost_on=LONG_AGO)
    begin(portal, source.id)
    iter_datasets = portal.iter_datasets

    def change_meanwhile(*owner: Any) -> Any:
        portal.change(source.id, **meanwhile)
        return iter_datasets(*owner)

    monkeypatch.setattr(portal, "iter_datasets", change_meanwhile)
    written = len(portal.written)
    compared = check_loss(portal, source.id, LossThresholds())
    assert (compared.reasons, compared.is_due, len(portal.written)) == ((), is_due, written)
    assert not_compared in compared.not_compared


def test_source_that_does_not_archive_stays_as_it_is() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20, autoarchive=False)
    begin(portal, source.id)
    assert check_loss(portal, source.id, LossThresholds()).reasons == ()
    assert portal.written == []


def test_loss_that_the_guard_held_before_is_not_released_by_a_run() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20)
    begin(portal, source.id)
    check_loss(portal, source.id, LossThresholds())
    generous = LossThresholds(max_lost_ratio=1, max_weekly_ratio=1, max_lost=None)
    assert check_loss(portal, source.id, generous).reasons
    assert is_held(portal.sources[source.id])


def held_for(portal: HarvestedPortal, lost: int) -> Any:
    """A source that the guard holds for a loss of so many of 300 records."""
    source = portal.add_harvested(lost=lost, kept=300 - lost)
    act(portal, examine(portal))
    assert is_held(portal.sources[source.id])
    return source


@pytest.mark.parametrize("still, is_over", [(0, True), (4, True), (5, False), (40, False)])
def test_loss_that_the_guard_held_ends_in_a_run_as_in_a_pass_of_the_guard(still: int, is_over: bool) -> None:
    for ends in ("pass", "run"):
        portal = HarvestedPortal()
        source = held_for(portal, lost=40)
        missing = {f"{source.id}-lost-{number}" for number in range(still)}
        portal.bring_back(source)
        portal.records = [r._replace(last_update=LONG_AGO) if r.key in missing else r for r in portal.records]
        if ends == "pass":
            act(portal, examine(portal))
        else:
            begin(portal, source.id)
            compared = check_loss(portal, source.id, LossThresholds())
            assert bool(compared.reasons) is not is_over
        assert is_held(portal.sources[source.id]) is not is_over


def test_run_that_loses_more_than_is_held_is_held_for_all_of_it() -> None:
    portal = HarvestedPortal()
    source = held_for(portal, lost=40)
    later = JOB_BEGAN + timedelta(hours=2)
    portal.harvest_again(source, later, missed=40)
    for _ in range(2):
        assert check_loss(portal, source.id, LossThresholds()).reasons[0].startswith("80 of 300 records are missing")
    release(portal, source.id, accept=True)
    assert accepted_before(portal.sources[source.id]) == later


def test_hold_of_which_no_harvest_is_known_is_not_released_by_a_run() -> None:
    portal = HarvestedPortal()
    note = Note(NOTE_HELD, JOB_BEGAN, 10, JOB_BEGAN)
    source = portal.add(schedule="0 4 * * *", autoarchive=False, description=join(None, note))
    [reason] = check_loss(portal, source.id, LossThresholds()).reasons
    assert reason.startswith("The guard holds this source, and no person has released it. No harvest of it")
    assert is_held(portal.sources[source.id])


def test_accepted_loss_stays_accepted_and_is_due() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20, lost_on=LONG_AGO)
    client: Any = portal
    begin(client, source.id)
    check_loss(client, source.id, LossThresholds())
    release(client, source.id, accept=True)
    begin(client, source.id)
    assert portal.sources[source.id].autoarchive is False
    compared = check_loss(client, source.id, LossThresholds())
    assert (compared.reasons, compared.is_due) == ((), True)
    now = portal.sources[source.id]
    assert (now.autoarchive, accepted_before(now)) == (True, JOB_BEGAN)


def test_loss_that_nobody_accepted_is_not_accepted_by_a_guarded_run() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20, lost_on=LONG_AGO)
    begin(portal, source.id)
    assert accepted_before(portal.sources[source.id]) is None


def test_guard_does_not_lift_before_the_harvest_has_ended() -> None:
    portal = HarvestedPortal()
    client: Any = portal
    source = portal.add_harvested(lost=0)
    begin(client, source.id)
    report = examine(client)
    act(client, report)
    assert is_held(portal.sources[source.id])
    assert "a guarded run holds it until its harvest has been compared." in message(client, report)


def test_given_up_run_leaves_archiving_as_it_was() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20, description="Data of the town.")
    begin(portal, source.id)
    give_up(portal, source.id)
    now = portal.sources[source.id]
    assert (now.autoarchive, now.description) == (True, "Data of the town.")


def test_harvest_that_cannot_be_compared_leaves_archiving_off() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=1)
    begin(portal, source.id)

    def fail(job_id: str) -> Any:
        raise HarvestError("The portal is down.")

    portal.iter_remote_ids = fail  # type: ignore[method-assign]
    with pytest.raises(HarvestError, match="archiving stays off"):
        check_loss(portal, source.id, LossThresholds())
    assert is_held(portal.sources[source.id])


@pytest.mark.parametrize("done, is_believed", [(30, False), (0, True)])
def test_harvest_after_which_the_portal_shows_no_record_is_not_compared(done: int, is_believed: bool) -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=20)
    begin(portal, source.id)
    portal.records = []  # an empty response, once
    if is_believed:  # the first harvest of an empty catalogue
        assert check_loss(portal, source.id, LossThresholds(), done=done).reasons == ()
    else:
        with pytest.raises(HarvestError, match="archiving stays off"):
            check_loss(portal, source.id, LossThresholds(), done=done)
    assert is_held(portal.sources[source.id]) is not is_believed


@pytest.mark.parametrize(
    "guard, expected",
    [(None, None), (False, None), (True, LossThresholds()), ({"min_lost": 9}, LossThresholds(min_lost=9))],
)
def test_argument(guard: Any, expected: LossThresholds | None) -> None:
    assert thresholds_of(guard) == expected


def test_invalid_input_is_refused() -> None:
    with pytest.raises(HarvestInvalidInput):
        thresholds_of({"max_loss": 1})
    with pytest.raises(HarvestSourceNotRunnable):
        refuse_attaching("attach")
