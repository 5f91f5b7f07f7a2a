"""Accepting, refusing, scheduling and unscheduling twice, and against portals whose responses are lost or errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestError,
    HarvestInvalidInput,
    HarvestServerError,
    HarvestSourceNotRunnable,
)
from airflow_provider_harvest.portal.sources.moderation import ensure_scheduled, ensure_unscheduled, ensure_validated
from tests.support.fake_portal.response_faults import CARRIED_OUT, NOT_CARRIED_OUT, Reply, Reset, Step
from tests.support.fake_portal.state import DEFAULT_SCHEDULE, PENDING

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from tests.support.fake_portal.server import Door

CRON = "15 3 * * 1"
DELETED = {"deleted": "2026-03-02T12:00:00+00:00"}


def added(server: Door, client: HarvestClient, **fields: Any) -> HarvestSource:
    """A source as the portal returns it; accepted and scheduled unless the fields say otherwise."""
    return client.get_source(server.portal.add_source(**fields))


class TestAccept:
    def test_pending_source(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**PENDING)
        job = server.portal.add_job(ident)
        validated, jobs_before, changed = ensure_validated(client, client.get_source(ident), comment="Fine")
        assert validated.is_accepted
        assert validated.validation.comment == "Fine"
        assert (jobs_before, changed) == ([job], True)

    def test_accepted_source_is_left_alone(self, server: Door, client: HarvestClient) -> None:
        source = added(server, client, schedule=CRON)
        validated, _, changed = ensure_validated(client, source, comment="Fine, too")
        assert (validated.schedule, changed) == (CRON, False)
        assert server.count("POST") == 0
        assert server.portal.queue == []

    def test_jobs_of_an_accepted_source_count_as_before_only_if_they_were(
        self, server: Door, client: HarvestClient
    ) -> None:
        source_id = server.portal.add_source()
        server.portal.sources[source_id]["validation"]["on"] = "2026-03-02T12:00:00+00:00"
        before = server.portal.add_job(source_id, created="2026-03-02T11:59:59+00:00")
        for minute in range(25):  # more than one page of the newest
            server.portal.add_job(source_id, created=f"2026-03-02T12:{minute:02}:01+00:00")
        assert ensure_validated(client, client.get_source(source_id))[1] == [before]

    @pytest.mark.parametrize("step", CARRIED_OUT.values(), ids=CARRIED_OUT)
    def test_lost_answer_is_looked_up(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture, step: Step
    ) -> None:
        source = added(server, client, **PENDING)
        server.script("POST", "*/validate/", step)
        validated, _, changed = ensure_validated(client, source)
        assert (validated.is_accepted, changed) == (True, True)
        assert len(server.portal.queue) == server.count("POST") == 1
        assert "start one with HarvestRunSourceOperator" in caplog.text

    @pytest.mark.parametrize("step, error", NOT_CARRIED_OUT.values(), ids=NOT_CARRIED_OUT)
    def test_what_was_not_carried_out_is_left_to_a_retry(
        self, server: Door, client: HarvestClient, step: Step, error: type[HarvestError]
    ) -> None:
        source = added(server, client, **PENDING)
        server.script("POST", "*/validate/", step)
        with pytest.raises(error):
            ensure_validated(client, source)
        assert server.count("POST") == 1
        assert ensure_validated(client, source)[2] is True

    def test_portal_that_stays_down_reports_the_poll(self, server: Door, client: HarvestClient) -> None:
        source = added(server, client, **PENDING)
        server.script("POST", "*/validate/", Reset(handled=True))
        server.script("GET", f"/harvest/source/{source.id}/", Reply(500, {}))
        with pytest.raises(HarvestServerError):
            ensure_validated(client, source)
        retried = client.get_source(source.id)
        assert ensure_validated(client, retried)[2] is False
        assert server.count("POST") == 1

    @pytest.mark.parametrize(
        "fields, words",
        [
            pytest.param({"active": False}, "starts no harvest before it is set active", id="inactive"),
            pytest.param(
                {"schedule": CRON},
                f"Its cron was {CRON}; accepting it set {DEFAULT_SCHEDULE}",
                id="with a cron of its own",
            ),
        ],
    )
    def test_side_effects_are_reported(
        self,
        server: Door,
        client: HarvestClient,
        caplog: pytest.LogCaptureFixture,
        fields: dict[str, Any],
        words: str,
    ) -> None:
        ensure_validated(client, added(server, client, **{**PENDING, **fields}))
        assert words in caplog.text


class TestRefuse:
    def test_once_for_one_reason(self, server: Door, client: HarvestClient) -> None:
        source = added(server, client, **PENDING)
        refused, _, _ = ensure_validated(client, source, "refused", " No licence ")
        assert (refused.validation.state, refused.validation.comment) == ("refused", "No licence")
        assert ensure_validated(client, refused, "refused", "No licence")[2] is False
        assert ensure_validated(client, refused, "refused", "Broken")[2] is True
        assert server.count("POST") == 2

    def test_schedule_that_stays_is_reported(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        ensure_validated(client, added(server, client), "refused", "No licence")
        assert f"Its cron {DEFAULT_SCHEDULE} stays" in caplog.text

    @pytest.mark.parametrize("state, comment", [("refused", None), ("refused", " "), ("pending", "x"), (None, "x")])
    def test_bad_input_writes_nothing(
        self, server: Door, client: HarvestClient, state: Any, comment: str | None
    ) -> None:
        source = added(server, client, **PENDING)
        with pytest.raises(HarvestInvalidInput):
            ensure_validated(client, source, state, comment)
        assert server.count("POST") == 0


class TestSchedule:
    def test_twice_writes_once(self, server: Door, client: HarvestClient) -> None:
        scheduled, changed = ensure_scheduled(client, added(server, client), CRON)
        assert (scheduled.schedule, changed) == (CRON, True)
        assert ensure_scheduled(client, scheduled, CRON) == (scheduled, False)
        assert server.count("POST") == 1

    @pytest.mark.parametrize("step", CARRIED_OUT.values(), ids=CARRIED_OUT)
    def test_lost_answer_is_looked_up(self, server: Door, client: HarvestClient, step: Step) -> None:
        source = added(server, client)
        server.script("POST", "*/schedule/", step)
        assert ensure_scheduled(client, source, CRON)[0].schedule == CRON
        assert server.count("POST") == 1

    @pytest.mark.parametrize("step, error", NOT_CARRIED_OUT.values(), ids=NOT_CARRIED_OUT)
    def test_what_was_not_carried_out_is_left_to_a_retry(
        self, server: Door, client: HarvestClient, step: Step, error: type[HarvestError]
    ) -> None:
        source = added(server, client)
        server.script("POST", "*/schedule/", step)
        with pytest.raises(error):
            ensure_scheduled(client, source, CRON)
        assert server.count("POST") == 1

    @pytest.mark.parametrize("cron", ["", " ", "99 * * * *", "0 0 * * 7", "@daily", None], ids=repr)
    def test_bad_cron_is_not_sent(self, server: Door, client: HarvestClient, cron: Any) -> None:
        source = added(server, client)
        with pytest.raises(HarvestInvalidInput):
            ensure_scheduled(client, source, cron)
        assert server.count("POST") == 0

    def test_cron_that_acceptance_will_reset_is_reported(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        ensure_scheduled(client, added(server, client, **PENDING), CRON)
        assert "accepting it will reset this cron" in caplog.text


class TestUnschedule:
    def test_twice_writes_once(self, server: Door, client: HarvestClient) -> None:
        unscheduled, changed = ensure_unscheduled(client, added(server, client))
        assert (unscheduled.schedule, changed) == (None, True)
        assert ensure_unscheduled(client, unscheduled) == (unscheduled, False)
        assert server.count("DELETE") == 1

    def test_deleted_source_is_unscheduled_too(self, server: Door, client: HarvestClient) -> None:
        assert ensure_unscheduled(client, added(server, client, **DELETED))[0].schedule is None

    def test_repeated_request_whose_first_answer_was_lost_is_no_failure(
        self, server: Door, client: HarvestClient
    ) -> None:
        source = added(server, client)
        server.script("DELETE", "*/schedule/", Reset(handled=True))
        assert ensure_unscheduled(client, source) == (client.get_source(source.id), True)

    def test_refusal_for_another_reason_is_one(self, server: Door, client: HarvestClient) -> None:
        source = added(server, client)
        server.script("DELETE", "*/schedule/", Reply(403, {"message": "No"}))
        with pytest.raises(HarvestAuthError, match="Only a sysadmin's key"):
            ensure_unscheduled(client, source)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda client, source: ensure_validated(client, source), id="validate"),
        pytest.param(lambda client, source: ensure_scheduled(client, source, CRON), id="schedule"),
    ],
)
def test_deleted_source_is_left_alone(server: Door, client: HarvestClient, change: Any) -> None:
    source = added(server, client, **PENDING, **DELETED)
    with pytest.raises(HarvestSourceNotRunnable, match="was deleted on 2026-03-02"):
        change(client, source)
    assert server.count("POST") == 0
