"""How many calls a source's life and a poke of a waiting sensor cost a portal, counted in its access log."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowRescheduleException
from airflow_provider_harvest.exceptions import HarvestApplyIncomplete
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan, read_sources
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.sources.identity import source_dict
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.declared_files import HURRY, declare
from tests.support.expected_failures import fails
from tests.support.task_processes import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from tests.integration.conftest import NewCatalogue

pytestmark = pytest.mark.every_release

#: What a portal that takes 200 requests an hour can bear: calls of one source's life, and of one poke.
MOST_OF_A_LIFE, MOST_OF_A_POKE = 13, 2


def calls(portal: Sandbox, since: int) -> list[str]:
    """Return the requests since a mark, as the portal's access log has them."""
    return [f"{request.method} {request.path.removeprefix('/api/1')}" for request in portal.requests(since)]


@pytest.fixture
def run(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Executes a task once, as a worker does; each pause of it lasts until the portal has nothing to do."""
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: portal.control.wait_until_idle())
    connection = {"conn_type": "harvest", "host": portal.url, "password": portal.keys.admin}
    monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps({**connection, "extra": {"min_poll_interval": 1}}))

    def execute(kind: type[Any], **arguments: Any) -> Any:
        operator = kind(task_id="task", harvest_conn_id="portal", **arguments)
        ti = SimpleNamespace(try_number=1, max_tries=0, task=operator, xcom_push=lambda key, value: None)
        return operator.execute({"ti": ti, "task": operator, "task_state_store": Store()})

    return execute


def described(portal: Sandbox, catalogue: NewCatalogue, **arguments: Any) -> dict[str, Any]:
    """Return the arguments that create a source of the organization."""
    whose = {"organization": portal.organization.id}
    return {"name": catalogue.name, "url": catalogue.url, "backend": "dcat", **whose, **arguments}


class TestLife:
    def test_takes_13_calls_at_most(
        self, portal: Sandbox, run: Callable[..., Any], new_catalogue: Callable[..., NewCatalogue]
    ) -> None:
        begin = portal.mark()
        created = run(HarvestCreateSourceOperator, **described(portal, new_catalogue(datasets=4)))
        run(HarvestValidateSourceOperator, source_id=created["id"])
        portal.control.wait_until_idle()
        result = run(HarvestRunSourceOperator, source_id=created["id"], deferrable=False, poll_interval=1)
        sent = calls(portal, begin)
        assert (result["outcome"], result["how"], result["items"]["done"]) == ("success", "started", 4)
        # Up to 10.8.1 each task finds out that paths have no slash, and the response to an acceptance shows no cron.
        assert len(sent) == (MOST_OF_A_LIFE if portal.generation == "A" else 10), sent

    def test_named_by_slug_and_configured_it_takes_two_more(
        self, portal: Sandbox, run: Callable[..., Any], new_catalogue: Callable[..., NewCatalogue]
    ) -> None:
        config: dict[str, Any] = {"filters": [], "features": {}}
        begin = portal.mark()
        arguments = described(portal, new_catalogue(datasets=1), organization=portal.organization.slug, config=config)
        run(HarvestCreateSourceOperator, **arguments)
        assert len(calls(portal, begin)) == (5 if portal.generation == "A" else 4)


class TestAnswersToWrites:
    """A write's response holds the source as later reads show it, so that it need not be read again."""

    def test_are_the_source(
        self, portal: Sandbox, admin: HarvestClient, new_catalogue: Callable[..., NewCatalogue]
    ) -> None:
        catalogue = new_catalogue(datasets=1)

        def same(answer: HarvestSource, *but: str) -> HarvestSource:
            read = admin.get_source(answer.id)
            told, later = ({**source_dict(one, None), "last_job": None} for one in (answer, read))
            assert {name for name in told if told[name] != later[name]} <= set(but)
            return read

        portal.control.hold_jobs()
        made = admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)
        same(made)
        changed = admin.update_source(made.id, description="Weekly.", active=False, config={"features": {}})
        assert (changed.description, changed.active, changed.autoarchive) == ("Weekly.", False, True)
        same(changed)
        same(admin.validate_source(made.id), *(["schedule"] if portal.generation == "A" else []))
        same(admin.schedule_source(made.id, "15 3 * * 1"))
        same(admin.run_source(made.id))

    def test_left_out_fields_keep_their_value(
        self, admin: HarvestClient, new_source: Callable[..., HarvestSource]
    ) -> None:
        source = new_source(datasets=1)
        admin.update_source(source.id, description="Text", active=False, autoarchive=False, config={"features": {}})
        before = admin.get_source(source.id)
        admin.update_source(source.id, name=f"{source.name} renamed")
        after = admin.get_source(source.id)
        kept = ("url", "backend", "description", "config", "active", "autoarchive", "organization")
        assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
        assert after.name == f"{source.name} renamed"


# --- a poke -----------------------------------------------------------------------------------------------------------


class Pokes:
    """Pokes of a rescheduled sensor, each in a process of its own, as far as the sensor can tell.

    :param store: what Airflow 3.3 keeps between them; None for an Airflow that keeps nothing.
    """

    def __init__(self, portal: Sandbox, monkeypatch: pytest.MonkeyPatch, store: Store | None) -> None:
        self.portal = portal
        self.store = store
        self.begun = datetime.now(timezone.utc)
        connection = {"conn_type": "harvest", "host": portal.url, "extra": {"min_poll_interval": 1}}
        monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))

    def poke(self, *, again: bool, **arguments: Any) -> list[str]:
        """Poke once; return what was sent."""
        begin = self.portal.mark()
        options = {"mode": "reschedule", "deferrable": False, "poke_interval": 1, "timeout": 3600, **arguments}
        sensor: Any = HarvestJobSensor(task_id="task", harvest_conn_id="portal", **options)
        ti = SimpleNamespace(
            try_number=1,
            max_tries=0,
            task=sensor,
            xcom_push=lambda key, value: None,
            get_first_reschedule_date=lambda context: self.begun if again else None,
        )
        context = {"ti": ti, "task": sensor, "task_state_store": self.store}
        with suppress(AirflowRescheduleException):  # nothing is expected yet: Airflow pokes again at that time
            assert sensor.poke(context) is False
        return calls(self.portal, begin)


@pytest.mark.parametrize("what", ["next end", "after", "known", "job", "job alone"])
@pytest.mark.parametrize("is_running", [False, True], ids=["not begun", "running"])
def test_a_poke_of_a_waiting_sensor_takes_two_calls_at_most(
    portal: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    admin: HarvestClient,
    new_harvest: Callable[..., HarvestSource],
    what: str,
    is_running: bool,
) -> None:
    if what.startswith("job") and not is_running:
        pytest.skip("a job that has not begun has no id")
    source = new_harvest(datasets=3)
    known = [str(job.id) for job in admin.recent_jobs(source.id)]
    after = datetime.now(timezone.utc).isoformat()
    job_id = None
    if is_running:
        portal.control.freeze_before_item(2)
        admin.run_source(source.id)
        (job_id,) = portal.control.wait_until_frozen()
    arguments: dict[str, dict[str, Any]] = {
        "next end": {"source_id": source.id},
        "after": {"source_id": source.id, "after": after},
        "known": {"source_id": source.id, "known_job_ids": known},
        "job": {"source_id": source.id, "job_id": job_id},
        "job alone": {"job_id": job_id},
    }
    asked = arguments[what]
    pokes = Pokes(portal, monkeypatch, Store())
    first = pokes.poke(again=False, **asked)
    assert len(first) <= (4 if portal.generation == "A" or what == "job alone" else 3), first
    for _ in range(2):
        sent = pokes.poke(again=True, **asked)
        assert len(sent) <= MOST_OF_A_POKE, sent
    forgetful = Pokes(portal, monkeypatch, None)
    sent = forgetful.poke(again=True, **asked)
    assert len(sent) <= MOST_OF_A_POKE + (portal.generation == "A"), sent
    if is_running:
        portal.control.unfreeze()
        portal.control.wait_until_idle()


class TestIgnoredWrites:
    """A source with an interval, which only the portal's team can set, in the database: POST schedule gets a 200."""

    def test_a_cron_that_is_not_set_fails_the_task(
        self, portal: Sandbox, run: Callable[..., Any], new_harvest: Callable[..., HarvestSource]
    ) -> None:
        source = new_harvest(datasets=1)
        portal.control.set_interval(source.id, 30)
        with fails("reported the cron '5 3 \\* \\* \\*' in place of 'every 30 minutes'"):
            run(HarvestScheduleSourceOperator, source_id=source.id, cron="5 3 * * *")

    def test_a_cron_that_is_not_set_fails_the_apply_of_its_source_only(
        self, portal: Sandbox, admin: HarvestClient, catalogue_name: str
    ) -> None:
        declaration = declare(portal, catalogue_name, 3)
        apply_plan(admin, make_plan(admin, declaration), limits=HURRY)
        portal.control.wait_until_idle()
        changed = declare(portal, catalogue_name, 3, changed=True)
        odd = next(source for source in read_sources(admin) if source.name == f"Catalogue 1 of {catalogue_name}")
        portal.control.set_interval(odd.id, 30)
        for _ in range(2):
            with pytest.raises(HarvestApplyIncomplete, match=r"town-001.*cron") as incomplete:
                apply_plan(admin, make_plan(admin, changed), limits=HURRY)
            assert [failed["key"] for failed in incomplete.value.result["failed"]] == ["town-001"]
        assert {change.key for change in make_plan(admin, changed).changes} == {"town-001"}
