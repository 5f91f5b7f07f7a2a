"""A task whose run is guarded, on an imitated portal: its `autoarchive` is switched as on a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators import _run_try
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release
from tests.support.fake_portal.scripted import (
    T0,
    SourceLife,
)
from tests.support.task_life import Store, Task, run_operator

if TYPE_CHECKING:
    import pytest

    from airflow_provider_harvest.exceptions import (
        HarvestError,
    )
    from airflow_provider_harvest.portal.client import HarvestClient
    from tests.support.fake_portal.scripted import Timeline


CHECK_LOSS = guarded_run.check_loss


class Killed(BaseException):
    """SIGKILL: nothing of the task runs on."""


class Guarded(Task):
    """A task whose run is guarded.

    :param is_due: whether a second harvest would archive something.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        timeline: Timeline,
        *,
        store: Store | None = None,
        is_due: bool = False,
        may_run: bool = True,
        **arguments: Any,
    ) -> None:
        #: For each job whether the portal archived when it began, in the order of their beginnings.
        self.archives: dict[str, bool] = {}
        self._is_due = is_due
        self.dies_after_release = False
        #: What Airflow's audit log holds of the task.
        self.compared: list[str] = []
        monkeypatch.setattr(_run_try, "note_compared_job", lambda context, source, job: self.compared.append(job))
        monkeypatch.setattr(_run_try, "compared_job_of", lambda *given: next(reversed(self.compared), None))
        put_job = SourceLife.put_job

        def noting(life: SourceLife, job_id: str, *given: Any, **named: Any) -> None:
            self.archives[job_id] = life.source.autoarchive is not False
            put_job(life, job_id, *given, **named)

        monkeypatch.setattr(SourceLife, "put_job", noting)
        monkeypatch.setattr(guarded_run, "check_loss", self._check_loss)
        super().__init__(monkeypatch, timeline, run_operator(**{"guard": True, **arguments}), store=store)
        self.client.state.manual_run = may_run
        self.client.portal.life.change(description="Data of the town.")

    def _check_loss(self, client: HarvestClient, source_id: str, *given: Any, **named: Any) -> guarded_run.LossCheck:
        if not is_held(client.get_source(source_id)):
            return CHECK_LOSS(client, source_id, *given, **named)
        if not self._is_due:
            named["before_release"]()
        release(client, source_id, accept=False)
        if self.dies_after_release:
            raise Killed
        return guarded_run.LossCheck(is_due=self._is_due)

    @property
    def is_as_before(self) -> bool:
        """Whether archiving is on, and the description has no line of the guard."""
        source = self.client.portal.life.source
        return (source.autoarchive, source.description) == (True, "Data of the town.")

    @property
    def is_held(self) -> bool:
        return is_held(self.client.portal.life.source)

    @property
    def requested_at(self) -> list[int]:
        """When harvests were requested, in seconds."""
        return [round(at - T0) for at in self.client.times_of("run")]

    def refuse(self, monkeypatch: pytest.MonkeyPatch, error: HarvestError) -> None:
        """Let every request for a harvest fail so."""

        def fail(source_id: str) -> None:
            self.client.note("run")
            raise error

        monkeypatch.setattr(self.client, "run_source", fail)
