"""Which job a guarded run has compared, so that a retry on Airflow 2.11 concludes instead of requesting another one.

Airflow 2.11 keeps nothing for a task over its tries, but its audit log is not cleared with them: an entry is written
right before archiving is on again, by which a retry cannot know any more that a guarded harvest has ended.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators._memory_between_tries import has_database

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context

log = logging.getLogger(__name__)

#: The event of the entry in Airflow's audit log; its extra is the id of the source and of the job.
EVENT = "harvest_compared"


def note_compared_job(context: Context, source_id: str, job_id: str) -> None:
    """Write into Airflow's audit log which job was compared. Never raises: without it a retry requests another one.

    :param context: Airflow's task context.
    :param source_id: the source.
    :param job_id: the job.
    """
    if not has_database(context):
        return
    try:
        from airflow.models.log import Log
        from airflow.utils.session import create_session

        with create_session() as session:
            session.add(Log(event=EVENT, task_instance=context["ti"], extra=f"{source_id} {job_id}"))  # type: ignore[arg-type]
    except Exception:  # Airflow's database may be away, with errors of its own
        log.debug("Airflow's audit log cannot be written.", exc_info=True)


def compared_job_of(context: Context, source_id: str, first_try: int) -> str | None:
    """Return the id of the job that an earlier try has compared; None if none has, or that cannot be known.

    :param context: Airflow's task context.
    :param source_id: the source.
    :param first_try: number of the first try since the task was last cleared.
    """
    ti: Any = context.get("ti")
    if not has_database(context):
        return None
    try:
        from airflow.models.log import Log
        from airflow.utils.session import create_session

        with create_session() as session:
            entries: Any = (
                session.query(Log.extra)
                .filter_by(dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index, event=EVENT)
                .filter(Log.try_number >= first_try)
                .order_by(Log.id.desc())
                .all()
            )
    except Exception:  # as above
        log.debug("Airflow's audit log cannot be read.", exc_info=True)
        return None
    found = [extra.split() for (extra,) in entries if extra]
    return next((job_id for source, job_id in found if source == source_id), None)
