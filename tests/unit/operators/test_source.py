"""The source operators as Airflow sees them: what parsing costs, what is templated, what fails for good, what leaks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowFailException, BaseOperator
from airflow_provider_harvest.exceptions import HarvestOutcomeRejected, HarvestServerError
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.links.harvest import SOURCE_URL_KEY
from airflow_provider_harvest.operators import source as module
from airflow_provider_harvest.operators._retries import HarvestFailException
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
from airflow_provider_harvest.portal.sources.identity import SOURCE_KEYS
from tests.support.fake_portal.response_faults import Reply, Stall
from tests.support.fake_portal.server import Always, Door, InProcess, PortalServer
from tests.support.fake_portal.state import KEY, ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN_ID = "5f00000000000000000000ff"
TOWN: dict[str, Any] = {"name": "Town", "url": "https://town.example/catalog.xml", "backend": "dcat"}
#: Every operator, with the arguments that it cannot do without.
OPERATORS: dict[type[Any], dict[str, Any]] = {
    HarvestCreateSourceOperator: TOWN,
    HarvestUpdateSourceOperator: {"source_id": UNKNOWN_ID},
    HarvestDeleteSourceOperator: {"source_id": UNKNOWN_ID},
    HarvestValidateSourceOperator: {"source_id": UNKNOWN_ID},
    HarvestScheduleSourceOperator: {"source_id": UNKNOWN_ID, "cron": "0 4 * * *"},
    HarvestUnscheduleSourceOperator: {"source_id": UNKNOWN_ID},
    HarvestPreviewSourceOperator: {"source_id": UNKNOWN_ID},
    HarvestListSourcesOperator: {},
}
every_operator = pytest.mark.parametrize("kind, needed", OPERATORS.items(), ids=[kind.__name__ for kind in OPERATORS])


class TaskInstance:
    """What operators use of Airflow's task instance."""

    try_number = 1
    max_tries = 2

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The portal that the default connection leads to; one that is slow is behind sockets."""
    door = PortalServer if "slow" in request.fixturenames else InProcess
    with door("D") as running:
        connection = {"conn_type": "harvest", "host": running.url, "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        yield running


def run(ti: TaskInstance, kind: type[Any], **arguments: Any) -> Any:
    return kind(task_id="task", **arguments).execute({"ti": ti})


class TestParsing:
    def test_every_operator_is_tested_here(self) -> None:
        assert {kind.__name__ for kind in OPERATORS} == set(module.__all__)

    @every_operator
    def test_reads_no_connection_and_sends_nothing(
        self, kind: type[Any], needed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(HarvestHook, "__init__", lambda *_: pytest.fail("A hook was made."))
        kind(task_id="task", **needed)

    @every_operator
    def test_checks_nothing_since_templates_are_not_rendered_yet(self, kind: type[Any], needed: dict[str, Any]) -> None:
        template = "{{ var.value.x }}"
        operator = kind(task_id="task", **dict.fromkeys(kind.template_fields, template))
        assert {getattr(operator, name) for name in kind.template_fields} == {template}

    @every_operator
    def test_every_argument_about_the_source_is_templated(self, kind: type[Any], needed: dict[str, Any]) -> None:
        of_the_source = {"harvest_conn_id", *needed, "organization", "owner_id", "config", "comment", "cron", "active"}
        operator = kind(task_id="task", **needed)
        assert {name for name in of_the_source if hasattr(operator, name)} <= set(kind.template_fields)

    @every_operator
    def test_owner_of_the_dag_is_not_taken_for_a_user_of_the_portal(
        self, kind: type[Any], needed: dict[str, Any]
    ) -> None:
        operator = kind(task_id="task", default_args={"owner": "data-team"}, **needed)
        assert operator.owner == "data-team"
        assert getattr(operator, "owner_id", None) is None

    @every_operator
    def test_entries_of_a_returned_source_are_outputs(self, kind: type[Any], needed: dict[str, Any]) -> None:
        returns_no_source = kind in (HarvestListSourcesOperator, HarvestPreviewSourceOperator)
        assert kind(task_id="task", **needed).multiple_outputs is not returns_no_source

    @pytest.mark.parametrize(
        "kind, missing",
        [
            (kind, name)
            for kind, needed in OPERATORS.items()
            if kind is not HarvestPreviewSourceOperator
            for name in needed
        ],
    )
    def test_misses_what_it_needs(self, kind: type[Any], missing: str) -> None:
        given = {name: value for name, value in OPERATORS[kind].items() if name != missing}
        with pytest.raises(Exception, match=missing):
            kind(task_id="task", **given)

    def test_can_be_mapped(self) -> None:
        mapped: Any = HarvestScheduleSourceOperator.partial(task_id="task", cron="0 4 * * *").expand(
            source_id=[UNKNOWN_ID]
        )
        assert not isinstance(mapped, BaseOperator)


class TestFailing:
    @every_operator
    def test_wrong_key_fails_at_once_for_good(
        self, server: Door, ti: TaskInstance, kind: type[Any], needed: dict[str, Any]
    ) -> None:
        server.script("GET", "*", Always(Reply(401, {"message": "Revoked API token"})))
        with pytest.raises(AirflowFailException, match=r"responded with 401:\s+Revoked API token"):
            run(ti, kind, **needed)

    @every_operator
    def test_portal_in_trouble_is_left_to_a_retry(
        self, server: Door, ti: TaskInstance, kind: type[Any], needed: dict[str, Any]
    ) -> None:
        server.script("GET", "*", Always(Reply(500, {"message": "Internal Server Error"})))
        with pytest.raises(HarvestServerError):
            run(ti, kind, **needed)

    @pytest.mark.parametrize(
        "kind", [kind for kind, needed in OPERATORS.items() if "source_id" in needed], ids=lambda kind: kind.__name__
    )
    @pytest.mark.parametrize("source_id", ["", "None", "{{ ti.xcom_pull() }}", f"/source/{UNKNOWN_ID}"], ids=repr)
    def test_garbage_instead_of_an_id_is_not_sent(
        self, server: Door, ti: TaskInstance, kind: type[Any], source_id: str
    ) -> None:
        with pytest.raises(HarvestFailException, match="source_id"):
            run(ti, kind, **{**OPERATORS[kind], "source_id": source_id})
        assert server.requests == []

    def test_hook_is_closed_whatever_happens(self, server: Door, ti: TaskInstance) -> None:
        with pytest.raises(HarvestFailException):
            run(ti, HarvestUpdateSourceOperator, source_id=UNKNOWN_ID)
        assert server.wait_until_disconnected()


class TestOutput:
    def test_source_has_always_the_same_keys(self, server: Door, ti: TaskInstance) -> None:
        created = run(ti, HarvestCreateSourceOperator, **TOWN)
        assert set(created) == {*SOURCE_KEYS, "created"}
        ident = created["id"]
        assert set(run(ti, HarvestUpdateSourceOperator, source_id=ident, name="City")) == set(SOURCE_KEYS)
        assert set(run(ti, HarvestValidateSourceOperator, source_id=ident)) == {*SOURCE_KEYS, "jobs_before"}
        assert set(run(ti, HarvestScheduleSourceOperator, source_id=ident, cron="0 4 * * *")) == set(SOURCE_KEYS)
        assert set(run(ti, HarvestUnscheduleSourceOperator, source_id=ident)) == set(SOURCE_KEYS)
        assert set(run(ti, HarvestDeleteSourceOperator, source_id=ident)) == set(SOURCE_KEYS)
        assert set(run(ti, HarvestDeleteSourceOperator, source_id=UNKNOWN_ID)) == set(SOURCE_KEYS)

    def test_button_leads_to_the_source_also_of_a_failed_task(self, server: Door, ti: TaskInstance) -> None:
        source_id = server.portal.add_source()
        with pytest.raises(HarvestFailException):
            run(ti, HarvestScheduleSourceOperator, source_id=source_id, cron="99 * * * *")
        assert ti.xcoms[SOURCE_URL_KEY] == f"{server.url}/api/1/harvest/source/{source_id}/"

    def test_list_is_small_and_ordered_by_name(self, server: Door, ti: TaskInstance) -> None:
        for name in ("berlin", "Athens", "Calais"):
            server.portal.add_source(name, organization=dict(ORGANIZATION), owner=None)
        server.portal.add_source("of a user")
        listed = run(ti, HarvestListSourcesOperator, organization=ORGANIZATION["slug"])
        assert [source["name"] for source in listed] == ["Athens", "berlin", "Calais"]
        assert listed[0]["organization"] == ORGANIZATION
        assert len(json.dumps(listed[0])) < 700

    def test_key_is_in_nothing_that_airflow_keeps(
        self, server: Door, ti: TaskInstance, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        operator = HarvestCreateSourceOperator(task_id="task", **TOWN)
        context: Any = {"ti": ti}
        kept = [json.dumps(operator.execute(context)), repr(vars(operator))]
        server.script("POST", "*", Reply(403, {"message": "No"}))
        with pytest.raises(HarvestFailException) as failure:
            run(ti, HarvestCreateSourceOperator, **{**TOWN, "url": "https://elsewhere.example/"})
        kept += [repr(failure.value), repr(vars(failure.value.error)), json.dumps(ti.xcoms), caplog.text]
        assert KEY not in "".join(kept)


class TestPreview:
    @staticmethod
    def preview(status: str = "done", *messages: str, **counts: int) -> Reply:
        """The portal's response to a preview."""
        now = datetime.now(timezone.utc).isoformat()
        items = [
            {
                "remote_id": f"{item}-{number}",
                "status": item,
                "errors": [],
                "created": now,
                "started": now,
                "ended": now,
            }
            for item, count in counts.items()
            for number in range(count)
        ]
        errors = [{"created_at": now, "message": message, "details": None} for message in messages]
        answer = {"id": None, "status": status, "created": now, "started": now, "ended": now}
        return Reply(200, {**answer, "errors": errors, "items": items, "source": None})

    @pytest.mark.parametrize(
        "reply, policy, kind",
        [
            pytest.param(preview(done=3), {}, None, id="all done"),
            pytest.param(preview(done=3, archived=9), {}, None, id="archived items of a preview mean nothing"),
            pytest.param(preview(done=3, skipped=1), {}, None, id="skipped"),
            pytest.param(preview("done-errors", done=3, failed=1), {}, "items", id="one failed"),
            pytest.param(preview("done-errors", done=3, failed=1), {"max_failed_items": 1}, None, id="one may fail"),
            pytest.param(preview("done-errors", done=3, failed=1), {"max_failed_ratio": 0.2}, "items", id="ratio"),
            pytest.param(preview(archived=3), {}, "empty", id="only archived"),
            pytest.param(preview(), {"min_done_items": 0}, None, id="none needed"),
            pytest.param(preview("failed", "404 Client Error: Not Found"), {}, "job", id="no such catalogue"),
        ],
    )
    def test_is_judged(
        self, server: Door, ti: TaskInstance, reply: Reply, policy: dict[str, Any], kind: str | None
    ) -> None:
        server.script("GET", "*/preview/", Always(reply))
        arguments = {"source_id": server.portal.add_source(), **policy}
        result = run(ti, HarvestPreviewSourceOperator, **arguments, fail_on_outcome=False)
        assert result["failure_kind"] == kind
        if kind:
            with pytest.raises(HarvestFailException) as failure:
                run(ti, HarvestPreviewSourceOperator, **arguments)
            assert failure.value.result == result
        assert ti.xcoms["harvest_result"] == result

    def test_catalogue_that_is_down_is_left_to_a_retry(self, server: Door, ti: TaskInstance) -> None:
        server.script("GET", "*/preview/", self.preview("failed", "Connection refused"))
        with pytest.raises(HarvestOutcomeRejected, match="Airflow retries this") as failure:
            run(ti, HarvestPreviewSourceOperator, source_id=server.portal.add_source())
        assert failure.value.result["failure_kind"] == "remote_unreachable"

    @pytest.fixture
    def slow(self, server: Door) -> Iterator[None]:
        """The portal does not come to the end of a preview."""
        step = Stall()
        server.script("GET", "*/preview/", Always(step))
        server.script("POST", "*/preview/", Always(step))
        yield
        step.let_go.set()

    @pytest.mark.usefixtures("slow")
    @pytest.mark.parametrize("saved", [True, False], ids=["a saved source", "a new one"])
    def test_that_takes_too_long_has_a_status_of_its_own(self, server: Door, ti: TaskInstance, saved: bool) -> None:
        which = {"source_id": server.portal.add_source()} if saved else TOWN
        result = run(ti, HarvestPreviewSourceOperator, **which, timeout=0.05, fail_on_outcome=False)
        assert (result["status"], result["outcome"], result["failure_kind"]) == ("timeout", "failure", "timeout")
        assert len(result["reasons"]) == 1
        assert ti.xcoms["harvest_result"] == result
        assert server.count("GET", "*/preview/") + server.count("POST", "*/preview/") == 1

    @pytest.mark.usefixtures("slow")
    def test_that_takes_too_long_is_left_to_a_retry_where_outcomes_fail(self, server: Door, ti: TaskInstance) -> None:
        with pytest.raises(HarvestOutcomeRejected, match="Airflow retries this"):
            run(ti, HarvestPreviewSourceOperator, source_id=server.portal.add_source(), timeout=0.05)

    @pytest.mark.parametrize("timeout", [5, timedelta(seconds=5)])
    def test_that_a_proxy_gives_up_has_that_status_too(
        self, server: Door, ti: TaskInstance, timeout: float | timedelta
    ) -> None:
        server.script("GET", "*/preview/", Always(Reply(504)))
        source_id = server.portal.add_source()
        result = run(ti, HarvestPreviewSourceOperator, source_id=source_id, timeout=timeout, fail_on_outcome=False)
        assert result["status"] == "timeout"
        assert server.count("GET", "*/preview/") == 1

    def test_that_breaks_otherwise_has_not(self, server: Door, ti: TaskInstance) -> None:
        server.script("GET", "*/preview/", Always(Reply(500)))
        with pytest.raises(HarvestServerError):
            run(ti, HarvestPreviewSourceOperator, source_id=server.portal.add_source(), timeout=5)

    @pytest.mark.parametrize(
        "given, message",
        [
            pytest.param({}, "name is missing", id="nothing"),
            pytest.param({"source_id": UNKNOWN_ID, "timeout": "long"}, "timeout must be seconds", id="timeout"),
            pytest.param({"name": "Town", "url": TOWN["url"]}, "backend is missing", id="no backend"),
            pytest.param({"source_id": UNKNOWN_ID, "url": TOWN["url"]}, "source_id and url are both given", id="both"),
            pytest.param({"source_id": UNKNOWN_ID, "max_failed_ratio": 2}, "max_failed_ratio", id="policy"),
            pytest.param({**TOWN, "owner_id": "ada"}, "owner_id must be an id", id="user by slug"),
            pytest.param({**TOWN, "organization": "nobody"}, "no organization 'nobody'", id="organization"),
        ],
    )
    def test_bad_input_previews_nothing(
        self, server: Door, ti: TaskInstance, given: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(HarvestFailException, match=message):
            run(ti, HarvestPreviewSourceOperator, **given)
        assert server.count("POST") == server.count("GET", "*preview*") == 0
