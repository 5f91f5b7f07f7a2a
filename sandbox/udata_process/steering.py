"""What a test may do to the portal behind its API: each public method is a call that `control_server` offers."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery.exceptions import OperationalError
from celery.schedules import crontab
from celery.signals import task_postrun, task_prerun

from sandbox.udata_process.application import ROLES, issue_key
from sandbox.udata_process.pause_points import HarvestGates

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from sandbox.releases import Release
    from sandbox.udata_process.access_log import AccessLog

_TASK = "harvest"
_JOB_TIMES = ("created", "started", "ended")


class Steering:
    """Hooks itself into the harvests of this process and changes what happens to them.

    :param app: The udata application.
    :param release: The release that is installed in this environment.
    :param access_log: The log that wraps the application.
    """

    def __init__(self, app: Flask, release: Release, access_log: AccessLog) -> None:
        self._app = app
        self._release = release
        self._access_log = access_log
        self._gates = HarvestGates()
        self._changed_settings: dict[str, Any] = {}
        self._broker_fails = False
        #: The collections of what lives in the portal from the start on.
        self._kept = {name for name in _database().list_collection_names() if _database()[name].count_documents({})}
        self._hook_into_tasks()
        self._items_between_saves = 0
        self._hook_into_items()
        self._hook_into_saves()

    # Jobs

    def hold_jobs(self) -> None:
        """Harvests wait before they create their job, as if no worker were up."""
        self._gates.hold(True)

    def release_jobs(self) -> None:
        """The held harvests start."""
        self._gates.hold(False)

    def delay_items(self, seconds: float) -> None:
        """Each item takes so many seconds longer."""
        self._gates.delay_items(seconds)

    def save_items_rarely(self, items: int) -> None:
        """A running job is written to the database once for so many items; 0: as udata does, at each."""
        self._items_between_saves = items

    def freeze_before_item(self, number: int, jobs: int = 1) -> None:
        """The next `jobs` jobs that come to item `number` (from 1) stand before it until `unfreeze`."""
        self._gates.freeze_before_item(number, jobs)

    def unfreeze(self) -> None:
        """Frozen jobs continue."""
        self._gates.unfreeze()

    def wait_until_frozen(self, jobs: int = 1, timeout: float = 30.0) -> bool:
        """Whether so many jobs stand frozen within `timeout` seconds."""
        return self._gates.wait_until_frozen(jobs, timeout)

    def wait_until_held(self, harvests: int = 1, timeout: float = 30.0) -> bool:
        """Whether so many harvests are held within `timeout` seconds."""
        return self._gates.wait_until_held(harvests, timeout)

    def wait_until_idle(self, timeout: float = 60.0) -> bool:
        """Whether within `timeout` seconds no harvest but frozen ones is queued or running."""
        return self._gates.wait_until_idle(timeout)

    def harvests(self) -> dict[str, object]:
        """How many harvests are unfinished, held and delayed, and which jobs are frozen."""
        return self._gates.state()

    def run_scheduled(self, source_id: str) -> None:
        """Queue a harvest the way celery beat does: by the task, with nobody logged in."""
        self._app.extensions["celery_harvest"].apply_async(args=[source_id])

    def backdate_job(self, job_id: str, seconds: float) -> None:
        """Shift all times of a job and its items so many seconds into the past."""
        from udata.harvest.models import HarvestJob

        known = HarvestJob.objects(id=job_id).only("id").first()
        if known is None:
            raise ValueError(f"The portal has no harvest job {job_id}.")
        # Past the models, so that a running job, which holds its own copy, saves its next item as if nothing were.
        jobs = HarvestJob._get_collection()
        job = jobs.find_one({"_id": known.id})
        for document in (job, *job.get("items", [])):
            for name in _JOB_TIMES:
                if isinstance(document.get(name), datetime):
                    document[name] -= timedelta(seconds=seconds)
        jobs.replace_one({"_id": known.id}, job)

    def backdate_source(self, source_id: str, seconds: float) -> None:
        """Shift the creation and the validation of a source so many seconds into the past."""
        from udata.harvest.models import HarvestSource

        known = HarvestSource.objects(id=source_id).only("id").first()
        if known is None:
            raise ValueError(f"The portal has no harvest source {source_id}.")
        sources = HarvestSource._get_collection()
        source = sources.find_one({"_id": known.id})
        earlier = timedelta(seconds=seconds)
        source["created_at"] -= earlier
        validation = source.get("validation") or {}
        if isinstance(validation.get("on"), datetime):
            validation["on"] -= earlier
        sources.replace_one({"_id": known.id}, source)

    def dangle(self, source_id: str, field: str = "organization") -> None:
        """Let a source refer to an owner or organization that does not exist."""
        from bson import DBRef, ObjectId
        from udata.harvest.models import HarvestSource

        sources = HarvestSource._get_collection()
        known = HarvestSource.objects(id=source_id).only("id").first().id
        source = sources.find_one({"_id": known})
        was = source.get(field)
        source[field] = DBRef(was.collection, ObjectId()) if isinstance(was, DBRef) else ObjectId()
        sources.replace_one({"_id": known}, source)

    def remove_document(self, source_id: str) -> None:
        """Remove a source from the database, without the other effects of the portal's own removal."""
        from bson import ObjectId
        from udata.harvest.models import HarvestSource

        HarvestSource._get_collection().delete_one({"_id": ObjectId(source_id)})

    def set_interval(self, source_id: str, minutes: int) -> None:
        """Give a source a task with an interval, as a portal's team may in the database; no API call sets one."""
        from udata.core.jobs.models import PeriodicTask
        from udata.harvest.models import HarvestSource

        source = HarvestSource.objects.get(id=source_id)
        if source.periodic_task is not None:
            source.periodic_task.delete()
        task = PeriodicTask.objects.create(
            task="harvest",
            name=f"Harvest {source.name} every {minutes} minutes",
            description="Periodic Harvesting",
            enabled=True,
            args=[str(source.id)],
            interval=PeriodicTask.Interval(every=minutes, period="minutes"),
        )
        source.modify(periodic_task=task)

    def backdate_records(self, source_id: str, seconds: float, remote_ids: list[str] | None = None) -> None:
        """Shift when the datasets of a source (or those with such ids) were last harvested into the past."""
        # Past the models: saving a dataset would compute other times of it again.
        for records in self._collections():
            for record in list(records.find({"harvest.source_id": source_id})):
                if remote_ids is None or str(record["harvest"]["remote_id"]) in remote_ids:
                    earlier = record["harvest"]["last_update"] - timedelta(seconds=seconds)
                    records.update_one({"_id": record["_id"]}, {"$set": {"harvest.last_update": earlier}})

    def _collections(self) -> list[Any]:
        """What a release harvests: datasets, and dataservices if it has them."""
        from udata.core.dataset.models import Dataset

        try:
            from udata.core.dataservices.models import Dataservice
        except ImportError:
            return [Dataset._get_collection()]
        return [Dataset._get_collection(), Dataservice._get_collection()]

    def remove_records(self, source_id: str, remote_ids: list[str]) -> None:
        """Remove datasets of a source and all references to them, as the purge of deleted ones does."""
        from udata.core.dataset.models import Dataset
        from udata.harvest.models import HarvestJob

        records, jobs = Dataset._get_collection(), HarvestJob._get_collection()
        found = list(records.find({"harvest.source_id": source_id}))
        gone = {record["_id"] for record in found if str(record["harvest"]["remote_id"]) in remote_ids}
        for job in list(jobs.find({})):
            for item in job.get("items", []):
                if getattr(item.get("dataset"), "id", item.get("dataset")) in gone:
                    item["dataset"] = None
            jobs.replace_one({"_id": job["_id"]}, job)
        for ident in gone:
            records.delete_one({"_id": ident})

    def pass_time(self, source_id: str, seconds: float) -> None:
        """Shift what a source's jobs and records remember so many seconds into the past."""
        from udata.harvest.models import HarvestJob

        self.backdate_records(source_id, seconds)
        for job in HarvestJob.objects(source=source_id).only("id"):
            self.backdate_job(str(job.id), seconds)

    def archived(self, source_id: str) -> list[str]:
        """The remote ids of the datasets and dataservices of a source that are archived."""
        return sorted(
            str(record["harvest"]["remote_id"])
            for records in self._collections()
            for record in records.find({"harvest.source_id": source_id})
            if record.get("archived") or record.get("archived_at")
        )

    def forget_sources(self) -> None:
        """Remove all sources, their jobs and what they harvested: later harvests are as fast as on a new portal."""
        from udata.harvest.models import HarvestJob, HarvestSource

        for records in self._collections():
            records.delete_many({"harvest.source_id": {"$exists": True}})
        HarvestJob._get_collection().delete_many({})
        HarvestSource._get_collection().delete_many({})

    def purge_jobs(self) -> None:
        """What the portal's own purge of old jobs does (older than `HARVEST_JOBS_RETENTION_DAYS`)."""
        from udata.harvest import actions

        actions.purge_jobs()

    def clear(self) -> None:
        """Remove all that was not there at the start: sources, jobs, datasets; people, keys and organizations stay."""
        for name in set(_database().list_collection_names()) - self._kept:
            _database()[name].delete_many({})

    def purge_sources(self) -> None:
        """What the portal's own purge of deleted sources does."""
        from udata.harvest import actions

        actions.purge_sources()

    # The portal as a whole

    def set(self, **settings: Any) -> None:
        """Change udata settings while it runs, for example `READ_ONLY_MODE=True`."""
        for name, value in settings.items():
            if name not in self._app.config:
                raise ValueError(f"udata {self._release.version} has no setting {name}.")
            self._changed_settings.setdefault(name, self._app.config[name])
            self._app.config[name] = value

    def fail_broker(self, failing: bool = True) -> None:
        """Whether putting a harvest into the queue fails, as with a broker that is down."""
        self._broker_fails = failing

    def reset(self) -> None:
        """Undo all steering; data stays."""
        self._gates.delay_items(0)
        self._items_between_saves = 0
        self._gates.unfreeze()
        self._gates.hold(False)
        self._broker_fails = False
        self._app.config.update(self._changed_settings)
        self._changed_settings.clear()

    def issue_key(self, role: str, expired: bool = False, revoked: bool = False) -> str:
        """One more API key for the person in this role."""
        from udata.core.user.models import User

        person = User.objects.get(email=ROLES[role])
        key = issue_key(self._release, person, f"another {role}", expired=expired, revoked=revoked)
        self._access_log.know(key, role)
        return key

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The requests numbered above `since`."""
        return self._access_log.since(since)

    # Celery as an oracle

    def crontab_check(self, expressions: list[str]) -> list[tuple[bool, str]]:
        """For each text: whether udata's beat can schedule by it, and Celery's complaint if it cannot."""
        return [self._try_crontab(expression) for expression in expressions]

    def crontab_next(self, expression: str, after: str) -> str:
        """When Celery fires next after a naive ISO time, as a naive ISO time."""
        start = datetime.fromisoformat(after)
        last, delta, _now = self._crontab(expression, nowfun=lambda: start).remaining_delta(start)
        return str((last + delta).replace(tzinfo=None).isoformat())

    def _try_crontab(self, expression: str) -> tuple[bool, str]:
        try:
            self._crontab(expression)
        except Exception as error:  # whatever it raises would end the beat process in the same way
            return False, f"{type(error).__name__}: {error}"
        return True, ""

    def _crontab(self, expression: str, **options: Any) -> crontab:
        minute, hour, day_of_month, month_of_year, day_of_week = expression.split()
        return crontab(
            minute=minute,
            hour=hour,
            day_of_month=day_of_month,
            month_of_year=month_of_year,
            day_of_week=day_of_week,
            **options,
        )

    # Hooks

    def _hook_into_tasks(self) -> None:
        from udata.harvest.tasks import harvest

        publish = harvest.apply_async

        def publish_counted(*args: Any, **kwargs: Any) -> Any:
            if self._broker_fails:
                raise OperationalError("The sandbox's broker is set to fail.")
            self._gates.task_published()
            try:
                return publish(*args, **kwargs)
            except BaseException:
                self._gates.task_ended()
                raise

        harvest.apply_async = publish_counted
        self._app.extensions["celery_harvest"] = harvest

        def on_start(sender: Any, **_: Any) -> None:
            if sender.name == _TASK:
                self._gates.task_starts()

        def on_end(sender: Any, **_: Any) -> None:
            if sender.name == _TASK:
                self._gates.task_ended()

        task_prerun.connect(on_start, weak=False)
        task_postrun.connect(on_end, weak=False)

    def _hook_into_items(self) -> None:
        from udata.harvest.backends.base import BaseBackend

        for name in self._release.item_methods:
            setattr(BaseBackend, name, self._gated(getattr(BaseBackend, name)))

    def _hook_into_saves(self) -> None:
        from udata.harvest.models import HarvestJob

        save = HarvestJob.save
        saved: dict[Any, tuple[str, int]] = {}

        def save_unless_too_often(job: Any, *args: Any, **kwargs: Any) -> Any:
            status, items = saved.get(job.id, (None, 0))
            is_running = job.id is not None and job.ended is None and job.status == status
            if is_running and len(job.items) < items + self._items_between_saves:
                return job
            save(job, *args, **kwargs)  # which is what gives a new job its id
            saved[job.id] = job.status, len(job.items)
            return job

        HarvestJob.save = save_unless_too_often

    def _gated(self, handle_item: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handle_item)
        def handle_behind_gate(backend: Any, *args: Any, **kwargs: Any) -> Any:
            job_id = None if backend.dryrun else str(backend.job.id)
            self._gates.before_item(job_id, len(backend.job.items) + 1)
            return handle_item(backend, *args, **kwargs)

        return handle_behind_gate


def _database() -> Any:
    from udata.harvest.models import HarvestSource

    return HarvestSource._get_collection().database
