"""What every task shares: which errors Airflow may retry, how a source is found, and when the hook is made."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest import exceptions
from airflow_provider_harvest._compat import AirflowException, AirflowFailException
from airflow_provider_harvest.exceptions import (
    HarvestApplyIncomplete,
    HarvestError,
    HarvestInvalidInput,
    HarvestOutcomeRejected,
)
from airflow_provider_harvest.operators import _base
from airflow_provider_harvest.operators._base import HarvestOperator, resolve_source
from airflow_provider_harvest.operators._retries import HarvestFailException, is_final
from airflow_provider_harvest.portal.cron import InvalidCron
from airflow_provider_harvest.portal.models import HarvestSource

SOURCE_ID = "5f00000000000000000000aa"

#: By class: whether the same request would meet the same error again.
FINAL = {
    "HarvestInvalidInput": True,
    "HarvestAuthError": True,
    "HarvestNotFound": True,
    "HarvestRequestRejected": True,
    "HarvestRedirected": True,
    "HarvestSourceNotRunnable": True,
    "HarvestWriteIgnored": True,
    "HarvestOutcomeRejected": True,
    "HarvestPortalUnhealthy": True,
    "HarvestSourcesDrifted": True,
    "HarvestPlanStale": True,
    "HarvestApplyIncomplete": True,
    "HarvestError": False,
    "HarvestApiError": False,
    "HarvestUnavailable": False,
    "HarvestRateLimited": False,
    "HarvestServerError": False,
    "HarvestConnectionError": False,
    "HarvestResponseLost": False,
    "HarvestAnswerTimeout": False,
    "HarvestProtocolError": False,
    "HarvestSourceBusy": False,
    "HarvestJobNotStarted": False,
    "HarvestJobStalled": False,
    "HarvestTimeout": False,
    "HarvestPortalUnreachable": False,
}


def rejected(failure_kind: str, how: str) -> HarvestOutcomeRejected:
    return HarvestOutcomeRejected("rejected", result={"failure_kind": failure_kind, "how": how})


class TestWhatIsFinal:
    def test_every_error_of_the_package_is_decided_here(self) -> None:
        kinds = {name for name, kind in vars(exceptions).items() if isinstance(kind, type) and name != "Any"}
        assert kinds == set(FINAL)

    @pytest.mark.parametrize("name, final", FINAL.items())
    def test_by_class(self, name: str, final: bool) -> None:
        assert is_final(getattr(exceptions, name)("what happened")) is final

    def test_apply_that_a_limit_ended_may_go_on(self) -> None:
        assert not is_final(HarvestApplyIncomplete("postponed", again=True))

    def test_cron_that_portals_misread_is_final(self) -> None:
        assert is_final(InvalidCron("no cron"))

    @pytest.mark.parametrize(
        "failure_kind, how, final",
        [
            ("job", "started", True),
            ("items", "attached", True),
            ("empty", "waited", True),
            pytest.param("remote_unreachable", "started", False, id="this task can start another harvest"),
            pytest.param("timeout", "previewed", False, id="a slow portal may be faster the next time"),
            pytest.param("remote_unreachable", "waited", True, id="only the portal can start another harvest"),
        ],
    )
    def test_of_a_harvest_that_did_not_end_as_required(self, failure_kind: str, how: str, final: bool) -> None:
        assert is_final(rejected(failure_kind, how)) is final

    @pytest.mark.parametrize("name", FINAL)
    def test_no_error_is_one_that_a_sensor_skips_on(self, name: str) -> None:
        """Under ``soft_fail`` Airflow turns its own exceptions into a skip, also for a wrong key."""
        assert not issubclass(getattr(exceptions, name), AirflowException)


class Task(HarvestOperator):
    """A task that does nothing."""

    def execute(self, context: Any) -> None:
        return


class Hook:
    """A hook that only remembers."""

    def __init__(self, harvest_conn_id: str) -> None:
        self.harvest_conn_id = harvest_conn_id
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(_base, "HarvestHook", Hook)
    return Task(task_id="t", harvest_conn_id="my_portal")


class TestTranslation:
    def test_final_error_is_not_retried(self, task: Any) -> None:
        error = HarvestInvalidInput("name is empty.")
        with pytest.raises(AirflowFailException) as raised, task.errors():
            raise error
        assert isinstance(raised.value, HarvestFailException)
        assert str(raised.value) == "name is empty."
        assert raised.value.error is error
        assert raised.value.__cause__ is None  # the same message a second time

    def test_other_errors_stay_as_they_are_and_are_retried(self, task: Any) -> None:
        error = exceptions.HarvestServerError("GET responded with 502.")
        with pytest.raises(exceptions.HarvestServerError) as raised, task.errors():
            raise error
        assert raised.value is error

    def test_final_error_of_a_sensor_that_would_skip_on_it_stays_as_it_is(self, task: Any) -> None:
        error = exceptions.HarvestAuthError("GET responded with 401.")
        with pytest.raises(HarvestError) as raised, task.errors(soft_fail=True):
            raise error
        assert raised.value is error

    def test_errors_of_others_are_not_touched(self, task: Any) -> None:
        with pytest.raises(KeyError), task.errors():
            raise KeyError("x")

    def test_result_of_a_harvest_travels_along(self, task: Any) -> None:
        error = rejected("items", "started")
        with pytest.raises(HarvestFailException) as raised, task.errors():
            raise error
        assert raised.value.result == error.result

    def test_without_a_harvest_the_result_is_empty(self) -> None:
        assert HarvestFailException(HarvestInvalidInput("name is empty.")).result == {}

    def test_failure_survives_pickling_as_its_text(self) -> None:
        failure = HarvestFailException(HarvestInvalidInput("name is empty."))
        assert str(pickle.loads(pickle.dumps(failure))) == "name is empty."  # noqa: S301

    @pytest.mark.parametrize(
        "error", [None, HarvestInvalidInput("x"), exceptions.HarvestTimeout("x")], ids=["success", "final", "retried"]
    )
    def test_hook_is_closed_however_it_ends(self, task: Any, error: Exception | None) -> None:
        def run() -> None:
            with task.errors():
                assert not task.hook.is_closed
                if error:
                    raise error

        if error:
            with pytest.raises(type(error) if not is_final(error) else HarvestFailException):  # type: ignore[arg-type]
                run()
        else:
            run()
        assert task.hook.is_closed

    def test_no_hook_is_made_to_be_closed(self, task: Any) -> None:
        with task.errors():
            pass
        assert "hook" not in vars(task)


class TestOperator:
    def test_making_it_makes_no_hook(self, task: Any) -> None:
        assert "hook" not in vars(task)

    def test_its_hook_is_that_of_its_connection(self, task: Any) -> None:
        assert task.hook.harvest_conn_id == "my_portal"

    def test_its_hook_is_made_once(self, task: Any) -> None:
        assert task.hook is task.hook

    def test_its_connection_may_be_a_template(self, task: Any) -> None:
        assert "harvest_conn_id" in task.template_fields

    def test_its_default_connection_is_the_hooks(self) -> None:
        assert Task(task_id="t").harvest_conn_id == "harvest_default"


class Client:
    """A portal with one source, of the slug ``my-source``."""

    has_key = True

    def __init__(self, deleted: datetime | None = None) -> None:
        self.asked: list[str] = []
        self.source = HarvestSource(SOURCE_ID, "My source", "https://c.example", "dcat", deleted=deleted)

    def get_source(self, source_id: str, *, keyed: bool) -> HarvestSource:
        self.asked.append(source_id)
        return self.source


LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


class TestResolvingASource:
    @pytest.mark.parametrize(
        "given, asked",
        [
            pytest.param(SOURCE_ID, SOURCE_ID, id="id"),
            pytest.param(f" {SOURCE_ID}\n", SOURCE_ID, id="id with blanks around it"),
            pytest.param("my-source", "my-source", id="slug"),
        ],
    )
    def test_finds_it_by(self, given: str, asked: str) -> None:
        client: Any = Client()
        assert resolve_source(client, given).id == SOURCE_ID
        assert client.asked == [asked]

    def test_logs_the_id_that_a_slug_names(self, caplog: pytest.LogCaptureFixture) -> None:
        client: Any = Client()
        with caplog.at_level("INFO"):
            resolve_source(client, "my-source")
        assert caplog.messages == [f"The slug 'my-source' names source {SOURCE_ID} ('My source')."]

    def test_refuses_a_slug_that_names_a_deleted_source(self) -> None:
        client: Any = Client(deleted=LONG_AGO)
        with pytest.raises(HarvestInvalidInput, match=f"names source {SOURCE_ID}, which is deleted"):
            resolve_source(client, "my-source")

    def test_finds_a_deleted_source_by_its_id(self) -> None:
        client: Any = Client(deleted=LONG_AGO)
        assert resolve_source(client, SOURCE_ID).deleted == LONG_AGO

    @pytest.mark.parametrize("given", [None, "", "None", "a/b", "{{ nobody rendered this }}", 7.5])
    def test_asks_the_portal_nothing_about(self, given: Any) -> None:
        client: Any = Client()
        with pytest.raises(HarvestInvalidInput, match="source_id"):
            resolve_source(client, given)
        assert client.asked == []
