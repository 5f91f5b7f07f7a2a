"""Sources as code on real portals: applied from nothing, again, changed in every field, drifted, killed, copied.

``HARVEST_TEST_SOURCES`` is the number of sources (12), ``HARVEST_TEST_KILLS`` the number of killed applies on each
release (2): ``HARVEST_TEST_SOURCES=100 HARVEST_TEST_KILLS=20 make integration ARGS="-k sources_as_code"``.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestPlanStale
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Cron, Declaration, DeclaredSource, Unscheduled
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan, read_sources
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan, read_plan, write_plan
from airflow_provider_harvest.portal.as_code.plan.values import values_of
from airflow_provider_harvest.portal.guard.hold_and_release import hold
from airflow_provider_harvest.portal.sources.guard_note import is_held
from tests.support.declared_files import HURRY, declare, start_apply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

pytestmark = pytest.mark.integration

COUNT = int(os.environ.get("HARVEST_TEST_SOURCES", "12"))
KILLS = int(os.environ.get("HARVEST_TEST_KILLS", "2"))


def writes(portal: Sandbox, since: int) -> list[str]:
    """The portal's log of writes: method and last part of the path."""
    log = portal.requests(since)
    return [f"{r.method} {r.path.rstrip('/').rsplit('/', 1)[-1]}" for r in log if r.method != "GET"]


def ours(client: HarvestClient, declaration: Declaration) -> dict[str, list[HarvestSource]]:
    """The portal's sources with the declaration's marker, by key."""
    found: dict[str, list[HarvestSource]] = {declared.key: [] for declared in declaration.sources}
    for source in read_sources(client):
        _, managed_by, key = ownership_marker.split(source.description)
        if managed_by == declaration.managed_by and key is not None:
            found.setdefault(key, []).append(source)
    return found


def cron_of(declared: DeclaredSource) -> str | None:
    assert isinstance(declared.schedule, (Cron, Unscheduled))
    return declared.schedule.text if isinstance(declared.schedule, Cron) else None


def assert_as_declared(client: HarvestClient, declaration: Declaration) -> None:
    """Each declared source is there once, with every field of the file."""
    found = ours(client, declaration)
    for declared in declaration.sources:
        assert len(found[declared.key]) == 1, (declared.key, [source.id for source in found[declared.key]])
        source = found[declared.key][0]
        values = values_of(source)
        assert source.organization is not None
        assert source.organization.slug == declared.organization
        assert ownership_marker.split(source.description)[0] == declared.fields["description"]
        assert {name: values[name] for name in declared.fields if name != "description"} == {
            name: value for name, value in declared.fields.items() if name != "description"
        }
        assert source.validation.state == "accepted"
        assert source.schedule == cron_of(declared)
    assert set(found) == {declared.key for declared in declaration.sources}


def applied(client: HarvestClient, declaration: Declaration) -> Plan:
    """Plan and apply a declaration; return the plan."""
    plan = make_plan(client, declaration)
    apply_plan(client, plan, limits=HURRY)
    return plan


@pytest.mark.every_release
def test_life_of_a_file(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, COUNT)

    plan = make_plan(admin, declaration)
    assert plan.counts["create"] == COUNT
    assert ours(admin, declaration) == {declared.key: [] for declared in declaration.sources}
    apply_plan(admin, Plan.from_json(plan.to_json()), limits=HURRY)
    assert_as_declared(admin, declaration)

    mark = portal.mark()
    assert make_plan(admin, declaration).is_clean
    result = apply_plan(admin, plan, limits=HURRY)
    assert writes(portal, mark) == []
    assert result.unchanged == COUNT

    changed = declare(portal, catalogue_name, COUNT, changed=True)
    plan = make_plan(admin, changed)
    assert (plan.counts["create"], plan.counts["update"], plan.counts["reschedule"]) == (0, COUNT, COUNT)
    apply_plan(admin, plan, limits=HURRY)
    assert_as_declared(admin, changed)
    assert make_plan(admin, changed).is_clean


@pytest.mark.every_release
def test_new_source_is_switched_on_last(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, 2)
    plan = make_plan(admin, declaration)
    mark = portal.mark()

    result = apply_plan(admin, plan, limits=HURRY)

    assert [entry["steps"] for entry in result.done] == [
        ["create", "validate", "schedule"],
        ["create", "validate", "schedule", "activate"],
    ]
    assert [write.split()[0] for write in writes(portal, mark)] == ["POST"] * 6 + ["PUT"]


def test_no_harvest_begins_when_a_file_is_applied(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, 4)
    applied(admin, declaration)
    portal.control.wait_until_idle()

    sources = [source for found in ours(admin, declaration).values() for source in found]

    assert len(sources) == 4
    assert [job for source in sources for job in admin.iter_jobs(source.id)] == []


@pytest.mark.every_release
def test_drift_made_by_hand_is_found_and_undone(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, 6)
    applied(admin, declaration)
    found = ours(admin, declaration)
    ids = {key: sources[0].id for key, sources in found.items()}
    admin.update_source(ids["town-000"], name="Renamed by hand")
    admin.update_source(ids["town-001"], active=False)
    admin.schedule_source(ids["town-002"], "59 23 * * *")
    admin.unschedule_source(ids["town-003"])  # else its cron's name stays taken on 9.2.4
    admin.delete_source(ids["town-003"])
    admin.validate_source(ids["town-004"], "refused", "Not now")

    plan = make_plan(admin, declaration)

    kinds = {change.key: change.kinds for change in plan.changes}
    assert kinds["town-000"] == ("update",)
    assert kinds["town-001"] == ("activate",)
    assert kinds["town-002"] == ("reschedule",)
    assert kinds["town-003"] == ("create",)
    assert kinds["town-004"] == ("validate",)
    assert plan.unchanged == 1
    assert 'name "Renamed by hand"' in render.text(plan)
    apply_plan(admin, plan, limits=HURRY)
    assert_as_declared(admin, declaration)


def test_plan_is_refused_once_somebody_changed_what_it_compares(
    portal: Sandbox, admin: HarvestClient, catalogue_name: str
) -> None:
    declaration = declare(portal, catalogue_name, 4)
    applied(admin, declaration)
    plan = make_plan(admin, declare(portal, catalogue_name, 4, changed=True))
    admin.update_source(ours(admin, declaration)["town-002"][0].id, name="Renamed by hand")
    mark = portal.mark()

    with pytest.raises(HarvestPlanStale, match=r"town-002 .*name.*Nothing was written"):
        apply_plan(admin, plan, limits=HURRY)

    assert writes(portal, mark) == []


def test_a_harvest_meanwhile_does_not_make_a_plan_stale(
    portal: Sandbox, admin: HarvestClient, catalogue_name: str
) -> None:
    declaration = declare(portal, catalogue_name, 2)
    applied(admin, declaration)
    changed = declare(portal, catalogue_name, 2, changed=True)
    plan = make_plan(admin, changed)
    portal.control.run_scheduled(ours(admin, declaration)["town-001"][0].id)
    portal.control.wait_until_idle()

    apply_plan(admin, plan, limits=HURRY)

    assert_as_declared(admin, changed)


def test_what_left_the_file_is_deleted_only_with_prune(
    portal: Sandbox, admin: HarvestClient, new_source: Callable[..., HarvestSource], catalogue_name: str
) -> None:
    stranger = admin.get_source(new_source(datasets=1).id)
    declaration = declare(portal, catalogue_name, 4)
    applied(admin, declaration)
    fewer = replace(declaration, sources=declaration.sources[:3])

    kept = make_plan(admin, fewer)
    assert kept.is_clean
    assert any("town-003" in note for note in kept.notes)
    pruned = make_plan(admin, fewer, prune=True)
    assert [(change.key, change.kinds) for change in pruned.changes] == [("town-003", ("delete",))]
    with pytest.raises(HarvestInvalidInput, match="deletes 1 source,"):
        apply_plan(admin, pruned, max_deletes=0)
    apply_plan(admin, pruned, limits=HURRY)

    assert set(ours(admin, declaration)) == {declared.key for declared in declaration.sources}
    assert ours(admin, declaration)["town-003"] == []
    assert admin.get_source(stranger.id) == stranger
    assert make_plan(admin, fewer, prune=True).is_clean


def test_mistake_in_the_file_deletes_nothing(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, 6)
    applied(admin, declaration)
    first, second, *rest = declaration.sources
    mistaken = (replace(first, organization="nroth"), replace(second, portal_id="5f" + "0" * 22), *rest[:-1])
    files = replace(declaration, sources=mistaken)

    plan = make_plan(admin, files, prune=True)

    assert (plan.counts["conflict"], plan.counts["delete"]) == (2, 0)
    assert any("deletes nothing" in note and "town-005" in note for note in plan.notes)
    apply_plan(admin, plan, limits=HURRY)
    assert_as_declared(admin, declaration)
    corrected = replace(files, sources=(first, second, *rest[:-1]))
    assert [change.key for change in make_plan(admin, corrected, prune=True).changes] == ["town-005"]


def test_no_plan_ends_a_hold_of_the_guard(portal: Sandbox, admin: HarvestClient, catalogue_name: str) -> None:
    declaration = declare(portal, catalogue_name, 3)
    applied(admin, declaration)
    ids = {key: sources[0].id for key, sources in ours(admin, declaration).items()}
    admin.update_source(ids["town-002"], autoarchive=False)
    plan = make_plan(admin, declaration)
    assert [change.differing for change in plan.changes] == [("autoarchive",)]
    apply_plan(admin, plan, limits=HURRY)
    held = ids["town-000"], ids["town-002"]
    for ident in held:
        hold(admin, ident, 9, datetime(2026, 1, 1, tzinfo=timezone.utc))
    mark = portal.mark()

    assert apply_plan(admin, plan, limits=HURRY).unchanged == 1  # as of a task that was cleared

    assert writes(portal, mark) == []
    assert make_plan(admin, declaration).is_clean
    changed = declare(portal, catalogue_name, 3, changed=True)
    applied(admin, changed)
    for declared in changed.sources:
        source = admin.get_source(ids[declared.key])
        assert is_held(source) is (source.id in held)
        assert (source.name, source.url) == (declared.fields["name"], declared.fields["url"])
    assert make_plan(admin, changed).is_clean


def test_admin_of_the_organization_creates_and_leaves_the_rest_to_a_sysadmin(
    portal: Sandbox, admin: HarvestClient, org_admin: HarvestClient, catalogue_name: str
) -> None:
    declaration = declare(portal, catalogue_name, 3)

    plan = make_plan(org_admin, declaration)
    assert [(denial.kind, len(denial.keys)) for denial in plan.denials] == [("reschedule", 3), ("validate", 3)]
    assert render.text(plan).splitlines()[2] == "This key may not:"
    result = apply_plan(org_admin, plan, limits=HURRY)
    assert {entry["kind"] for entry in result.denied} == {"reschedule", "validate"}

    apply_plan(admin, plan, limits=HURRY)
    assert_as_declared(admin, declaration)


def test_stranger_may_not_and_learns_it(
    portal: Sandbox, admin: HarvestClient, client_of: Callable[..., HarvestClient], catalogue_name: str
) -> None:
    applied(admin, declare(portal, catalogue_name, 2))
    stranger = client_of("user")
    plan = make_plan(stranger, declare(portal, catalogue_name, 3, changed=True))

    denied = {denial.kind: denial.keys for denial in plan.denials}
    mark = portal.mark()
    result = apply_plan(stranger, plan, limits=HURRY)

    assert denied["create"] == ("town-002",)
    assert denied["update"] == ("town-000", "town-001")
    assert writes(portal, mark) == []
    assert result.done == []


@pytest.mark.every_release
@pytest.mark.parametrize("begins", ["from nothing", "with all to be changed"])
def test_killed_apply_is_continued(
    portal: Sandbox, admin: HarvestClient, catalogue_name: str, tmp_path: Path, begins: str
) -> None:
    chance = random.Random(f"{portal.release} {begins}")
    for number in range((KILLS + 1) // 2):
        name = f"{catalogue_name}-{number}"
        declaration = declare(portal, name, min(COUNT, 10))
        if begins != "from nothing":
            applied(admin, declaration)
            declaration = declare(portal, name, min(COUNT, 10), changed=True)
        plan_path = tmp_path / f"{name}.json"
        write_plan(make_plan(admin, declaration), plan_path)

        killed_after = kill_apply(portal, plan_path, chance.randint(1, 20))

        for declared in declaration.sources:
            for source in ours(admin, declaration)[declared.key]:
                switches_off_later = begins != "from nothing" and source.name != declared.fields["name"]
                assert not source.active or declared.fields["active"] or switches_off_later
        plan = make_plan(admin, declaration) if number % 2 else read_plan(plan_path)
        assert plan.conflicts == ()
        apply_plan(admin, plan, limits=HURRY)
        assert_as_declared(admin, declaration)
        urls = Counter(source.url for source in read_sources(admin) if f"/{name}/" in source.url)
        assert set(urls.values()) == {1}, (killed_after, urls)
        assert make_plan(admin, declaration).is_clean


def test_killed_apply_leaves_no_source_inactive_of_which_the_files_say_nothing(
    portal: Sandbox, admin: HarvestClient, catalogue_name: str, tmp_path: Path
) -> None:
    whole = declare(portal, catalogue_name, 6)
    silent = [
        replace(declared, fields={name: value for name, value in declared.fields.items() if name != "active"})
        for declared in whole.sources
    ]
    declaration = replace(whole, sources=tuple(silent))
    for after_writes in (1, 2, 3):  # of three for each source
        write_plan(make_plan(admin, declaration), tmp_path / "plan.json")
        kill_apply(portal, tmp_path / "plan.json", after_writes)

    applied(admin, declaration)

    assert_as_declared(admin, declaration)
    assert [source.active for [source] in ours(admin, declaration).values()] == [True] * 6
    assert make_plan(admin, declaration).is_clean
    portal.control.wait_until_idle()


def kill_apply(portal: Sandbox, plan_path: Path, after_writes: int) -> int:
    """Start an apply, and kill it once it has sent so many writes; return how many it has."""
    mark = portal.mark()
    process = start_apply(portal, plan_path)
    deadline = time.monotonic() + 120
    while process.poll() is None and len(writes(portal, mark)) < after_writes:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert process.poll() is None, "The apply was through before it was killed."
    process.kill()
    process.wait()
    return len(writes(portal, mark))
