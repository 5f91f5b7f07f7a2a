"""Each source operator on real portals: what it does there, what a second time does, and what bad input gets."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestResponseLost
from airflow_provider_harvest.operators._base import HarvestFailException
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestListSourcesOperator,
    HarvestPreviewSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestUnscheduleSourceOperator,
    HarvestUpdateSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox

pytestmark = pytest.mark.integration

CRON = "15 3 * * 1"
DEFAULT_CRON = "0 0 * * *"
UNKNOWN_ID = "5f00000000000000000000ff"


class Task:
    """Runs operators on a portal as a worker does, each as a task of its own, and keeps their XComs."""

    def __init__(self, portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.portal = portal
        self.xcoms: dict[str, Any] = {}
        self.run_began = datetime.now(timezone.utc)
        self._setenv = monkeypatch.setenv

    def run(self, kind: type[Any], key: str | None = "admin", *, try_number: int = 1, **arguments: Any) -> Any:
        """Execute an operator with somebody's key, or without one; return what it returns."""
        secret = getattr(self.portal.keys, key) if key else None
        connection = {"conn_type": "harvest", "host": self.portal.url, "password": secret}
        self._setenv("AIRFLOW_CONN_PORTAL", json.dumps({k: v for k, v in connection.items() if v}))
        operator = kind(task_id="task", harvest_conn_id="portal", retries=1, **arguments)
        ti = SimpleNamespace(try_number=try_number, max_tries=1, task=operator)
        ti.xcom_push = lambda key, value: self.xcoms.update({key: value})
        return operator.execute({"ti": ti, "task": operator, "dag_run": SimpleNamespace(start_date=self.run_began)})


@pytest.fixture
def task(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Task:
    return Task(portal, monkeypatch)


@pytest.fixture
def client(portal: Sandbox) -> Iterator[HarvestClient]:
    """The portal's API with the sysadmin's key, to see what is really there."""
    with HarvestClient(portal.url, portal.keys.admin) as client:
        yield client


@pytest.fixture
def writes(portal: Sandbox) -> Callable[[], list[str]]:
    """What was written since the test began: method and the path's last part, ``POST sources``."""
    mark = portal.mark()

    def read() -> list[str]:
        log = portal.requests(mark)
        return [f"{r.method} {r.path.rstrip('/').rsplit('/', 1)[-1]}" for r in log if r.method != "GET"]

    return read


@pytest.fixture
def source(new_catalogue: Callable[..., Any], portal: Sandbox) -> dict[str, Any]:
    """What a source of a catalogue of three datasets is created by."""
    catalogue = new_catalogue(datasets=3)
    return {
        "name": catalogue.name,
        "url": catalogue.url,
        "backend": "dcat",
        "organization": portal.organization.slug,
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)


def jobs_of(client: HarvestClient, source_id: str) -> list[str]:
    return [str(job.id) for job in client.iter_jobs(source_id)]


@pytest.mark.every_release
def test_life_of_a_source(
    portal: Sandbox, task: Task, client: HarvestClient, source: dict[str, Any], writes: Callable[[], list[str]]
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
    # The address for a person has a slash as soon as the portal's answers have told of one; both lead to the source.
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
    assert revalidated["jobs_before"] == [], "the acceptance's own job is none of those before it"
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
    def test_deleted_source_is_not_adopted(self, task: Task, source: dict[str, Any]) -> None:
        first = task.run(HarvestCreateSourceOperator, **source)
        task.run(HarvestDeleteSourceOperator, source_id=first["id"])
        second = task.run(HarvestCreateSourceOperator, **source)
        assert second["created"] is True
        assert second["id"] != first["id"]

    @pytest.mark.every_release
    def test_personal_source_belongs_to_the_keys_user(
        self, portal: Sandbox, task: Task, source: dict[str, Any]
    ) -> None:
        del source["organization"]
        mine = task.run(HarvestCreateSourceOperator, key="user", **source)
        assert mine["owner"]["id"] == portal.user_ids.user
        assert task.run(HarvestCreateSourceOperator, key="user", **source)["id"] == mine["id"]

    def test_source_of_somebody_else_is_not_adopted(self, task: Task, source: dict[str, Any]) -> None:
        theirs = task.run(HarvestCreateSourceOperator, **source)
        del source["organization"]
        mine = task.run(HarvestCreateSourceOperator, key="user", **source)
        assert mine["created"] is True
        assert mine["id"] != theirs["id"]

    @pytest.mark.every_release
    def test_sysadmin_creates_for_somebody_else(self, portal: Sandbox, task: Task, source: dict[str, Any]) -> None:
        del source["organization"]
        theirs = task.run(HarvestCreateSourceOperator, owner_id=portal.user_ids.user, **source)
        assert theirs["owner"]["id"] == portal.user_ids.user
        assert task.run(HarvestCreateSourceOperator, key="user", **source)["id"] == theirs["id"]

    @pytest.mark.parametrize("if_exists", ["return", "update", "fail"])
    def test_retry_of_a_try_killed_after_the_post_adopts(
        self,
        task: Task,
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
        task: Task,
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
        task: Task,
        client: HarvestClient,
        source: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        body = {**source, "organization": portal.organization.id}
        oldest, newer = client.create_source(**body), client.create_source(**body)
        assert task.run(HarvestCreateSourceOperator, **source)["id"] == oldest.id
        assert f"2 sources of the same owner harvest {source['url']}: {oldest.id}, {newer.id}." in caplog.text

    def test_existing_source_is_updated_only_in_what_is_given(self, task: Task, source: dict[str, Any]) -> None:
        task.run(HarvestCreateSourceOperator, **source, description="Before", active=False)
        renamed = {**source, "name": f"{source['name']} renamed"}
        updated = task.run(HarvestCreateSourceOperator, **renamed, if_exists="update")
        assert updated["created"] is False
        assert updated["name"] == renamed["name"]
        assert updated["description"] == "Before"
        assert updated["active"] is False, "whoever switched it off had a reason"

    def test_existing_source_fails_where_that_was_asked_for(self, task: Task, source: dict[str, Any]) -> None:
        first = task.run(HarvestCreateSourceOperator, **source)
        with pytest.raises(HarvestFailException, match=first["id"]):
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
            pytest.param({"url": "https://u:p@city.example/"}, "no user or password", id="password in the URL"),
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
        task: Task,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        admin: HarvestClient,
        given: dict[str, Any],
        message: str,
    ) -> None:
        with pytest.raises(HarvestFailException, match=message):
            task.run(HarvestCreateSourceOperator, **{**source, **given})
        # The name of a backend and the id of an organization are left to the portal, which refuses them.
        is_asked = given in ({"backend": "dcatt"}, {"organization": UNKNOWN_ID})
        assert writes() == (["POST sources"] if is_asked else [])
        assert [listed.id for listed in admin.iter_sources() if listed.url == source["url"]] == []

    @pytest.mark.parametrize("cron", ["", "every day", "99 * * * *", "0 0 * * 7", "* * * *"])
    def test_cron_is_not_sent(
        self, task: Task, source: dict[str, Any], writes: Callable[[], list[str]], cron: str
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
        self, task: Task, source: dict[str, Any], writes: Callable[[], list[str]], given: dict[str, Any], message: str
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        with pytest.raises(HarvestFailException, match=message):
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
    def test_unknown_source(self, task: Task, kind: type[Any], arguments: dict[str, Any], source_id: str) -> None:
        with pytest.raises(HarvestFailException):
            task.run(kind, source_id=source_id, **arguments)

    def test_unknown_source_is_deleted_already(self, task: Task) -> None:
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
        task: Task,
        source: dict[str, Any],
        writes: Callable[[], list[str]],
        kind: type[Any],
        arguments: dict[str, Any],
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        task.run(HarvestDeleteSourceOperator, source_id=source_id)
        with pytest.raises(HarvestFailException, match=r"was deleted on .* Create the source again"):
            task.run(kind, source_id=source_id, **arguments)
        assert writes() == ["POST sources", f"DELETE {source_id}"]


class TestRights:
    @pytest.mark.every_release
    @pytest.mark.parametrize("key", ["org_editor", "user"])
    def test_only_an_admin_of_the_organization_creates(self, task: Task, source: dict[str, Any], key: str) -> None:
        with pytest.raises(HarvestFailException, match=r"responded with 40[03]: .* one of its admins"):
            task.run(HarvestCreateSourceOperator, key=key, **source)

    def test_admin_of_the_organization_creates(self, task: Task, source: dict[str, Any]) -> None:
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
        self, task: Task, source: dict[str, Any], kind: type[Any], arguments: dict[str, Any], who: str
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        with pytest.raises(HarvestFailException, match=rf"responded with 403: .* {who}"):
            task.run(kind, key="user", source_id=source_id, **arguments)

    def test_nothing_is_written_without_a_key(self, task: Task, source: dict[str, Any]) -> None:
        with pytest.raises(HarvestFailException, match="responded with 401"):
            task.run(HarvestCreateSourceOperator, key=None, **source)

    def test_key_is_never_shown(
        self, portal: Sandbox, task: Task, source: dict[str, Any], caplog: pytest.LogCaptureFixture
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
        task: Task,
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
        task: Task,
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
        self, portal: Sandbox, task: Task, client: HarvestClient, source: dict[str, Any]
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

    def test_refusal_tells_that_the_schedule_stays(
        self, portal: Sandbox, task: Task, source: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        source_id = task.run(HarvestCreateSourceOperator, **source)["id"]
        task.run(HarvestValidateSourceOperator, source_id=source_id)
        portal.control.wait_until_idle()
        refused = task.run(HarvestValidateSourceOperator, source_id=source_id, state="refused", comment="No licence")
        assert refused["validation"] == {**refused["validation"], "state": "refused", "comment": "No licence"}
        assert f"Its cron {DEFAULT_CRON} stays" in caplog.text


class TestPreview:
    @pytest.mark.every_release
    def test_of_a_saved_source(self, task: Task, source: dict[str, Any]) -> None:
        created = task.run(HarvestCreateSourceOperator, **source)
        result = task.run(HarvestPreviewSourceOperator, source_id=created["id"])
        assert (result["how"], result["outcome"], result["status"]) == ("previewed", "success", "done")
        assert result["items"]["done"] == 3
        assert (result["source_id"], result["job_id"]) == (created["id"], None)
        assert task.xcoms["harvest_result"] == result

    @pytest.mark.every_release
    def test_of_a_new_one_keeps_nothing(
        self, portal: Sandbox, task: Task, source: dict[str, Any], writes: Callable[[], list[str]]
    ) -> None:
        before = portal.datasets(organization=portal.organization.id)
        result = task.run(HarvestPreviewSourceOperator, key="org_admin", **source)
        assert (result["outcome"], result["items"]["done"], result["source_id"]) == ("success", 3, None)
        assert portal.datasets(organization=portal.organization.id) == before
        assert writes() == ["POST preview"]

    @pytest.mark.every_release
    def test_of_a_large_catalogue_is_a_success_although_it_stops_at_twenty(
        self, task: Task, source: dict[str, Any], new_catalogue: Callable[..., Any]
    ) -> None:
        large = new_catalogue(datasets=25)
        result = task.run(HarvestPreviewSourceOperator, **{**source, "url": large.url})
        assert (result["outcome"], result["items"]["done"]) == ("success", 20)

    @pytest.mark.parametrize(
        "contents, kind, words",
        [
            pytest.param({"datasets": 2, "failing": 1}, "items", "1 item failed", id="an item fails"),
            pytest.param({"mode": "empty"}, "empty", "harvested", id="an empty catalogue"),
            pytest.param({"mode": "error-404"}, "job", "404", id="no such catalogue"),
        ],
    )
    def test_that_is_not_as_required_fails_once_with_its_result(
        self,
        task: Task,
        source: dict[str, Any],
        new_catalogue: Callable[..., Any],
        contents: dict[str, Any],
        kind: str,
        words: str,
    ) -> None:
        bad = {**source, "url": new_catalogue(**contents).url}
        with pytest.raises(HarvestFailException, match=words) as failure:
            task.run(HarvestPreviewSourceOperator, **bad)
        assert failure.value.result["failure_kind"] == kind
        assert task.xcoms["harvest_result"] == failure.value.result
        tolerated = task.run(HarvestPreviewSourceOperator, **bad, fail_on_outcome=False)
        assert tolerated["failure_kind"] == kind

    def test_limits_are_the_users(self, task: Task, source: dict[str, Any], new_catalogue: Callable[..., Any]) -> None:
        mixed = {**source, "url": new_catalogue(datasets=3, failing=1).url}
        assert task.run(HarvestPreviewSourceOperator, **mixed, max_failed_ratio=0.25)["outcome"] == "success"


class TestList:
    @pytest.mark.every_release
    def test_of_an_organization_by_state(
        self, portal: Sandbox, task: Task, source: dict[str, Any], new_catalogue: Callable[..., Any]
    ) -> None:
        accepted = task.run(HarvestCreateSourceOperator, **source)
        task.run(HarvestValidateSourceOperator, source_id=accepted["id"])
        task.run(HarvestScheduleSourceOperator, source_id=accepted["id"], cron=CRON)
        inactive = task.run(HarvestCreateSourceOperator, **{**source, "url": new_catalogue().url}, active=False)
        personal = {**source, "organization": None}
        foreign = task.run(HarvestCreateSourceOperator, key="user", **personal)
        gone = task.run(HarvestCreateSourceOperator, **{**source, "url": new_catalogue().url})
        task.run(HarvestDeleteSourceOperator, source_id=gone["id"])

        def listed(**wanted: Any) -> dict[str, Any]:
            return {one["id"]: one for one in task.run(HarvestListSourcesOperator, key=None, **wanted)}

        everything = listed()
        assert {accepted["id"], inactive["id"], foreign["id"]} <= set(everything)
        assert gone["id"] not in everything
        ours = listed(organization=portal.organization.slug, active=True, validation="accepted")
        assert accepted["id"] in ours
        assert not {inactive["id"], foreign["id"], gone["id"]} & set(ours)
        assert portal.organization.slug in ours[accepted["id"]]["organization_url"]
        assert datetime.fromisoformat(ours[accepted["id"]]["created_at"]) > datetime(2026, 1, 1, tzinfo=timezone.utc)
        assert ours[accepted["id"]] == {
            "id": accepted["id"],
            "name": source["name"],
            "url": source["url"],
            "backend": "dcat",
            "active": True,
            "validation": "accepted",
            "schedule": CRON,
            "owner": None,
            "organization": {
                "id": portal.organization.id,
                "name": portal.organization.name,
                "slug": portal.organization.slug,
            },
            "organization_id": portal.organization.id,
            "organization_url": ours[accepted["id"]]["organization_url"],
            "owner_id": portal.organization.id,
            "owner_name": portal.organization.name,
            "owner_type": "organization",
            "created_at": ours[accepted["id"]]["created_at"],
        }
        assert inactive["id"] in listed(organization=portal.organization.id, active=False)
        assert set(listed(owner_id=portal.user_ids.user)) >= {foreign["id"]}
        assert accepted["id"] not in listed(owner_id=portal.user_ids.user)
        if portal.generation == "A":  # the sandbox's database knows no text search, which later releases use
            assert set(listed(q=source["name"])) >= {accepted["id"]}
            assert inactive["id"] in listed(q="by-state")
        assert listed(backend="csw-dcat", organization=portal.organization.slug) == {}

    @pytest.mark.parametrize(
        "given, message",
        [
            ({"backend": "nonsense"}, "'nonsense' does not exist"),
            ({"organization": "no-such-town"}, "no organization"),
            ({"validation": "done"}, "validation must be one of"),
            ({"owner_id": "ada"}, "owner_id must be an id"),
        ],
        ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
    )
    def test_bad_input_is_no_empty_list(self, task: Task, given: dict[str, Any], message: str) -> None:
        with pytest.raises(HarvestFailException, match=message):
            task.run(HarvestListSourcesOperator, **given)
