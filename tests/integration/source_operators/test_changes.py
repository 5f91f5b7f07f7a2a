"""Each operator that changes a source, on real portals: what a second time and a retry do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestResponseLost
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestUnscheduleSourceOperator,
    HarvestUpdateSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.portal.client import HarvestClient
from tests.support.expected_failures import fails

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from tests.support.source_tasks import SourceTask

pytestmark = pytest.mark.integration

CRON = "15 3 * * 1"
DEFAULT_CRON = "0 0 * * *"


def jobs_of(client: HarvestClient, source_id: str) -> list[str]:
    return [str(job.id) for job in client.iter_jobs(source_id)]


@pytest.mark.every_release
def test_life_of_a_source(
    portal: Sandbox, task: SourceTask, client: HarvestClient, source: dict[str, Any], writes: Callable[[], list[str]]
) -> None:
    """Each operator once, and each a second time: the second time writes nothing."""
    created = task.run(HarvestCreateSourceOperator, **source)
    assert created["created"] is True
    assert created["active"] is True
    assert created["autoarchive"] is True
    assert created["validation"]["state"] == "pending"
    assert created["organization"]["id"] == portal.organization.id
    assert task.xcoms["harvest_source_url"] == created["source_url"]
    again = task.run(HarvestCreateSourceOperator, **source)
    # The address for a person has a slash as soon as the portal's responses have shown one; both lead to the source.
    assert again.pop("source_url").rstrip("/") == created["source_url"].rstrip("/")
    assert again == {**{name: value for name, value in created.items() if name != "source_url"}, "created": False}

    source_id = created["id"]
    validated = task.run(HarvestValidateSourceOperator, source_id=source_id, comment="Looks good")
    portal.control.wait_until_idle()
    assert validated["validation"]["state"] == "accepted"
    assert validated["schedule"] == DEFAULT_CRON
    assert validated["jobs_before"] == []
    scheduled = task.run(HarvestScheduleSourceOperator, source_id=source_id, cron=CRON)
    assert scheduled["schedule"] == CRON
    task.run(HarvestScheduleSourceOperator, source_id=source_id, cron=CRON)
    revalidated = task.run(HarvestValidateSourceOperator, source_id=source_id)
    portal.control.wait_until_idle()
    assert revalidated["schedule"] == CRON
    assert revalidated["jobs_before"] == [], "the acceptance's own job is not among those before it"
    assert len(jobs_of(client, source_id)) == 1

    updated = task.run(HarvestUpdateSourceOperator, source_id=source_id, description="All of our data")
    assert updated["description"] == "All of our data"
    assert {name: updated[name] for name in ("name", "url", "backend", "config", "active", "autoarchive")} == {
        name: created[name] for name in ("name", "url", "backend", "config", "active", "autoarchive")
    }
    task.run(HarvestUpdateSourceOperator, source_id=source_id, description="All of our data")

    assert task.run(HarvestUnscheduleSourceOperator, source_id=source_id)["schedule"] is None
    task.run(HarvestUnscheduleSourceOperator, source_id=source_id)
    deleted = task.run(HarvestDeleteSourceOperator, source_id=source_id)
    assert deleted["deleted"] is not None
    assert task.run(HarvestDeleteSourceOperator, source_id=source_id) == deleted

    assert writes() == [
        "POST sources",
        "POST validate",
        "POST schedule",
        f"PUT {source_id}",
        "DELETE schedule",
        f"DELETE {source_id}",
    ]


class TestCreate:
    def test_deleted_source_is_not_adopted(self, task: SourceTask, source: dict[str, Any]) -> None:
        first = task.run(HarvestCreateSourceOperator, **source)
        task.run(HarvestDeleteSourceOperator, source_id=first["id"])
        second = task.run(HarvestCreateSourceOperator, **source)
        assert second["created"] is True
        assert second["id"] != first["id"]

    @pytest.mark.every_release
    def test_personal_source_belongs_to_the_keys_user(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any]
    ) -> None:
        del source["organization"]
        mine = task.run(HarvestCreateSourceOperator, key="user", **source)
        assert mine["owner"]["id"] == portal.user_ids.user
        assert task.run(HarvestCreateSourceOperator, key="user", **source)["id"] == mine["id"]

    def test_source_of_somebody_else_is_not_adopted(self, task: SourceTask, source: dict[str, Any]) -> None:
        theirs = task.run(HarvestCreateSourceOperator, **source)
        del source["organization"]
        mine = task.run(HarvestCreateSourceOperator, key="user", **source)
        assert mine["created"] is True
        assert mine["id"] != theirs["id"]

    @pytest.mark.every_release
    def test_sysadmin_creates_for_somebody_else(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any]
    ) -> None:
        del source["organization"]
        theirs = task.run(HarvestCreateSourceOperator, owner_id=portal.user_ids.user, **source)
        assert theirs["owner"]["id"] == portal.user_ids.user
        assert task.run(HarvestCreateSourceOperator, key="user", **source)["id"] == theirs["id"]

    @pytest.mark.parametrize("if_exists", ["return", "update", "fail"])
    def test_retry_of_a_try_killed_after_the_post_adopts(
        self,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        monkeypatch: pytest.MonkeyPatch,
        if_exists: str,
    ) -> None:
        create = HarvestClient.create_source

        def create_and_die(*args: Any, **kwargs: Any) -> None:
            create(*args, **kwargs)
            raise SystemExit("killed")

        with monkeypatch.context() as patch:
            patch.setattr(HarvestClient, "create_source", create_and_die)
            with pytest.raises(SystemExit):
                task.run(HarvestCreateSourceOperator, **source, if_exists=if_exists)
        retried = task.run(HarvestCreateSourceOperator, try_number=2, **source, if_exists=if_exists)
        assert retried["created"] is True
        assert writes() == ["POST sources"]

    def test_source_whose_answer_was_lost_is_found_at_once(
        self,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        create = HarvestClient.create_source

        def create_and_lose(*args: Any, **kwargs: Any) -> None:
            create(*args, **kwargs)
            raise HarvestResponseLost("The answer was lost.")

        monkeypatch.setattr(HarvestClient, "create_source", create_and_lose)
        assert task.run(HarvestCreateSourceOperator, **source)["created"] is True
        assert writes() == ["POST sources"]

    def test_of_several_the_oldest_is_adopted(
        self,
        portal: Sandbox,
        task: SourceTask,
        client: HarvestClient,
        source: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        body = {**source, "organization": portal.organization.id}
        oldest, newer = client.create_source(**body), client.create_source(**body)
        assert task.run(HarvestCreateSourceOperator, **source)["id"] == oldest.id
        assert f"2 sources of the same owner harvest {source['url']}: {oldest.id}, {newer.id}." in caplog.text

    def test_existing_source_is_updated_only_in_what_is_given(self, task: SourceTask, source: dict[str, Any]) -> None:
        task.run(HarvestCreateSourceOperator, **source, description="Before", active=False)
        renamed = {**source, "name": f"{source['name']} renamed"}
        updated = task.run(HarvestCreateSourceOperator, **renamed, if_exists="update")
        assert updated["created"] is False
        assert updated["name"] == renamed["name"]
        assert updated["description"] == "Before"
        assert updated["active"] is False, "the person who switched it off had a reason"

    def test_existing_source_fails_where_that_was_requested(self, task: SourceTask, source: dict[str, Any]) -> None:
        first = task.run(HarvestCreateSourceOperator, **source)
        with fails(first["id"]):
            task.run(HarvestCreateSourceOperator, **source, if_exists="fail")


class TestValidate:
    def test_retry_of_a_try_killed_after_the_post_harvests_once(
        self,
        portal: Sandbox,
        task: SourceTask,
        client: HarvestClient,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        validate = HarvestClient.validate_source

        def validate_and_die(*args: Any, **kwargs: Any) -> None:
            validate(*args, **kwargs)
            raise SystemExit("killed")

        with monkeypatch.context() as patch:
            patch.setattr(HarvestClient, "validate_source", validate_and_die)
            with pytest.raises(SystemExit):
                task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        retried = task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        assert retried["jobs_before"] == []
        assert len(jobs_of(client, source_id)) == 1
        assert writes() == ["POST sources", "POST validate"]

    def test_500_after_it_took_effect_is_a_success_with_a_warning(
        self,
        portal: Sandbox,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        portal.control.fail_broker(True)
        validated = task.run(HarvestValidateSourceOperator, source_id=source_id)
        assert validated["validation"]["state"] == "accepted"
        assert "Whether its first harvest was queued is unknown" in caplog.text
        assert writes() == ["POST sources", "POST validate"]

    def test_jobs_before_are_those_before_the_acceptance(
        self, portal: Sandbox, task: SourceTask, client: HarvestClient, source: dict[str, Any]
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        earlier = jobs_of(client, source_id)
        task.run(HarvestValidateSourceOperator, source_id=source_id, state="refused", comment="No licence")
        accepted = task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        again = task.run(HarvestValidateSourceOperator, source_id=source_id)
        assert len(jobs_of(client, source_id)) == 2
        assert accepted["jobs_before"] == again["jobs_before"] == earlier

    def test_refusal_says_that_the_schedule_stays(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        refused = task.run(HarvestValidateSourceOperator, source_id=source_id, state="refused", comment="No licence")
        assert refused["validation"] == {**refused["validation"], "state": "refused", "comment": "No licence"}
        assert f"Its cron {DEFAULT_CRON} stays" in caplog.text
