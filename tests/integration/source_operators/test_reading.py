"""Preview and list on real portals: what they return, keep and refuse."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestListSourcesOperator,
    HarvestPreviewSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestValidateSourceOperator,
)
from tests.support.expected_failures import fails

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from tests.support.source_tasks import SourceTask

pytestmark = pytest.mark.integration

CRON = "15 3 * * 1"
DEFAULT_CRON = "0 0 * * *"
UNKNOWN_ID = "5f00000000000000000000ff"


class TestPreview:
    @pytest.mark.every_release
    def test_of_a_saved_source(self, task: SourceTask, source: dict[str, Any]) -> None:
        created = task.run(HarvestCreateSourceOperator, **source)
        result = task.run(HarvestPreviewSourceOperator, source_id=created["id"])
        assert (result["how"], result["outcome"], result["status"]) == ("previewed", "success", "done")
        assert result["items"]["done"] == 3
        assert (result["source_id"], result["job_id"]) == (created["id"], None)
        assert task.xcoms["harvest_result"] == result

    @pytest.mark.every_release
    def test_of_a_new_one_keeps_nothing(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any], writes: Callable[[], list[str]]
    ) -> None:
        before = portal.datasets(organization=portal.organization.id)
        result = task.run(HarvestPreviewSourceOperator, key="org_admin", **source)
        assert (result["outcome"], result["items"]["done"], result["source_id"]) == ("success", 3, None)
        assert portal.datasets(organization=portal.organization.id) == before
        assert writes() == ["POST preview"]

    @pytest.mark.every_release
    def test_of_a_large_catalogue_is_a_success_although_it_stops_at_twenty(
        self, task: SourceTask, source: dict[str, Any], new_catalogue: Callable[..., Any]
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
        task: SourceTask,
        source: dict[str, Any],
        new_catalogue: Callable[..., Any],
        contents: dict[str, Any],
        kind: str,
        words: str,
    ) -> None:
        bad = {**source, "url": new_catalogue(**contents).url}
        with fails(words) as failure:
            task.run(HarvestPreviewSourceOperator, **bad)
        assert failure.value.result["failure_kind"] == kind
        assert task.xcoms["harvest_result"] == failure.value.result
        tolerated = task.run(HarvestPreviewSourceOperator, **bad, fail_on_outcome=False)
        assert tolerated["failure_kind"] == kind

    def test_limits_are_the_users(
        self, task: SourceTask, source: dict[str, Any], new_catalogue: Callable[..., Any]
    ) -> None:
        mixed = {**source, "url": new_catalogue(datasets=3, failing=1).url}
        assert task.run(HarvestPreviewSourceOperator, **mixed, max_failed_ratio=0.25)["outcome"] == "success"


class TestList:
    @pytest.mark.every_release
    def test_of_an_organization_by_state(
        self, portal: Sandbox, task: SourceTask, source: dict[str, Any], new_catalogue: Callable[..., Any]
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
    def test_bad_input_is_no_empty_list(self, task: SourceTask, given: dict[str, Any], message: str) -> None:
        with fails(message):
            task.run(HarvestListSourcesOperator, **given)
