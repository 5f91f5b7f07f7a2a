"""Each operator that changes a source, on real portals: what a second time does, and what bad input gets."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestResponseLost
from airflow_provider_harvest.operators._base import HarvestFailException
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestPreviewSourceOperator,
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
UNKNOWN_ID = "5f00000000000000000000ff"


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


class TestBadInput:
    @pytest.mark.every_release
    @pytest.mark.parametrize(
        "given, message",
        [
            pytest.param(
                {"backend": "dcatt"}, "'dcatt' does not exist on this portal.* Did you mean 'dcat'", id="backend"
            ),
            pytest.param({"url": "catalogue.xml"}, "url must begin with", id="url"),
            pytest.param({"url": "https://u:p@city.example/"}, "a user or password", id="password in the URL"),
            pytest.param({"name": "///"}, "name must hold a letter", id="name"),
            pytest.param(
                {"config": {"filters": [{"key": "k", "value": "v"}]}}, "backend dcat does not know", id="filter"
            ),
            pytest.param({"config": {"features": ["f"]}}, "config.features must be an object", id="features"),
            pytest.param({"organization": "no-such-town"}, "no organization 'no-such-town'", id="organization"),
            pytest.param({"organization": UNKNOWN_ID}, f"no organization '{UNKNOWN_ID}'", id="organization's id"),
            pytest.param({"if_exists": "replace"}, "if_exists must be one of", id="if_exists"),
            pytest.param({"active": "yes"}, "active must be True, False", id="active"),
        ],
    )
    def test_source_is_not_created(
        self,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        admin: HarvestClient,
        given: dict[str, Any],
        message: str,
    ) -> None:
        with fails(message):
            task.run(HarvestCreateSourceOperator, **{**source, **given})
        # The name of a backend and the id of an organization are left to the portal, which refuses them.
        is_asked = given in ({"backend": "dcatt"}, {"organization": UNKNOWN_ID})
        assert writes() == (["POST sources"] if is_asked else [])
        assert [listed.id for listed in admin.iter_sources() if listed.url == source["url"]] == []

    @pytest.mark.parametrize("cron", ["", "every day", "99 * * * *", "0 0 * * 7", "* * * *"])
    def test_cron_is_not_sent(
        self, task: SourceTask, source: dict[str, Any], writes: Callable[[], list[str]], cron: str
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        with pytest.raises(HarvestFailException):
            task.run(HarvestScheduleSourceOperator, source_id=source_id, cron=cron)
        assert writes() == ["POST sources"]

    @pytest.mark.parametrize(
        "given, message",
        [
            pytest.param({"state": "refused"}, "a refusal needs one", id="refusal without a comment"),
            pytest.param({"state": "pending"}, "take 'pending' for a refusal", id="pending"),
        ],
    )
    def test_validation_is_not_sent(
        self,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        given: dict[str, Any],
        message: str,
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        with fails(message):
            task.run(HarvestValidateSourceOperator, source_id=source_id, **given)
        assert writes() == ["POST sources"]

    @pytest.mark.every_release
    @pytest.mark.parametrize("source_id", [UNKNOWN_ID, "no-such-source"], ids=["id", "slug"])
    @pytest.mark.parametrize(
        "kind, arguments",
        [
            (HarvestUpdateSourceOperator, {"name": "New"}),
            (HarvestDeleteSourceOperator, {"missing_ok": False}),
            (HarvestValidateSourceOperator, {}),
            (HarvestScheduleSourceOperator, {"cron": CRON}),
            (HarvestUnscheduleSourceOperator, {}),
            (HarvestPreviewSourceOperator, {}),
        ],
    )
    def test_unknown_source(self, task: SourceTask, kind: type[Any], arguments: dict[str, Any], source_id: str) -> None:
        with pytest.raises(HarvestFailException):
            task.run(kind, source_id=source_id, **arguments)

    def test_unknown_source_is_deleted_already(self, task: SourceTask) -> None:
        gone = task.run(HarvestDeleteSourceOperator, source_id=UNKNOWN_ID)
        assert (gone["id"], gone["name"]) == (UNKNOWN_ID, None)

    @pytest.mark.parametrize(
        "kind, arguments",
        [
            (HarvestUpdateSourceOperator, {"name": "New"}),
            (HarvestValidateSourceOperator, {}),
            (HarvestScheduleSourceOperator, {"cron": CRON}),
        ],
    )
    def test_deleted_source_is_left_alone(
        self,
        task: SourceTask,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        kind: type[Any],
        arguments: dict[str, Any],
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        task.run(HarvestDeleteSourceOperator, source_id=source_id)
        with fails(r"was deleted on .* Create the source again"):
            task.run(kind, source_id=source_id, **arguments)
        assert writes() == ["POST sources", f"DELETE {source_id}"]


class TestRights:
    @pytest.mark.every_release
    @pytest.mark.parametrize("key", ["org_editor", "user"])
    def test_only_an_admin_of_the_organization_creates(
        self, task: SourceTask, source: dict[str, Any], key: str
    ) -> None:
        with fails(r"responded with 40[03]: .* one of its admins"):
            task.run(HarvestCreateSourceOperator, key=key, **source)

    def test_admin_of_the_organization_creates(self, task: SourceTask, source: dict[str, Any]) -> None:
        assert task.run(HarvestCreateSourceOperator, key="org_admin", **source)["created"] is True

    @pytest.mark.every_release
    @pytest.mark.parametrize(
        "kind, arguments, who",
        [
            (HarvestValidateSourceOperator, {}, "Only a sysadmin's key"),
            (HarvestScheduleSourceOperator, {"cron": CRON}, "Only a sysadmin's key"),
            (HarvestUpdateSourceOperator, {"name": "Mine now"}, "by its owner, by an admin of its organization"),
            (HarvestDeleteSourceOperator, {}, "by its owner, by an admin of its organization"),
        ],
    )
    def test_refusal_says_who_may(
        self, task: SourceTask, source: dict[str, Any], kind: type[Any], arguments: dict[str, Any], who: str
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        with fails(rf"responded with 403: .* {who}"):
            task.run(kind, key="user", source_id=source_id, **arguments)

    def test_nothing_is_written_without_a_key(self, task: SourceTask, source: dict[str, Any]) -> None:
        with fails("responded with 401"):
            task.run(HarvestCreateSourceOperator, key=None, **source)

    def test_key_is_never_shown(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        shown = [repr(task.run(HarvestCreateSourceOperator, key="org_admin", **source))]
        with pytest.raises(HarvestFailException) as failure:
            task.run(HarvestValidateSourceOperator, key="org_admin", source_id=task.xcoms["harvest_source_url"])
        shown += [repr(failure.value), str(failure.value), json.dumps(task.xcoms), caplog.text]
        assert portal.keys.org_admin not in "".join(shown)


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
