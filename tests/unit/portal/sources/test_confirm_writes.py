"""Writes that a portal responds with 200 and ignores, or takes in a form of its own: what is said of them, and when."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestApplyIncomplete, HarvestWriteIgnored
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron, Declaration, DeclaredSource
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.guard.hold_and_release import hold
from airflow_provider_harvest.portal.sources.moderation import ensure_scheduled, ensure_unscheduled, ensure_validated
from airflow_provider_harvest.portal.sources.writes import ensure_deleted, ensure_fields
from airflow_provider_harvest.portal.text.response_values import parse_time
from tests.support.fake_portal.managed import ManagedPortal
from tests.support.fake_portal.response_faults import Reply
from tests.support.fake_portal.server import Always, Door
from tests.support.fake_portal.state import KEY, PENDING, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

BEFORE: Any = parse_time("2026-03-01T00:00:00+00:00")


#: Each write: how it is made, with which request, of which source, and what the error names.
WRITES: dict[str, tuple[Callable[[HarvestClient, HarvestSource], object], str, str, dict[str, Any], str]] = {
    "update": (lambda c, s: ensure_fields(c, s, name="New", active=True), "PUT", "*", {}, "name='New'"),
    "description": (lambda c, s: ensure_fields(c, s, description="x"), "PUT", "*", {}, "description='x'"),
    "accept": (lambda c, s: ensure_validated(c, s), "POST", "*/validate/", PENDING, "the state 'accepted'"),
    "refuse": (lambda c, s: ensure_validated(c, s, "refused", "No."), "POST", "*/validate/", {}, "the state 'refused'"),
    "schedule": (
        lambda c, s: ensure_scheduled(c, s, "5 3 * * *"), "POST", "*/schedule/", {"schedule": "every 30 minutes"},
        "the cron '5 3 * * *' in place of 'every 30 minutes'",
    ),
    "unschedule": (lambda c, s: ensure_unscheduled(c, s), "DELETE", "*/schedule/", {}, "the removal of the cron"),
    "delete": (lambda c, s: ensure_deleted(c, s.id), "DELETE", "*", {}, "its deletion"),
    "hold": (lambda c, s: hold(c, s.id, 3, BEFORE), "PUT", "*", {}, "autoarchive=False"),
}  # fmt: skip


@pytest.mark.parametrize("write, method, path, fields, names", WRITES.values(), ids=WRITES.keys())
def test_an_ignored_write_is_said_in_a_sentence(
    server: Door,
    client: HarvestClient,
    write: Callable[[HarvestClient, HarvestSource], object],
    method: str,
    path: str,
    fields: dict[str, Any],
    names: str,
) -> None:
    source = client.get_source(server.portal.add_source(**fields))
    before = dict(server.portal.sources[source.id])
    answer = server.portal.answer("GET", f"/harvest/source/{source.id}/", {}, None, KEY)
    server.script(method, path, Reply(204 if method == "DELETE" else 200, None if method == "DELETE" else answer.body))
    with pytest.raises(HarvestWriteIgnored, match=re.escape(names)) as ignored:
        write(client, source)
    assert "the source is still as before" in str(ignored.value)
    assert server.portal.sources[source.id] == before
    assert server.count(method, path) == 1


@pytest.mark.parametrize("write, method, path, fields, names", WRITES.values(), ids=WRITES.keys())
def test_a_write_that_shows_a_moment_later_is_done(
    server: Door,
    client: HarvestClient,
    write: Callable[[HarvestClient, HarvestSource], object],
    method: str,
    path: str,
    fields: dict[str, Any],
    names: str,
) -> None:
    """A portal may read from a copy of its database that lags behind."""
    source = client.get_source(server.portal.add_source(**fields))
    stale = server.portal.answer("GET", f"/harvest/source/{source.id}/", {}, None, KEY).body
    server.script(
        method, path, Reply(204 if method == "DELETE" else 200, stale if method != "DELETE" else None, handled=True)
    )
    first = [Reply(200, stale)] if names != "its deletion" and "autoarchive" not in names else [Reply(200, stale)] * 2
    server.script("GET", f"/harvest/source/{source.id}/", *first)
    write(client, source)
    assert server.count(method, path) == 1


@pytest.mark.parametrize("name", ["update", "refuse", "schedule"])
def test_an_answer_that_shows_the_change_is_not_read_again(server: Door, client: HarvestClient, name: str) -> None:
    write, method, _, fields, _ = WRITES[name]
    source = client.get_source(server.portal.add_source(**fields))
    server.portal.add_job(source.id)
    server.requests.clear()
    write(client, source)
    assert [request.method for request in server.requests] == [method]


def test_the_cron_that_an_acceptance_sets_is_read_where_its_answer_does_not_show_it(
    server: Door, client: HarvestClient
) -> None:
    """So it is up to 10.8.1, at a first acceptance."""
    source = client.get_source(server.portal.add_source(**PENDING))
    accepted = {**source.raw, "validation": {"state": "accepted"}}
    server.script("POST", "*/validate/", Reply(200, accepted, handled=True))
    assert ensure_validated(client, source)[0].schedule == "0 0 * * *"


def test_a_field_that_the_portal_keeps_in_a_form_of_its_own_is_reported(
    server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
) -> None:
    source = client.get_source(server.portal.add_source("Old"))
    kept = {**source.raw, "name": "\x1b[31mNEW"}
    server.script("PUT", "*", Reply(200, kept))
    assert ensure_fields(client, source, name="New").name == "\x1b[31mNEW"
    assert "The portal keeps name in a form of its own: NEW." in caplog.text


def test_the_search_ends(server: Door, client: HarvestClient) -> None:
    """A portal that shows nothing is read three times, then it counts as ignored."""
    source = client.get_source(server.portal.add_source("Old"))
    server.script("PUT", "*", Always(Reply(200, source.raw)))
    server.requests.clear()
    with pytest.raises(HarvestWriteIgnored):
        ensure_fields(client, source, name="New")
    assert [request.method for request in server.requests] == ["PUT", "GET", "GET", "GET"]


# --- sources as code --------------------------------------------------------------------------------------------------

HURRY = Pacing(write_interval=0.0, accept_interval=0.0)


class Overruling(ManagedPortal):
    """A portal that responds as if it took each write of one kind to the source "Odd", and keeps something else.

    :param overruled: the kind, by its name in `portal_state.ROUTES`.
    :param lies: whether the response to the write shows it as done.
    """

    def __init__(self, overruled: str, *, lies: bool = False) -> None:
        super().__init__()
        self.overruled, self.lies = overruled, lies

    def answer(self, name: str, method: str, path: str, *request: Any) -> Response:
        ident = next((known for known in self.state.sources if known in path), "")
        before = dict(self.state.sources.get(ident, {}))
        response = super().answer(name, method, path, *request)
        if name != self.overruled or before["name"] != "Odd":
            return response
        self.state.sources[ident] = before
        return response if self.lies or response.body is None else Response(200, self.state.shown(ident))


def file_of(*names: str) -> Declaration:
    sources = tuple(
        DeclaredSource(
            name.lower(),
            "sources.yaml",
            {"name": name, "url": f"https://{name.lower()}.example/", "backend": "dcat", "description": "As declared"},
            schedule=Cron("5 3 * * *"),
            validation=Acceptance("Seen"),
        )
        for name in names
    )
    return Declaration(sources)


@pytest.mark.parametrize("lies", [False, True], ids=["the answer shows it", "only the list shows it"])
@pytest.mark.parametrize(
    "kind, existing, names",
    [
        ("update", {"schedule": "5 3 * * *"}, "description"),
        ("schedule", {"description": "As declared", "schedule": "every 30 minutes"}, "cron"),
        (
            "validate",
            {"description": "As declared", "schedule": "5 3 * * *", "pending": True},
            "validate|acceptance|comment",
        ),
    ],
)
def test_an_apply_fails_for_the_source_that_is_overruled_and_no_other(
    kind: str, existing: dict[str, Any], names: str, lies: bool
) -> None:
    portal = Overruling(kind, lies=lies)
    fields = {"url": "https://odd.example/", **existing}
    if fields.pop("pending", False):
        made = portal.add(name="Odd", **fields)
        portal.change(made.id, validation=replace(made.validation, state="pending"))
    else:
        portal.add(name="Odd", **fields)
    plan = make_plan(portal, file_of("Odd", "Even"))
    with pytest.raises(HarvestApplyIncomplete, match=names) as incomplete:
        apply_plan(portal, plan, limits=HURRY)
    result = incomplete.value.result
    assert [entry["key"] for entry in result["failed"]] == ["odd"]
    assert "even" in [entry["key"] for entry in result["done"]]
    assert "ask its team" in result["failed"][0]["error"]
    assert not incomplete.value.again


def test_a_deletion_that_is_overruled_fails() -> None:
    from airflow_provider_harvest.portal.as_code import ownership_marker

    portal = Overruling("delete")
    for name in ("Odd", "Even", "Kept", "Also kept", "And this"):
        portal.add(name=name, description=ownership_marker.join("", "us", name.lower().replace(" ", "-")))
    plan = make_plan(portal, replace(Declaration(()), managed_by="us"), prune=True)
    deletions = sum(change.is_deleted for change in plan.changes)
    with pytest.raises(HarvestApplyIncomplete, match="delete is not as wanted"):
        apply_plan(portal, plan, limits=HURRY, confirm_deletes=deletions)


# --- how much an apply reads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [10, 100])
def test_an_apply_reads_the_list_at_its_beginning_and_end_and_nothing_between(count: int) -> None:
    portal = ManagedPortal()
    names = [f"Town-{number}" for number in range(count)]
    reads = ("whoami", "list_sources", "get_source")

    def apply(declaration: Declaration) -> dict[str, int]:
        plan = make_plan(portal, declaration)
        portal.requests.clear()
        apply_plan(portal, plan, limits=HURRY)
        return {name: sent for name, sent in portal.counts().items() if name in reads}

    assert apply(file_of(*names)) == {"whoami": 1, "list_sources": 2}
    for field, value, more in (
        ("active", False, {}),
        ("description", "Changed", {"get_source": count}),  # where the guard writes, too
    ):
        changed = file_of(*names)
        for declared in changed.sources:
            declared.fields[field] = value  # type: ignore[index]
        assert apply(changed) == {"whoami": 1, "list_sources": 2, **more}


def test_a_slow_apply_reads_once_more_before_each_write() -> None:
    """What was seen half a minute ago may have been changed by somebody else."""
    portal = ManagedPortal()
    portal.add(name="Old", url="https://town-1.example/")
    plan = make_plan(portal, file_of("Town-1", "Town-2", "Town-3"))
    portal.requests.clear()
    apply_plan(portal, plan, limits=Pacing(write_interval=31.0, accept_interval=0.0))
    assert portal.counts()["get_source"] <= 1
    assert portal.counts()["list_sources"] <= 2 + 2  # the newest of the owner, before each creation
