"""The operators that create, change, validate, schedule, preview and list sources; each is safe to retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators.preview import (
    HarvestListSourcesOperator,
    HarvestPreviewSourceOperator,
    SourceOperator,
)
from airflow_provider_harvest.portal.statuses import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest._compat import Context

__all__ = [
    "HarvestCreateSourceOperator",
    "HarvestDeleteSourceOperator",
    "HarvestListSourcesOperator",
    "HarvestPreviewSourceOperator",
    "HarvestScheduleSourceOperator",
    "HarvestUnscheduleSourceOperator",
    "HarvestUpdateSourceOperator",
    "HarvestValidateSourceOperator",
]


class HarvestCreateSourceOperator(SourceOperator):
    """Create a source once, however often the task is retried or the DAG is run.

    A source of the same owner or organization, backend and URL that is not deleted counts as the same one (names are
    not unique on a portal); of several the oldest. So a retry after a killed worker or a lost response adopts what the
    earlier try created.

    :param name: shown on the portal. Templated.
    :param url: address of the catalogue: http, https, ftp or ftps. Public, so it may hold no secret. Templated.
    :param backend: one of the portal's backends, such as ``dcat``, ``ckan``, ``csw-dcat``. Templated.
    :param description: shown on the portal; default none. Templated.
    :param config: the backend's ``filters``, ``features`` and ``extra_configs``, public as well. Templated.
    :param active: whether it may be harvested. None (default): True for a new source, unchanged for an existing one.
    :param autoarchive: whether datasets that left the catalogue are archived after the portal's grace (7 days). None
        (default): True for a new source, unchanged for an existing one.
    :param organization: id or slug of the organization that it belongs to; default: the key's user. Templated.
    :param owner_id: id of the user that owns it; only a sysadmin may name another one. (``owner`` is the owner of an
        Airflow task, often set for a whole DAG.) Templated.
    :param if_exists: what to do if the source exists: ``"return"`` (default) it as it is, ``"update"`` what is
        given and differs, or ``"fail"``. To a retry, a source that was created since this DAG run began is its own.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source: ``id``, ``name``, ``url``, ``backend``, ``description``, ``config``, ``active``,
        ``autoarchive``, ``validation`` {state, comment, on}, ``schedule``, ``owner`` and ``organization``
        {id, name, slug}, ``created_at``, ``deleted``, ``last_job`` {id, status, created, ended}, ``source_url``; and
        ``created``, whether this task created it.
    """

    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "name",
        "url",
        "backend",
        "description",
        "config",
        "active",
        "autoarchive",
        "organization",
        "owner_id",
    )

    def __init__(
        self,
        *,
        name: str,
        url: str,
        backend: str,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        active: bool | None = None,
        autoarchive: bool | None = None,
        organization: str | None = None,
        owner_id: str | None = None,
        if_exists: str = "return",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.url = url
        self.backend = backend
        self.description = description
        self.config = config
        self.active = active
        self.autoarchive = autoarchive
        self.organization = organization
        self.owner_id = owner_id
        self.if_exists = if_exists

    def execute(self, context: Context) -> dict[str, Any]:
        """Find the source, or create it."""
        from airflow_provider_harvest.operators._memory_between_tries import is_retry
        from airflow_provider_harvest.portal.sources import writes

        with self.errors():
            client = self.hook.get_conn()
            source, created = writes.ensure_source(
                client,
                name=self.name,
                url=self.url,
                backend=self.backend,
                description=self.description,
                config=self.config,
                active=self.active,
                autoarchive=self.autoarchive,
                organization=self.organization,
                owner_id=self.owner_id,
                if_exists=self.if_exists,
                asked_since=_begin_of_run(context) if is_retry(context) else None,
            )
            return {**self.as_output(context, client, source), "created": created}


def _begin_of_run(context: Context) -> float | None:
    start = getattr(context.get("dag_run"), "start_date", None)
    return None if start is None else float(start.timestamp())


class HarvestUpdateSourceOperator(SourceOperator):
    """Change a source: only what is given, and only what differs. Nothing is reset by being left out.

    The owner of a source is fixed at its creation (from 17.4). A changed URL keeps the acceptance.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param name: its new name. Templated.
    :param url: its new URL. Templated.
    :param backend: its new backend. Templated.
    :param description: its new description; ``""`` empties it. Templated.
    :param config: its new configuration, which replaces the old one as a whole; ``{}`` empties it. Templated.
    :param active: whether it may be harvested. Templated.
    :param autoarchive: whether datasets that left the catalogue are archived; stays off if the guard holds the source.
        Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source, as of :class:`HarvestCreateSourceOperator` (without ``created``).
    """

    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "source_id",
        "name",
        "url",
        "backend",
        "description",
        "config",
        "active",
        "autoarchive",
    )

    def __init__(
        self,
        *,
        source_id: str,
        name: str | None = None,
        url: str | None = None,
        backend: str | None = None,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        active: bool | None = None,
        autoarchive: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id
        self.name = name
        self.url = url
        self.backend = backend
        self.description = description
        self.config = config
        self.active = active
        self.autoarchive = autoarchive

    def execute(self, context: Context) -> dict[str, Any]:
        """Change what differs."""
        from airflow_provider_harvest.portal.sources import writes

        with self.errors():
            client = self.hook.get_conn()
            changed = writes.ensure_fields(
                client,
                self.found(context, client, self.source_id),
                name=self.name,
                url=self.url,
                backend=self.backend,
                description=self.description,
                config=self.config,
                active=self.active,
                autoarchive=self.autoarchive,
            )
            return self.as_output(context, client, changed)


class HarvestDeleteSourceOperator(SourceOperator):
    """Delete a source, softly as udata does: it stays readable, and its datasets stay, until the portal purges it.

    :param source_id: id or slug of the source. Templated.
    :param missing_ok: whether a source that is deleted already or unknown is a success; default True, so that a retry
        of a try that was killed is one.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source, as of :class:`HarvestCreateSourceOperator` (without ``created``); if the portal does not
        know it (any more), all but ``id`` is None.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id")

    def __init__(self, *, source_id: str, missing_ok: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id
        self.missing_ok = missing_ok

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete it, if it is there."""
        from airflow_provider_harvest.portal.sources import identity as source_rules
        from airflow_provider_harvest.portal.sources import writes

        with self.errors():
            client = self.hook.get_conn()
            deleted = writes.ensure_deleted(client, self.source_id, self.missing_ok)
            if deleted is None:
                return {**dict.fromkeys(source_rules.SOURCE_KEYS), "id": self.source_id}
            return self.as_output(context, client, deleted)


class HarvestValidateSourceOperator(SourceOperator):
    """Accept or refuse a source, once: an accepted source is not accepted again. Takes a sysadmin's key.

    Accepting starts the first harvest and gives the source the portal's default cron; schedule it after this task.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param state: ``"accepted"`` (default) or ``"refused"``. Templated.
    :param comment: shown to the owner; a refusal needs one. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source, as of :class:`HarvestCreateSourceOperator` (without ``created``), and ``jobs_before``: ids of
        the newest jobs that were there before it was accepted, by this task or an earlier one. Give them to
        ``HarvestJobSensor(known_job_ids=...)`` to wait for the harvest that the acceptance started.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "state", "comment")

    def __init__(self, *, source_id: str, state: str = ACCEPTED, comment: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id
        self.state = state
        self.comment = comment

    def execute(self, context: Context) -> dict[str, Any]:
        """Accept or refuse it, unless it is already."""
        from airflow_provider_harvest.portal.sources import moderation

        with self.errors():
            client = self.hook.get_conn()
            source = self.found(context, client, self.source_id)
            validated, jobs_before, _ = moderation.ensure_validated(client, source, self.state, self.comment)
            return {**self.as_output(context, client, validated), "jobs_before": jobs_before}


class HarvestScheduleSourceOperator(SourceOperator):
    """Set when the portal harvests a source by itself. Takes a sysadmin's key; nothing is written without a change.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param cron: five fields by Celery's rules (Sunday is 0, never 7), on the portal's clock, which is UTC unless its
        team set another one. Checked before it is sent: a wrong one would stop all the portal's schedules. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source, as of :class:`HarvestCreateSourceOperator` (without ``created``).
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "cron")

    def __init__(self, *, source_id: str, cron: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id
        self.cron = cron

    def execute(self, context: Context) -> dict[str, Any]:
        """Set the cron, if it is another one."""
        from airflow_provider_harvest.portal.sources import moderation

        with self.errors():
            client = self.hook.get_conn()
            source = self.found(context, client, self.source_id)
            scheduled, _ = moderation.ensure_scheduled(client, source, self.cron)
            return self.as_output(context, client, scheduled)


class HarvestUnscheduleSourceOperator(SourceOperator):
    """Stop the portal from harvesting a source by itself. Needs a sysadmin's key if there is a cron to remove.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the source, as of :class:`HarvestCreateSourceOperator` (without ``created``).
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id")

    def __init__(self, *, source_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Remove the cron, if there is one."""
        from airflow_provider_harvest.portal.sources import moderation

        with self.errors():
            client = self.hook.get_conn()
            unscheduled, _ = moderation.ensure_unscheduled(client, self.found(context, client, self.source_id))
            return self.as_output(context, client, unscheduled)
