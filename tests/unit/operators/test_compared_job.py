"""Which job an earlier try has compared, as Airflow's audit log keeps it below 3.3."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.utils import session as airflow_session
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from airflow_provider_harvest.operators._compared_job import compared_job_of, note_compared_job
from airflow_provider_harvest.operators._memory_between_tries import first_start_of
from tests.support.airflow_release import HAS_EVENT_TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(SimpleNamespace):
    """A task instance of Airflow 2."""

    __table__ = "task_instance"


def context(kind: type[SimpleNamespace] = Row, **of_the_task: Any) -> Any:
    """Airflow's context of a try."""
    given = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 2, **of_the_task}
    return {"ti": kind(**given)}


@pytest.fixture
def audit_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of a new Airflow."""
    from airflow.models.log import Log

    engine = create_engine("sqlite://")
    table: Any = Log.__table__
    table.create(engine)

    @contextmanager
    def create_session() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    monkeypatch.setattr(airflow_session, "create_session", create_session)


@pytest.mark.skipif(HAS_EVENT_TRIGGERS, reason="tasks of Airflow 3 have no access to its database")
@pytest.mark.usefixtures("audit_log")
@pytest.mark.parametrize(
    "asked, source, first_try, found",
    [
        pytest.param({"try_number": 3}, "a", 1, "two", id="a retry: the newest"),
        pytest.param({"try_number": 3}, "a", 3, None, id="the task was cleared since"),
        pytest.param({"try_number": 3}, "b", 1, None, id="it is about another source now"),
        pytest.param({"run_id": "another"}, "a", 1, None, id="another run"),
        pytest.param({"map_index": 0}, "a", 1, None, id="another instance of a mapped task"),
    ],
)
def test_which_job_was_compared(asked: dict[str, Any], source: str, first_try: int, found: str | None) -> None:
    for job_id in ("one", "two"):
        note_compared_job(context(), "a", job_id)
    assert compared_job_of(context(**asked), source, first_try) == found


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A database that is away; the list has an entry for each attempt to use it."""
    attempts: list[str] = []

    def refuse() -> None:
        attempts.append("refused")
        raise RuntimeError("the database is away")

    monkeypatch.setattr(airflow_session, "create_session", refuse)
    return attempts


def test_an_audit_log_out_of_reach_is_no_error(refused: list[str]) -> None:
    note_compared_job(context(), "a", "one")
    assert compared_job_of(context(), "a", 1) is None
    assert len(refused) == 2


def test_a_task_of_airflow_3_does_not_try_the_database(refused: list[str]) -> None:
    note_compared_job(context(SimpleNamespace), "a", "one")
    assert compared_job_of(context(SimpleNamespace), "a", 1) is None
    assert first_start_of(context(SimpleNamespace)) is None
    assert refused == []
