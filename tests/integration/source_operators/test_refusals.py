"""Each operator that changes a source, on real portals: what bad input gets, and who may not."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators._retries import HarvestFailException
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestPreviewSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestUnscheduleSourceOperator,
    HarvestUpdateSourceOperator,
    HarvestValidateSourceOperator,
)
from tests.support.expected_failures import fails

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from sandbox import Sandbox
    from tests.support.source_tasks import SourceTask

pytestmark = pytest.mark.integration

CRON = "15 3 * * 1"
UNKNOWN_ID = "5f00000000000000000000ff"


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
