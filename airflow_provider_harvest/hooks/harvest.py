"""The hook: an Airflow connection as a client of the portal's harvest API; used by operators, sensor and triggers."""

from __future__ import annotations

import shlex
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import AirflowNotFoundException, BaseHook, async_connection, mask_secret
from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError, HarvestInvalidInput
from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings, connection_settings
from airflow_provider_harvest.provider_info import CONNECTION_TYPE, EXTRA_FIELDS, FIELD_BEHAVIOUR, HOOK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest._compat import Connection
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestBackend, HarvestItem, HarvestJob, HarvestSource

#: Longest wait of a trigger for a response (s): a hung portal must not block its threads for long.
TRIGGER_TIMEOUT = 20.0
#: The same for *Test connection*, which makes up to four requests: Airflow 3.3 gives it 60 seconds on a worker.
TEST_TIMEOUT = 12.0


class HarvestHook(BaseHook):
    """Client of the harvest API of an open-data portal built on udata.

    The methods with the API's names do what those of
    :class:`~airflow_provider_harvest.portal.client.HarvestClient` do, and take the same arguments.

    They return dataclasses, which Airflow refuses to read back from an XCom unless its option
    ``[core] allowed_deserialization_classes`` names them. So a ``@task`` returns what it needs of them, such as
    ``source.id`` or ``source.raw`` (the portal's own response, JSON); the operators return JSON.

    :param harvest_conn_id: id of the connection; its host is the portal's site, its password the API key.
    """

    conn_name_attr = "harvest_conn_id"
    default_conn_name = "harvest_default"
    conn_type = CONNECTION_TYPE
    hook_name = HOOK_NAME

    def __init__(self, harvest_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.harvest_conn_id = harvest_conn_id
        self._client: HarvestClient | None = None
        self._settings: ConnectionSettings | None = None

    def __enter__(self) -> HarvestHook:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- the connection --------------------------------------------------------------------------------------

    @property
    def settings(self) -> ConnectionSettings:
        """The settings of the connection, read once.

        :raises HarvestError: for a missing connection.
        :raises HarvestInvalidInput: for invalid settings.
        """
        if self._settings is None:
            try:
                connection = self.get_connection(self.harvest_conn_id)
            except AirflowNotFoundException:
                raise self._missing() from None
            self._settings = self._read(connection)
            if self._settings.api_key:
                # Airflow masks the password as it is stored; what is sent has no blanks around it.
                mask_secret(self._settings.api_key)
        return self._settings

    @property
    def min_poll_interval(self) -> float:
        """Fewest seconds between two polls of a job of this portal."""
        return self.settings.min_poll_interval

    def get_conn(self) -> HarvestClient:
        """Return the client of the portal, the same one until the hook is closed.

        :raises HarvestError: for a missing connection, which may be temporary: Airflow raises the same for a connection
            whose store it cannot reach.
        :raises HarvestInvalidInput: for invalid settings.
        """
        if self._client is None:
            self._client = _client(self.settings)
        return self._client

    async def aget_conn(self) -> HarvestClient:
        """Return a new client for a trigger, which closes it: see :func:`reading_client`.

        :raises HarvestError: as :meth:`get_conn`.
        """
        return reading_client(await self.aget_settings())

    async def aget_settings(self) -> ConnectionSettings:
        """Return the settings of the connection inside a triggerer, without the key: triggers only read.

        :raises HarvestError: as :meth:`get_conn`.
        """
        try:
            connection = await async_connection(self.harvest_conn_id)
        except AirflowNotFoundException:
            raise self._missing() from None
        return replace(self._read(connection), api_key=None)

    def close(self) -> None:
        """Close the client's connections; idempotent."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def test_connection(self) -> tuple[bool, str]:
        """Test the connection: which portal it is, and what the key may do. Never raises, and never shows the key.

        :returns: whether the connection can be used, and a string for the person who tests it.
        """
        from airflow_provider_harvest.portal.http.retry import RetryPolicy

        try:
            with _client(self.settings, timeout=TEST_TIMEOUT, retry=RetryPolicy(attempts=1)) as client:
                found = f"{client.site} is a udata portal of {client.find_generation()}."
                if not client.has_key:
                    return True, f"{found} There is no API key: reading works, writing does not."
                try:
                    return True, f"{found} {_who(client.whoami())}"
                except HarvestAuthError as error:
                    return False, f"{found} It refuses the API key: {error}"
        except HarvestError as error:
            return False, str(error)
        except Exception as error:  # the button must show something; an unknown error's text may hold anything
            return False, f"The connection could not be tested: {type(error).__name__}."

    # Only Airflow 2.11 to 3.1 call these two; from 3.2 on the provider info describes the form.

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the connection form shows Airflow's own fields."""
        return {key.replace("-", "_"): deepcopy(value) for key, value in FIELD_BEHAVIOUR.items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the fields of the connection form that are kept in the extra."""
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget  # type: ignore[import-not-found]
        from wtforms import StringField  # type: ignore[import-untyped]

        return {
            name: StringField(field["label"], description=field["description"], widget=BS3TextFieldWidget())
            for name, field in EXTRA_FIELDS.items()
        }

    def _read(self, connection: Connection) -> ConnectionSettings:
        try:
            return connection_settings(connection)
        except HarvestInvalidInput as error:
            raise HarvestInvalidInput(f"Connection {self.harvest_conn_id!r}: {error}") from None

    def _missing(self) -> HarvestError:
        return HarvestError(
            f"There is no connection {self.harvest_conn_id!r}. Create it with: airflow connections add "
            f"{shlex.quote(self.harvest_conn_id)} --conn-type {self.conn_type} --conn-host https://www.data.gouv.fr "
            "--conn-password YOUR_API_KEY"
        )

    # --- the harvest API -------------------------------------------------------------------------------------

    def whoami(self) -> dict[str, Any]:
        """Return the user whose key this is."""
        return self.get_conn().whoami()

    def list_backends(self) -> list[HarvestBackend]:
        """Return the kinds of catalogue that this portal can harvest."""
        return self.get_conn().list_backends()

    def list_job_statuses(self) -> dict[str, str]:
        """Return the job statuses that udata defines, with their meaning; sends nothing."""
        return self.get_conn().list_job_statuses()

    def iter_sources(
        self,
        owner: str | None = None,
        organization: str | None = None,
        q: str | None = None,
        deleted: bool = False,
    ) -> Iterator[HarvestSource]:
        """Yield the portal's sources, newest first, all of them or those of a user or an organization (ids)."""
        return self.get_conn().iter_sources(owner, organization, q, deleted)

    def get_source(self, source_id: str) -> HarvestSource:
        """Return a source, deleted ones included."""
        return self.get_conn().get_source(source_id)

    def create_source(
        self,
        name: str,
        url: str,
        backend: str,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        active: bool = True,
        autoarchive: bool = True,
        organization: str | None = None,
        owner: str | None = None,
    ) -> HarvestSource:
        """Create a source; each call makes a new one."""
        return self.get_conn().create_source(
            name, url, backend, description, config, active, autoarchive, organization, owner
        )

    def update_source(self, source_id: str, **changes: Any) -> HarvestSource:
        """Change only the given fields of a source."""
        return self.get_conn().update_source(source_id, **changes)

    def delete_source(self, source_id: str) -> None:
        """Mark a source as deleted."""
        self.get_conn().delete_source(source_id)

    def preview_source(self, source_id: str) -> HarvestJob:
        """Harvest the first 20 items of a saved source without keeping anything."""
        return self.get_conn().preview_source(source_id)

    def preview_config(
        self,
        name: str,
        url: str,
        backend: str,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        active: bool = True,
        autoarchive: bool = True,
        organization: str | None = None,
        owner: str | None = None,
    ) -> HarvestJob:
        """Preview a source that does not exist yet; nothing is kept."""
        return self.get_conn().preview_config(
            name, url, backend, description, config, active, autoarchive, organization, owner
        )

    def validate_source(self, source_id: str, state: str = "accepted", comment: str | None = None) -> HarvestSource:
        """Accept or refuse a source; each acceptance starts a harvest and resets the cron."""
        return self.get_conn().validate_source(source_id, state, comment)

    def run_source(self, source_id: str) -> HarvestSource:
        """Request a harvest; each call queues one."""
        return self.get_conn().run_source(source_id)

    def schedule_source(self, source_id: str, cron: str) -> HarvestSource:
        """Set the cron of a source, checked before it is sent."""
        return self.get_conn().schedule_source(source_id, cron)

    def unschedule_source(self, source_id: str) -> None:
        """Remove the cron of a source."""
        self.get_conn().unschedule_source(source_id)

    def iter_jobs(self, source_id: str) -> Iterator[HarvestJob]:
        """Yield the jobs of a source, newest first, without their items."""
        return self.get_conn().iter_jobs(source_id)

    def get_job(self, job_id: str) -> HarvestJob:
        """Return a job with its errors and counters."""
        return self.get_conn().get_job(job_id)

    def iter_job_items(self, job_id: str, status: str | None = None) -> Iterator[HarvestItem]:
        """Yield the items of a job."""
        return self.get_conn().iter_job_items(job_id, status)


def reading_client(settings: ConnectionSettings) -> HarvestClient:
    """Return a client for a triggerer: short timeouts, no repeated requests, and no key.

    Reading needs no key, so none is ever in a triggerer's requests; each wait has a budget of failures.

    :param settings: of a connection.
    """
    from airflow_provider_harvest.portal.http.retry import RetryPolicy

    return _client(replace(settings, api_key=None), timeout=TRIGGER_TIMEOUT, retry=RetryPolicy(attempts=1))


def _client(settings: ConnectionSettings, *, timeout: float | None = None, **kwargs: Any) -> HarvestClient:
    """Return a client with the settings of a connection; imported here, since parsing a DAG must not load an HTTP
    library.

    :param timeout: longest time that a response may take (s), if the connection allows more.
    """
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.places import CONNECTION

    if isinstance(settings.verify, str) and not Path(settings.verify).exists():
        raise HarvestInvalidInput(
            f"verify in the connection's extra names {settings.verify}, which does not exist on this machine: give "
            "true, false, or the path of a CA bundle that each worker and triggerer has."
        )
    return HarvestClient(
        settings.site,
        settings.api_key,
        timeout=min(settings.timeout, timeout or settings.timeout),
        verify=settings.verify,
        source_page=settings.source_page,
        job_page=settings.job_page,
        places=CONNECTION,
        **kwargs,
    )


def _who(me: dict[str, Any]) -> str:
    """Describe the user of the key. A sysadmin has the role ``admin`` in every release (seen on 9.2.4 to 17.18.0)."""
    from airflow_provider_harvest.portal.text.untrusted import plain

    name = plain(" ".join(str(part) for part in (me.get("first_name"), me.get("last_name")) if part))
    name = name or f"user {plain(me.get('id'))}"
    if "admin" in (me.get("roles") or ()):
        return f"The API key is that of {name}, a sysadmin: everything is allowed."
    return (
        f"The API key is that of {name}, who is not a sysadmin: validating and scheduling are not allowed, and "
        "starting a harvest only if the portal permits it."
    )
