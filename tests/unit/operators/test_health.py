"""The operators on a whole portal as Airflow sees them: what parsing costs, what is templated, what is left behind."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowFailException
from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestServerError
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators import portal as module
from airflow_provider_harvest.operators._memory_between_runs import dated, undated
from airflow_provider_harvest.operators._retries import HarvestFailException
from airflow_provider_harvest.operators.health import HEALTH_KEY, HEALTH_STATE_KEY
from airflow_provider_harvest.operators.portal import HarvestPendingReviewOperator, HarvestPortalHealthOperator
from airflow_provider_harvest.portal.health.findings import CHECKS, Thresholds
from tests.support.fake_portal.response_faults import Reply
from tests.support.fake_portal.server import Always, Door, InProcess
from tests.support.fake_portal.state import KEY
from tests.support.task_instance import TaskInstance

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The portal that the default connection, which has no key, leads to."""
    with InProcess("D") as running:
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps({"conn_type": "harvest", "host": running.url}))
        yield running


@pytest.fixture
def inactive(server: Door) -> str:
    """A source of the portal that is inactive."""
    return server.portal.add_source("Town", active=False)


def run(ti: TaskInstance, **arguments: Any) -> dict[str, Any]:
    result: dict[str, Any] = HarvestPortalHealthOperator(task_id="health", **arguments).execute({"ti": ti})  # type: ignore[typeddict-item]
    return result


class TestParsing:
    def test_every_operator_on_health_is_tested_here(self) -> None:  # the others: test_portal_code_operators
        own = [name for name in module.__all__ if getattr(module, name).__module__.endswith("operators.health")]
        assert own == ["HarvestPortalHealthOperator"]

    def test_reads_no_connection_and_sends_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(HarvestHook, "__init__", lambda *_: pytest.fail("A hook was made."))
        HarvestPortalHealthOperator(task_id="health", checks=["no such"], pending_days=-1)

    @pytest.mark.parametrize(
        "name",
        ["checks", "organization", "owner_id", "backend", "name", "fail_on", "previous_state", "harvest_conn_id"],
    )
    def test_what_a_dag_may_compute_is_templated(self, name: str) -> None:
        given: dict[str, Any] = {name: "{{ x }}"}
        operator = HarvestPortalHealthOperator(task_id="health", **given)
        assert name in operator.template_fields
        assert getattr(operator, name) == "{{ x }}"

    def test_message_template_is_left_to_the_operator(self) -> None:
        assert "message_template" not in HarvestPortalHealthOperator.template_fields

    def test_entries_of_the_result_are_outputs(self) -> None:
        assert HarvestPortalHealthOperator(task_id="health").multiple_outputs

    def test_owner_of_the_dag_is_not_taken_for_a_user_of_the_portal(self) -> None:
        operator = HarvestPortalHealthOperator(task_id="health", default_args={"owner": "data-team"})
        assert (operator.owner, operator.owner_id) == ("data-team", None)

    def test_default_thresholds_are_those_of_the_portal_wing(self) -> None:
        assert HarvestPortalHealthOperator(task_id="health")._thresholds() == Thresholds()


class TestReporting:
    def test_returns_the_result_and_pushes_it(self, server: Door, inactive: str, ti: TaskInstance) -> None:
        result = run(ti)
        assert result["inactive_ids"] == [inactive]
        assert result["message"].startswith(f"**Harvests on {server.url}**: 1 source, 1 finding, 1 of them new.")
        assert ti.xcoms[HEALTH_KEY] == result

    def test_needs_no_key(self, server: Door, inactive: str, ti: TaskInstance) -> None:
        run(ti)
        assert {request.key for request in server.requests} == {None}

    def test_sends_no_key_where_there_is_one(
        self, server: Door, inactive: str, ti: TaskInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = {"conn_type": "harvest", "host": server.url, "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        run(ti)
        assert {request.key for request in server.requests} == {None}

    def test_searches_for_what_is_requested(self, inactive: str, ti: TaskInstance) -> None:
        assert run(ti, checks="failing,stuck")["counts"] == {"failing": 0, "stuck": 0, "newly_failing": 0}
        assert run(ti, name="village")["sources"] == 0
        assert set(run(ti)["counts"]) == {*CHECKS, "newly_failing"}

    def test_takes_lengths_of_time_as_timedelta(self, inactive: str, ti: TaskInstance) -> None:
        run(ti, stall_timeout=timedelta(minutes=1), first_item_timeout=timedelta(hours=1))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"checks": ["faling"]},
            {"fail_on": "all"},
            {"pending_days": -1},
            {"stall_timeout": "long"},
            {"max_detail_requests": -1},
            {"max_detail_requests": 1.5},
            {"previous_state": "{"},
            {"owner_id": "nobody"},
        ],
    )
    def test_refuses_invalid_input_before_it_asks_for_good(
        self, server: Door, ti: TaskInstance, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(HarvestFailException, match=next(iter(wrong))) as caught:
            run(ti, **wrong)
        assert isinstance(caught.value.error, HarvestInvalidInput)
        assert server.requests == []

    def test_portal_in_trouble_is_left_to_a_retry(self, server: Door, ti: TaskInstance) -> None:
        server.script("GET", "*", Always(Reply(500)))
        with pytest.raises(HarvestServerError):
            run(ti)
        assert ti.xcoms == {}

    def test_closes_its_connections(self, server: Door, inactive: str, ti: TaskInstance) -> None:
        run(ti)
        assert server.wait_until_disconnected()


class TestNews:
    def test_is_found_by_what_the_previous_run_of_this_task_left(self, inactive: str, ti: TaskInstance) -> None:
        assert [run(ti)["new"], run(ti)["new"]] == [1, 0]
        assert [asked["key"] for asked in ti.pulls[:2]] == [dated(HEALTH_STATE_KEY), undated(HEALTH_STATE_KEY)]
        assert {**ti.pulls[0], "key": ""} == {
            "task_ids": "health", "key": "", "include_prior_dates": True, "map_indexes": -1,
        }  # fmt: skip

    @pytest.mark.parametrize("newer", [dated(HEALTH_STATE_KEY), undated(HEALTH_STATE_KEY)])
    def test_is_found_by_the_newest_pass_whether_its_run_had_a_logical_date_or_not(
        self, inactive: str, ti: TaskInstance, newer: str
    ) -> None:
        """PostgreSQL sorts runs without a logical date before all others, SQLite after them."""
        run(ti)
        seen = ti.xcoms[HEALTH_STATE_KEY]
        older = {**seen, "at": seen["at"] - 1, "open": {}}
        ti.xcoms = {dated(HEALTH_STATE_KEY): older, undated(HEALTH_STATE_KEY): older, newer: seen}
        assert run(ti)["new"] == 0

    @pytest.mark.parametrize(
        "logical_date, key", [("2026-03-12", dated(HEALTH_STATE_KEY)), (None, undated(HEALTH_STATE_KEY))]
    )
    def test_is_left_apart_for_runs_without_a_logical_date(
        self, inactive: str, ti: TaskInstance, logical_date: str | None, key: str
    ) -> None:
        context: Any = {"ti": ti, "dag_run": SimpleNamespace(logical_date=logical_date)}
        HarvestPortalHealthOperator(task_id="health").execute(context)
        assert ti.xcoms[key] == ti.xcoms[HEALTH_STATE_KEY]
        assert len({dated(HEALTH_STATE_KEY), undated(HEALTH_STATE_KEY)} & set(ti.xcoms)) == 1

    def test_of_a_mapped_task_is_found_by_the_same_map_index(self, inactive: str, ti: TaskInstance) -> None:
        ti.map_index = 3
        run(ti)
        assert ti.pulls[0]["map_indexes"] == 3

    @pytest.mark.parametrize("as_text", [False, True], ids=["a dict", "JSON"])
    def test_is_found_by_what_is_handed_in(self, inactive: str, ti: TaskInstance, as_text: bool) -> None:
        run(ti)
        state = ti.xcoms[HEALTH_STATE_KEY]
        other = TaskInstance()
        assert run(other, previous_state=json.dumps(state) if as_text else state)["new"] == 0
        assert other.pulls == []

    def test_is_everything_where_nothing_is_handed_in(self, inactive: str, ti: TaskInstance) -> None:
        run(ti)
        assert run(ti, previous_state={})["new"] == 1

    def test_survives_a_run_that_fails(self, inactive: str, ti: TaskInstance) -> None:
        with pytest.raises(AirflowFailException):
            run(ti, fail_on="any")
        assert run(ti, fail_on="new")["new"] == 0


class TestFailing:
    def test_does_not_without_being_asked(self, inactive: str, ti: TaskInstance) -> None:
        assert run(ti, fail_on=None)["new"] == 1

    def test_says_what_is_wrong_and_leaves_the_result(self, inactive: str, ti: TaskInstance) -> None:
        with pytest.raises(HarvestFailException, match=r"1 finding fails this task: inactive\.") as caught:
            run(ti, fail_on=["inactive"])
        assert "[Town]" in str(caught.value)
        assert caught.value.result == ti.xcoms[HEALTH_KEY]
        assert caught.value.result["inactive_ids"] == [inactive]

    def test_does_not_for_other_kinds(self, inactive: str, ti: TaskInstance) -> None:
        assert run(ti, fail_on="failing, stuck")["new"] == 1


class TestMessageTemplate:
    TEMPLATE = (
        "{{ sources }} moissonneurs, {{ counts.inactive }} inactifs"
        "{% for f in findings if f.is_new %}\n- {{ f.source_name }} : {{ f.kind }}{% endfor %}"
    )

    def test_makes_the_message_in_any_language(self, inactive: str, ti: TaskInstance) -> None:
        result = run(ti, message_template=self.TEMPLATE)
        assert result["message"] == "1 moissonneurs, 1 inactifs\n- Town : inactive"
        assert ti.xcoms[HEALTH_KEY]["message"] == result["message"]

    def test_sees_the_context_of_the_task(self, inactive: str, ti: TaskInstance) -> None:
        operator = HarvestPortalHealthOperator(task_id="health", message_template="{{ ds }}: {{ new }}")
        assert operator.execute({"ti": ti, "ds": "2026-03-12"})["message"] == "2026-03-12: 1"  # type: ignore[typeddict-item]

    @pytest.mark.parametrize(
        "template, message",
        [("{{ new }}", "1"), ("{{ failing_ids }}", "[]"), ("00{{ new }}", "001"), ("{{ incomplete }}", "None")],
    )
    @pytest.mark.parametrize("native", [False, True])
    def test_is_a_string_also_in_a_dag_that_renders_native_objects(
        self, template: str, message: str, native: bool, inactive: str, ti: TaskInstance
    ) -> None:
        with DAG("dag", schedule=None, render_template_as_native_obj=native):
            operator = HarvestPortalHealthOperator(task_id="health", message_template=template)
        assert operator.execute({"ti": ti})["message"] == message  # type: ignore[typeddict-item]

    @pytest.mark.parametrize("template", ["{% for %}", "{{ counts.no.such }}"])
    def test_that_is_broken_fails_for_good(self, inactive: str, ti: TaskInstance, template: str) -> None:
        with pytest.raises(HarvestFailException, match="message_template cannot be rendered"):
            run(ti, message_template=template)
        assert ti.xcoms == {}

    def test_filters_escape_what_anybody_may_have_written(self, inactive: str, ti: TaskInstance) -> None:
        template = "{{ '<!here>' | text }} {{ '[x]' | link('javascript:1') }} {{ 'a' | link('https://a.example') }}"
        assert run(ti, message_template=template)["message"] == "\\<\u200b!here\\> \\[x\\] [a](https://a.example)"


class TestPendingReview:
    @pytest.fixture
    def waiting(self, server: Door, monkeypatch: pytest.MonkeyPatch) -> str:
        """The id of a source that waits for the portal's team, whose key there is."""
        connection = {"conn_type": "harvest", "host": server.url, "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        return server.portal.add_source("Town", validation={"state": "pending"})

    def test_previews_what_waits_and_pushes_the_rows(self, server: Door, waiting: str, ti: TaskInstance) -> None:
        result = HarvestPendingReviewOperator(task_id="review").execute({"ti": ti})  # type: ignore[typeddict-item]
        (row,) = result["findings"]
        assert (row["source_id"], row["kind"], row["is_new"]) == (waiting, "pending", True)
        assert ti.xcoms[HEALTH_KEY] == result
        assert [request.path for request in server.requests if "preview" in request.path] == [
            f"/harvest/source/{waiting}/preview/"
        ]

    @pytest.mark.parametrize("arguments", [{"max_previews": -1}, {"max_previews": True}, {"preview_timeout": "soon"}])
    def test_arguments_that_make_no_sense_fail_for_good(
        self, waiting: str, ti: TaskInstance, arguments: dict[str, Any]
    ) -> None:
        operator = HarvestPendingReviewOperator(task_id="review", **arguments)
        with pytest.raises(HarvestFailException, match=next(iter(arguments))):
            operator.execute({"ti": ti})  # type: ignore[typeddict-item]
