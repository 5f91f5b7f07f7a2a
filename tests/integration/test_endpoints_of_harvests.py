"""Each endpoint that decides on sources and starts harvests, with good and bad input, against each real release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestInvalidInput,
    HarvestRequestRejected,
    HarvestServerError,
)
from tests.support.expected_failures import failure_of
from tests.support.fake_portal.state import DEFAULT_SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

    ClientOf = Callable[..., HarvestClient]

pytestmark = [pytest.mark.integration, pytest.mark.every_release]


@pytest.fixture
def source(new_source: Callable[..., HarvestSource]) -> HarvestSource:
    """A source with three sound records, not accepted yet."""
    return new_source(datasets=3)


@pytest.fixture
def accepted(new_harvest: Callable[..., HarvestSource]) -> HarvestSource:
    """A source with three sound records, accepted and harvested once."""
    return new_harvest(datasets=3)


class TestValidate:
    def test_accepts_schedules_and_starts_a_harvest(
        self, portal: Sandbox, admin: HarvestClient, source: HarvestSource
    ) -> None:
        answered = admin.validate_source(source.id, comment="Welcome")
        portal.control.wait_until_idle()
        read = admin.get_source(source.id)
        assert answered.is_accepted
        assert read.is_accepted
        assert read.schedule == DEFAULT_SCHEDULE
        assert read.validation.by is not None
        assert read.validation.by.id == portal.user_ids.admin
        assert read.last_job is not None
        assert read.last_job.status == "done"

    def test_refuses_with_a_comment(self, admin: HarvestClient, source: HarvestSource) -> None:
        admin.validate_source(source.id, "refused", "No licence is given")
        read = admin.get_source(source.id)
        assert (read.validation.state, read.validation.comment) == ("refused", "No licence is given")
        assert (read.schedule, read.last_job) == (None, None)

    @pytest.mark.parametrize(
        "state, comment", [("refused", None), ("refused", " "), ("pending", "x"), ("", None), ("ok", None)]
    )
    def test_of_anything_else_is_not_even_sent(
        self, state: str, comment: str | None, portal: Sandbox, admin: HarvestClient, source: HarvestSource
    ) -> None:
        mark = portal.mark()
        error = failure_of(lambda: admin.validate_source(source.id, state, comment))
        assert isinstance(error, HarvestInvalidInput)
        assert portal.requests(mark) == []

    @pytest.mark.parametrize("role", ["org_admin", "org_editor", "user"])
    def test_is_for_sysadmins(self, role: str, client_of: ClientOf, source: HarvestSource) -> None:
        client = client_of(role)
        error = failure_of(lambda: client.validate_source(source.id))
        assert isinstance(error, HarvestAuthError)
        assert error.status_code == 403

    def test_may_take_effect_and_respond_with_500(
        self, portal: Sandbox, admin: HarvestClient, source: HarvestSource
    ) -> None:
        """Which is why nobody sends it again before a look."""
        portal.control.fail_broker()
        error = failure_of(lambda: admin.validate_source(source.id))
        assert isinstance(error, HarvestServerError)
        assert admin.get_source(source.id).is_accepted


class TestSchedule:
    @pytest.mark.parametrize("cron", ["0 4 * * *", "*/15 6-18 * * mon-fri", "30 2 1,15 * *"])
    def test_is_kept_as_given(self, cron: str, admin: HarvestClient, accepted: HarvestSource) -> None:
        assert admin.schedule_source(accepted.id, cron).schedule == cron
        assert admin.get_source(accepted.id).schedule == cron

    @pytest.mark.parametrize("cron", ["", "99 * * * *", "0 0 * * 7", "@daily", "every day"])
    def test_of_nonsense_is_not_even_sent(
        self, cron: str, portal: Sandbox, admin: HarvestClient, accepted: HarvestSource
    ) -> None:
        mark = portal.mark()
        assert isinstance(failure_of(lambda: admin.schedule_source(accepted.id, cron)), HarvestInvalidInput)
        assert portal.requests(mark) == []

    def test_is_removed_once(self, admin: HarvestClient, accepted: HarvestSource) -> None:
        admin.unschedule_source(accepted.id)
        assert admin.get_source(accepted.id).schedule is None
        error = failure_of(lambda: admin.unschedule_source(accepted.id))
        assert isinstance(error, HarvestRequestRejected)
        assert error.status_code == 400

    def test_is_for_sysadmins(self, org_admin: HarvestClient, accepted: HarvestSource) -> None:
        for call in (
            lambda: org_admin.schedule_source(accepted.id, "0 4 * * *"),
            lambda: org_admin.unschedule_source(accepted.id),
        ):
            assert isinstance(failure_of(call), HarvestAuthError)


class TestRun:
    @pytest.mark.parametrize("role", ["org_admin", "admin"])
    def test_starts_a_harvest_that_its_answer_does_not_name(
        self, role: str, portal: Sandbox, client_of: ClientOf, accepted: HarvestSource
    ) -> None:
        client = client_of(role)
        known = [job.id for job in client.recent_jobs(accepted.id)]
        portal.control.hold_jobs()  # else a quick worker may have begun before the response is written
        answered = client.run_source(accepted.id)
        portal.control.release_jobs()
        portal.control.wait_until_idle()
        jobs = client.recent_jobs(accepted.id)
        assert answered.last_job is not None
        assert answered.last_job.id in known
        assert [job.id for job in jobs[1:]] == known
        assert jobs[0].status == "done"

    def test_needs_an_accepted_source(self, org_admin: HarvestClient, source: HarvestSource) -> None:
        error = failure_of(lambda: org_admin.run_source(source.id))
        assert isinstance(error, HarvestRequestRejected)
        assert error.status_code == 400

    @pytest.mark.parametrize("role, status", [("user", 403), (None, 401)], ids=["somebody else", "no key"])
    def test_is_for_those_who_may(
        self, role: str | None, status: int, client_of: ClientOf, accepted: HarvestSource
    ) -> None:
        client = client_of(role)
        error = failure_of(lambda: client.run_source(accepted.id))
        assert isinstance(error, HarvestAuthError)
        assert error.status_code == status

    def test_may_be_switched_off(self, portal: Sandbox, client_of: ClientOf, accepted: HarvestSource) -> None:
        portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
        org_admin, admin = client_of("org_admin"), client_of("admin")
        error = failure_of(lambda: org_admin.run_source(accepted.id))
        assert isinstance(error, HarvestRequestRejected)
        assert error.status_code == 400
        if portal.release == "9.2.4":  # sysadmins may all the same from 10.4.3 on
            assert isinstance(failure_of(lambda: admin.run_source(accepted.id)), HarvestRequestRejected)
        else:
            assert admin.run_source(accepted.id).id == accepted.id

    def test_of_an_inactive_source_is_answered_and_starts_nothing_from_10_0_6_on(
        self, portal: Sandbox, org_admin: HarvestClient, accepted: HarvestSource
    ) -> None:
        org_admin.update_source(accepted.id, active=False)
        org_admin.run_source(accepted.id)
        portal.control.wait_until_idle()
        assert len(list(org_admin.iter_jobs(accepted.id))) == (2 if portal.release == "9.2.4" else 1)
