"""The sandbox obeys its steering, on each release: what is held, delayed, broken, backdated and purged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.control_client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from tests.integration.conftest import NewCatalogue
    from tests.support.portal_api import PortalApi

pytestmark = [pytest.mark.integration]


@pytest.fixture
def accepted_source(portal: Sandbox, api: PortalApi, new_catalogue: Callable[..., NewCatalogue]) -> str:
    """A source with three data sets that has been harvested once."""
    source_id = api.add_source(new_catalogue(datasets=3))
    assert api.accept(source_id) == 200
    portal.control.wait_until_idle()
    return source_id


@pytest.mark.every_release
class TestSteering:
    def test_held_harvests_leave_no_trace_until_released(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        portal.control.hold_jobs()
        assert api.run(accepted_source) == 200
        portal.control.wait_until_held()
        assert len(api.jobs(accepted_source)) == 1
        portal.control.release_jobs()
        portal.control.wait_until_idle()
        assert len(api.jobs(accepted_source)) == 2

    def test_delayed_items_keep_a_job_running(
        self, portal: Sandbox, api: PortalApi, accepted_source: str, eventually: Callable[[Callable[[], bool]], None]
    ) -> None:
        portal.control.delay_items(600)
        api.run(accepted_source)
        eventually(lambda: portal.control.harvests()["delayed"] == 1)
        job = api.jobs(accepted_source)[0]
        assert (job["status"], job["ended"]) == ("initialized", None)
        portal.control.delay_items(0)
        portal.control.wait_until_idle()
        assert api.jobs(accepted_source)[0]["status"] == "done"

    def test_a_frozen_job_stops_before_its_item_and_lets_the_next_job_pass(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        portal.control.freeze_before_item(3)
        api.run(accepted_source)
        (frozen_id,) = portal.control.wait_until_frozen()
        frozen = api.jobs(accepted_source)[0]
        assert (frozen["id"], frozen["ended"], len(api.items(frozen))) == (frozen_id, None, 2)
        api.run(accepted_source)
        portal.control.wait_until_idle()
        assert [job["status"] for job in api.jobs(accepted_source)] == ["done", "initialized", "done"]

    def test_a_job_whose_items_are_saved_rarely_has_all_of_them_at_its_end(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        portal.control.save_items_rarely(3)
        portal.control.freeze_before_item(3)
        api.run(accepted_source)
        portal.control.wait_until_frozen()
        assert api.items(api.jobs(accepted_source)[0]) == []
        portal.control.unfreeze()
        portal.control.wait_until_idle()
        job = api.jobs(accepted_source)[0]
        assert (job["status"], [item["status"] for item in api.items(job)]) == ("done", ["done"] * 3)

    def test_a_cleared_portal_is_as_at_its_start(self, portal: Sandbox, api: PortalApi, accepted_source: str) -> None:
        assert len(portal.datasets(source_id=accepted_source)) == 3
        portal.control.clear()
        assert api.call("GET", "/harvest/sources/")[1]["total"] == 0
        assert portal.datasets() == []
        assert api.call("GET", f"/organizations/{portal.organization.id}/")[0] == 200
        assert api.call("GET", "/me/", portal.keys.org_admin)[0] == 200

    def test_a_backdated_job_is_old_in_every_field(self, portal: Sandbox, api: PortalApi, accepted_source: str) -> None:
        portal.control.freeze_before_item(2)
        api.run(accepted_source)
        (job_id,) = portal.control.wait_until_frozen()
        before = _times(api, job_id)
        portal.control.backdate_job(job_id, 7200)
        assert len(before) >= 4
        assert _times(api, job_id) == [moment - timedelta(hours=2) for moment in before]

    def test_a_backdated_source_was_created_and_accepted_earlier(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        before = api.call("GET", api.source_path(accepted_source))[1]
        portal.control.backdate_source(accepted_source, 86400)
        after = api.call("GET", api.source_path(accepted_source))[1]
        for was, then in (
            (before["created_at"], after["created_at"]),
            (before["validation"]["on"], after["validation"]["on"]),
        ):
            assert datetime.fromisoformat(was) - datetime.fromisoformat(then) == timedelta(days=1)

    def test_a_job_that_does_not_exist_cannot_be_backdated(self, portal: Sandbox) -> None:
        with pytest.raises(ControlError, match="no harvest job 555555555555555555555555"):
            portal.control.backdate_job("555555555555555555555555", 1)

    def test_a_failing_broker_responds_with_500_after_the_source_is_accepted(
        self, portal: Sandbox, api: PortalApi, new_catalogue: Callable[..., NewCatalogue]
    ) -> None:
        source_id = api.add_source(new_catalogue())
        portal.control.fail_broker()
        assert api.accept(source_id) == 500
        assert api.call("GET", api.source_path(source_id))[1]["validation"]["state"] == "accepted"
        portal.control.wait_until_idle()
        assert api.jobs(source_id) == []

    def test_a_scheduled_run_makes_a_job(self, portal: Sandbox, api: PortalApi, accepted_source: str) -> None:
        portal.control.run_scheduled(accepted_source)
        portal.control.wait_until_idle()
        assert len(api.jobs(accepted_source)) == 2

    def test_settings_take_effect_and_reset_takes_them_back(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
        assert api.run(accepted_source) == 400
        portal.control.reset()
        assert api.run(accepted_source) == 200

    def test_an_unknown_setting_is_refused(self, portal: Sandbox) -> None:
        with pytest.raises(ControlError, match="has no setting HARVEST_EVERYTHING"):
            portal.control.set(HARVEST_EVERYTHING=True)

    def test_reset_lets_everything_go_on(self, portal: Sandbox, api: PortalApi, accepted_source: str) -> None:
        portal.control.freeze_before_item(1)
        api.run(accepted_source)
        portal.control.wait_until_frozen()
        portal.control.hold_jobs()
        api.run(accepted_source)
        portal.control.delay_items(600)
        portal.control.fail_broker()
        portal.control.reset()
        portal.control.wait_until_idle()
        assert api.run(accepted_source) == 200
        assert portal.control.harvests()["frozen"] == []

    def test_purges_remove_deleted_sources_and_old_jobs(
        self, portal: Sandbox, api: PortalApi, accepted_source: str
    ) -> None:
        portal.control.backdate_job(api.jobs(accepted_source)[0]["id"], 400 * 86400)
        portal.control.purge_jobs()
        assert api.jobs(accepted_source) == []
        assert api.call("DELETE", api.source_path(accepted_source), portal.keys.org_admin)[0] == 204
        portal.control.purge_sources()
        assert api.call("GET", api.source_path(accepted_source))[0] == (500 if portal.generation == "A" else 404)

    @pytest.mark.parametrize(
        "expression, fits, complaint",
        [
            pytest.param("0 0 * * *", True, "", id="daily"),
            pytest.param("30 4 * * mon", True, "", id="a-name"),
            pytest.param("99 * * * *", False, "99", id="out-of-range"),
            pytest.param("@daily", False, "not enough values", id="an-alias"),
        ],
    )
    def test_celery_judges_crons(self, portal: Sandbox, expression: str, fits: bool, complaint: str) -> None:
        judged, message = portal.control.crontab_check(expression)
        assert judged is fits
        assert complaint in message

    def test_celery_gives_the_next_tick(self, portal: Sandbox) -> None:
        thursday = datetime(2026, 1, 1)  # noqa: DTZ001 - Celery's own times are naive here
        assert portal.control.crontab_next("30 4 * * mon", thursday) == datetime(2026, 1, 5, 4, 30)  # noqa: DTZ001

    def test_a_csw_harvest_fails_here_and_the_portal_lives_on(self, portal: Sandbox, admin: Any) -> None:
        """It takes a stylesheet from the web and native code that aborts the process: see ``isolation``."""
        source = admin.create_source("CSW", "http://127.0.0.1:11/csw", "csw-iso-19139")
        admin.validate_source(source.id)
        portal.control.wait_until_idle()
        assert {job.status for job in admin.iter_jobs(source.id)} <= {"failed"}
        assert admin.get_source(source.id).is_accepted

    def test_further_keys_are_recognised(self, portal: Sandbox, api: PortalApi) -> None:
        mark = portal.mark()
        status, person = api.call("GET", "/me/", portal.control.issue_key("user"))
        assert (status, person["id"]) == (200, portal.user_ids.user)
        assert portal.requests(mark)[0].user == "user"

    @pytest.mark.parametrize("flaw", ["expired", "revoked"])
    def test_keys_can_be_spoilt_where_they_are_tokens(self, portal: Sandbox, api: PortalApi, flaw: str) -> None:
        if portal.release in ("9.2.4", "13.0.0"):
            with pytest.raises(ControlError, match="neither expire nor can be revoked"):
                portal.control.issue_key("user", **{flaw: True})
        else:
            status, answer = api.call("GET", "/me/", portal.control.issue_key("user", **{flaw: True}))
            assert (status, answer["message"]) == (401, f"{flaw.title()} API token")


def _times(api: PortalApi, job_id: str) -> list[datetime]:
    """All times in a job and its items, in a fixed order."""
    job = api.call("GET", f"/harvest/job/{job_id}/")[1]
    documents = [job, *api.items(job)]
    texts = [document.get(name) for document in documents for name in ("created", "started", "ended")]
    return [datetime.fromisoformat(text) for text in texts if text]
