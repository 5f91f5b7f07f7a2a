"""A plan as it is stored and read: in a file, by another process, by another version of the package."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan, _digest, read_plan, write_plan
from tests.support.declared_sources import URL, declared, planned
from tests.support.fake_portal.managed import ManagedPortal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER_URL = "https://town.example/other.xml"


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


def test_plan_is_stored_in_a_file(portal: ManagedPortal, tmp_path: Path) -> None:
    portal.add(url=URL, name="Old")
    plan = planned(portal, declared(), declared("new", url=OTHER_URL, organization="north"))
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").to_json() == plan.to_json()


def damaged(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**data, **changes}


@pytest.mark.parametrize(
    "damage, message",
    [
        pytest.param(lambda data: [], "A plan must be an object", id="no object"),
        pytest.param(lambda data: damaged(data, schema=2), "of version 2", id="another version"),
        pytest.param(lambda data: damaged(data, changes=[]), "not those that were planned", id="changed by hand"),
        pytest.param(lambda data: damaged(data, changes=[{"key": "x"}]), "cannot be read", id="torn"),
        pytest.param(lambda data: damaged(data, portal="https://b.example"), "not those that were", id="other portal"),
    ],
)
def test_what_is_no_plan_is_refused(
    portal: ManagedPortal, damage: Callable[[dict[str, Any]], Any], message: str
) -> None:
    data = planned(portal, declared()).to_json()
    with pytest.raises(HarvestInvalidInput, match=message):
        Plan.from_json(damage(data))


@pytest.mark.parametrize("content, message", [(None, "cannot be read"), ("{", "not JSON"), (b"\xff", "is not a plan")])
def test_file_without_a_plan_is_refused(tmp_path: Path, content: str | bytes | None, message: str) -> None:
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(HarvestInvalidInput, match=message):
        read_plan(path)


def test_digest_names_the_changes_and_not_when_or_where_they_were_planned(portal: ManagedPortal) -> None:
    plan = planned(portal, declared())
    moved = replace(plan, read_at="later", changes=(replace(plan.changes[0], where="sources.yaml:99"),))
    assert moved.digest == plan.digest
    assert replace(plan, portal="https://b.example").digest != plan.digest


class TestVersionsSideBySide:
    """A plan that a newer or an older version of the package has written: JSON with more, or fewer, fields."""

    def test_field_that_this_version_does_not_know_is_ignored(self, portal: ManagedPortal) -> None:
        data = planned(portal, declared(), declared("new", url=OTHER_URL)).to_json()
        newer = {**data, "seen_by": "x", "changes": [{**change, "of_the_next": None} for change in data["changes"]]}
        assert Plan.from_json(newer).to_json() == data

    def test_field_that_a_plan_of_a_newer_version_sets_is_part_of_its_digest(self, portal: ManagedPortal) -> None:
        plan = planned(portal, declared())
        changes = [{**change, "of_the_next": "x"} for change in plan.to_json()["changes"]]
        newer = {**plan.to_json(), "changes": changes}
        with pytest.raises(HarvestInvalidInput, match="not those that were planned"):
            Plan.from_json(newer)
        assert Plan.from_json({**newer, "digest": _digest(plan.portal, changes)}).changes == plan.changes

    @pytest.mark.parametrize("name", ["owner_name", "twins", "comment", "initial", "is_deleted", "organization"])
    def test_field_that_an_older_version_does_not_write_has_its_default(self, portal: ManagedPortal, name: str) -> None:
        portal.add(url=URL, name="Old")
        plan = planned(portal, declared())
        older = [{key: value for key, value in change.items() if key != name} for change in plan.to_json()["changes"]]
        read = Plan.from_json({**plan.to_json(), "changes": older})
        assert (read.changes, read.digest) == (plan.changes, plan.digest)

    def test_defaults_of_a_change_are_empty(self) -> None:
        """Else a plan without the field had another digest than one that has its default."""
        assert _digest("", [Change("key", "", "name").__dict__ | {"twins": []}]) == _digest(
            "", [{"key": "key", "name": "name"}]
        )
