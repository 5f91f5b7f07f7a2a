"""Steers a running portal from outside: one method per thing a test may do to it; made by ``Sandbox`` only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_CALL_TIMEOUT = 300.0  # seconds, on top of what a call waits by itself; thousands of records take their time
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ControlError(RuntimeError):
    """The portal did not do what it was told; the message holds its complaint."""


class Control:
    """The steering of one portal. What is set holds until `reset()`; data is never reset.

    :param url: The address of the portal process's control server, secret included.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def hold_jobs(self) -> None:
        """Let harvests wait in the queue as if no worker were up: they create no job until `release_jobs()`."""
        self._call("hold_jobs")

    def release_jobs(self) -> None:
        """Let the held harvests start."""
        self._call("release_jobs")

    def delay_items(self, seconds: float) -> None:
        """Let each item of every job and preview take so many seconds longer; 0 ends waits in progress, too."""
        self._call("delay_items", seconds=seconds)

    def save_items_rarely(self, items: int = 500) -> None:
        """Let a running job be written to the database once for so many items.

        udata writes the whole job twice for each item: the time of a harvest grows with the square of its items.
        Up to its end, a job then shows fewer items than are done.

        :param items: Items between two writes; 0: as udata does.
        """
        self._call("save_items_rarely", items=items)

    def freeze_before_item(self, number: int, jobs: int = 1) -> None:
        """Let the next jobs stand before an item: the database then looks as after a killed worker.

        :param number: The item, from 1, before which they stand.
        :param jobs: How many jobs are stopped in this way; later ones run as usual.
        """
        self._call("freeze_before_item", number=number, jobs=jobs)

    def unfreeze(self) -> None:
        """Let the frozen jobs continue."""
        self._call("unfreeze")

    def wait_until_frozen(self, jobs: int = 1, timeout: float = 30.0) -> list[str]:
        """Wait until so many jobs stand frozen.

        :param timeout: Seconds to wait at most.
        :returns: The ids of the frozen jobs.
        :raises ControlError: They do not within the timeout.
        """
        if not self._call("wait_until_frozen", timeout, jobs=jobs, timeout=timeout):
            raise ControlError(f"After {timeout:g} s fewer than {jobs} jobs are frozen: {self.harvests()}.")
        return list(self.harvests()["frozen"])

    def wait_until_held(self, harvests: int = 1, timeout: float = 30.0) -> None:
        """Wait until a worker would have begun so many harvests, had they not been held.

        :param timeout: Seconds to wait at most.
        :raises ControlError: Fewer are held after the timeout.
        """
        if not self._call("wait_until_held", timeout, harvests=harvests, timeout=timeout):
            raise ControlError(f"After {timeout:g} s fewer than {harvests} harvests are held: {self.harvests()}.")

    def wait_until_idle(self, timeout: float = 60.0) -> None:
        """Wait until no harvest is queued or running, frozen ones aside.

        :param timeout: Seconds to wait at most.
        :raises ControlError: Some still are after the timeout.
        """
        if not self._call("wait_until_idle", timeout, timeout=timeout):
            raise ControlError(f"After {timeout:g} s harvests are still running: {self.harvests()}.")

    def harvests(self) -> dict[str, Any]:
        """What is going on: ``unfinished``, ``held`` and ``delayed`` (numbers of harvests), ``frozen`` (job ids)."""
        return dict(self._call("harvests"))

    def run_scheduled(self, source_id: str) -> None:
        """Start a harvest as the portal's own scheduler does, with nobody logged in."""
        self._call("run_scheduled", source_id=source_id)

    def backdate_job(self, job_id: str, seconds: float) -> None:
        """Shift a job's times and those of its items into the past, so that it looks stalled without waiting.

        For jobs that have ended or stand frozen: one that continues writes the true times of its items again.
        """
        self._call("backdate_job", job_id=job_id, seconds=seconds)

    def backdate_source(self, source_id: str, seconds: float) -> None:
        """Shift the times at which a source was created and accepted into the past; its jobs stay as they are."""
        self._call("backdate_source", source_id=source_id, seconds=seconds)

    def dangle(self, source_id: str, field: str = "organization") -> None:
        """Let a source refer to an organization (or ``owner``) that does not exist: the list responds with 500."""
        self._call("dangle", source_id=source_id, field=field)

    def remove_document(self, source_id: str) -> None:
        """Remove a source from the database at once, such as one that the portal cannot return."""
        self._call("remove_document", source_id=source_id)

    def set_interval(self, source_id: str, minutes: int) -> None:
        """Give a source a task with an interval in place of a cron, as only somebody with the database can."""
        self._call("set_interval", source_id=source_id, minutes=minutes)

    def backdate_records(self, source_id: str, seconds: float, remote_ids: Sequence[str] | None = None) -> None:
        """Shift when datasets and dataservices of a source were last harvested into the past, as days that pass do.

        :param remote_ids: Those with such ids only; all of the source by default.
        """
        chosen = None if remote_ids is None else list(remote_ids)
        self._call("backdate_records", source_id=source_id, seconds=seconds, remote_ids=chosen)

    def remove_records(self, source_id: str, remote_ids: Sequence[str]) -> None:
        """Remove datasets of a source for good, as the portal's purge of deleted ones does."""
        self._call("remove_records", source_id=source_id, remote_ids=list(remote_ids))

    def pass_time(self, source_id: str, seconds: float) -> None:
        """Shift the times of a source's jobs and of its datasets' last harvests into the past, as days that pass do."""
        self._call("pass_time", source_id=source_id, seconds=seconds)

    def archived(self, source_id: str) -> list[str]:
        """The remote ids of the datasets and dataservices of a source that the portal has archived, in order."""
        return list(self._call("archived", source_id=source_id))

    def forget_sources(self) -> None:
        """Remove all sources, their jobs and what they harvested: later harvests are as fast as on a new portal."""
        self._call("forget_sources")

    def purge_jobs(self) -> None:
        """Remove jobs older than ``HARVEST_JOBS_RETENTION_DAYS``, as the portal's own task does."""
        self._call("purge_jobs")

    def purge_sources(self) -> None:
        """Remove deleted sources and their jobs, as the portal's own task does."""
        self._call("purge_sources")

    def set(self, **settings: Any) -> None:
        """Change udata settings at run time, for example ``READ_ONLY_MODE=True``.

        :raises ControlError: The release has no such setting.
        """
        self._call("set", **settings)

    def fail_broker(self, failing: bool = True) -> None:
        """Let putting a harvest into the queue fail, as with a broker that is down."""
        self._call("fail_broker", failing=failing)

    def issue_key(self, role: str, *, expired: bool = False, revoked: bool = False) -> str:
        """Make one more API key; if a person has a single one (13.0.0 and 9.2.4), return that.

        :param role: ``"admin"``, ``"org_admin"``, ``"org_editor"`` or ``"user"``.
        :returns: The key itself.
        :raises ControlError: ``expired`` or ``revoked`` on a release before 16.6, whose keys are neither.
        """
        return str(self._call("issue_key", role=role, expired=expired, revoked=revoked))

    def crontab_check(self, expression: str) -> tuple[bool, str]:
        """Whether the portal's scheduler can live with a cron text, and Celery's complaint if not."""
        return self.crontab_check_all([expression])[0]

    def crontab_check_all(self, expressions: Sequence[str]) -> list[tuple[bool, str]]:
        """`crontab_check()` for many texts in one call."""
        answers = self._call("crontab_check", expressions=list(expressions))
        return [(bool(fits), str(message)) for fits, message in answers]

    def crontab_next(self, expression: str, after: datetime) -> datetime:
        """When Celery fires next after a naive time, as a naive time.

        :raises ControlError: Celery cannot tell.
        """
        answer = self._call("crontab_next", expression=expression, after=after.isoformat())
        return type(after).fromisoformat(answer)

    def reset(self) -> None:
        """Undo all steering: nothing held, slowed or frozen, the broker up, the settings as at the start."""
        self._call("reset")

    def clear(self) -> None:
        """Remove all sources, jobs and datasets; people, their keys and organizations stay."""
        self._call("clear")

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The records of the portal's access log; see ``Sandbox.requests``."""
        return list(self._call("requests", since=since))

    def _call(self, call_name: str, waits: float = 0.0, /, **arguments: Any) -> Any:
        request = urllib.request.Request(f"{self._url}/{call_name}", json.dumps(arguments).encode(), method="POST")
        try:
            with _NO_PROXY.open(request, timeout=_CALL_TIMEOUT + waits) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            raise ControlError(f"{call_name}: {json.load(error)['error']}") from None
