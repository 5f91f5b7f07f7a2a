"""The harvest API of one portal: one method per endpoint, for every udata release from 9.2.4 on.

Called by the hook and by plain scripts; nothing else in this package speaks HTTP. Sources are addressed by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import check_cron
from airflow_provider_harvest.portal.http.address import API_PATH, expand_page, known_pages
from airflow_provider_harvest.portal.http.dataset_reads import RecordReads
from airflow_provider_harvest.portal.http.errors import parsed
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE, RECENT_JOBS, JobReads
from airflow_provider_harvest.portal.http.places import ARGUMENTS
from airflow_provider_harvest.portal.http.session import segment
from airflow_provider_harvest.portal.http.source_filters import ignores_search, of_organization
from airflow_provider_harvest.portal.http.unreadable_entries import may_be
from airflow_provider_harvest.portal.inputs import as_written, check_validation, is_object_id
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestJob, HarvestRef, HarvestSource
from airflow_provider_harvest.portal.statuses import ACCEPTED, JOB_STATUSES
from airflow_provider_harvest.portal.text.response_values import entries_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_harvest.portal.clock import Clock
    from airflow_provider_harvest.portal.http.dialect import Dialect
    from airflow_provider_harvest.portal.http.places import Places
    from airflow_provider_harvest.portal.http.retry import RetryPolicy
    from airflow_provider_harvest.portal.http.transport import Answer
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry

__all__ = ["RECENT_JOBS", "UPDATABLE_FIELDS", "HarvestClient"]


class HarvestClient(JobReads, RecordReads):
    """Talks to the harvest API of one udata portal.

    No request finds out the portal's release: requests are sent as new releases take them, and repeated in the older
    form if the response shows an old one. Usable from several threads; close it, or use it as a context manager.

    :param site: the portal's site, such as ``https://www.data.gouv.fr``.
    :param api_key: sent as ``X-API-KEY`` with writes and with reads whose response depends on it; None: reads only.
    :param timeout: seconds to wait for a response, 30 by default; preview, run, validate and create wait 300.
    :param connect_timeout: seconds to wait for a connection, 5 by default.
    :param verify: whether certificates are checked (True by default), or the path of a CA bundle.
    :param retry: how often a request is repeated; writes that are not repeatable never are.
    :param clock: what delays are waited by.
    :param source_page: URL template of the portal's admin page of a source, with ``{source_id}``; default: the
        known one of data.gouv.fr, dados.gov.pt and data.public.lu; on other portals links lead to the API.
    :param job_page: the same of a job, with ``{source_id}`` and ``{job_id}``; default: that of the source.
    :param dialect: what an earlier client of this portal learned of its release; saves the first correction.
    :param places: where site, key and CA bundle were set, for messages; default: as arguments.
    :raises HarvestInvalidInput: for an invalid address, or a key that would be sent unencrypted.
    """

    def __init__(
        self,
        site: str,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        verify: bool | str = True,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        source_page: str | None = None,
        job_page: str | None = None,
        dialect: Dialect | None = None,
        places: Places = ARGUMENTS,
    ) -> None:
        super().__init__(
            site, api_key, timeout=timeout, connect_timeout=connect_timeout, verify=verify, retry=retry, clock=clock,
            dialect=dialect, places=places,
        )  # fmt: skip
        known_source, known_job = known_pages(self.site)
        self._source_page = source_page or known_source
        self._job_page = job_page or source_page or known_job or known_source

    def __enter__(self) -> HarvestClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<HarvestClient {self.site}>"

    # --- the portal ------------------------------------------------------------------------------------------

    def source_url(self, source_id: str) -> str:
        """Return the page of a source for a person to open: the connection's ``source_page``, or its API address."""
        if self._source_page:
            return expand_page(self._source_page, "", source_id=source_id)
        # Without a slash until a response shows the release: portals redirect a browser to the form with a slash.
        slash = "/" if self.dialect.slash else ""
        default = f"{self.site}{API_PATH}/harvest/source/{{source_id}}{slash}"
        return expand_page(None, default, source_id=source_id)

    def job_url(self, source_id: str, job_id: str) -> str:
        """Return the page of a job for a person to open: the connection's ``job_page``, or its API address."""
        default = f"{self.site}{API_PATH}/harvest/job/{{job_id}}/"
        return expand_page(self._job_page, default, source_id=source_id, job_id=job_id)

    def whoami(self) -> dict[str, Any]:
        """Return the user whose key this is (``GET /me/``), without the key that releases up to 15.4.1 return.

        :raises HarvestAuthError: without a key, or with a wrong, expired or revoked one.
        """
        answer = self._get("/me/", keyed=True)
        me = answer.body
        if not isinstance(me, dict) or not me.get("id"):
            raise answer.unexpected(f"expected a user with an id, got {type(me).__name__}")
        told = {key: value for key, value in me.items() if key.lower() != "apikey"}
        return {**told, "roles": entries_of(told["roles"])} if "roles" in told else told

    def get_organization(self, organization: str) -> HarvestRef:
        """Return an organization by id or slug (``GET /organizations/{}/``).

        :raises HarvestNotFound: if there is none.
        """
        return _organization_in(self._get(f"/organizations/{segment(organization)}/", fields="id,name,slug"))

    def create_organization(self, name: str, description: str) -> HarvestRef:
        """Create an organization (``POST /organizations/``), whose admin is the key's user. Never repeated by itself.

        :param name: shown on the portal, which makes its slug of it.
        :param description: shown on the portal; must not be blank.
        """
        body = {"name": name, "description": description}
        return _organization_in(
            self._transport.call("POST", "/organizations/", body=body, keyed=True, timeout=self._long_timeout)
        )

    # --- backends and statuses -------------------------------------------------------------------------------

    def list_backends(self) -> list[HarvestBackend]:
        """Return the kinds of catalogue that this portal can harvest (``GET /harvest/backends``)."""
        answer = self._call("GET", "/harvest/backends")
        if not isinstance(answer.body, list):
            raise answer.unexpected(f"expected a list, got {type(answer.body).__name__}")
        return answer.read(lambda entries: [HarvestBackend.from_api(entry) for entry in entries])

    def list_job_statuses(self) -> dict[str, str]:
        """Return the job statuses that udata defines, with their meaning; sends nothing.

        The endpoint ``/harvest/job_status`` responds with 500 in every release that has it, and was removed in 14.0.
        """
        return dict(JOB_STATUSES)

    # --- sources ---------------------------------------------------------------------------------------------

    def iter_sources(
        self,
        owner: str | None = None,
        organization: str | None = None,
        q: str | None = None,
        deleted: bool = False,
        *,
        fields: str | None = None,
        page_size: int = PAGE_SIZE,
        keyed: bool = False,
        on_unreadable: Callable[[UnreadableEntry], object] | None = None,
    ) -> Iterator[HarvestSource]:
        """Yield the portal's sources, newest first (``GET /harvest/sources/``), each once.

        :param owner: id of a user; only the sources that belong to them.
        :param organization: id of an organization; only its sources.
        :param q: words to search for. Releases before 10.3 do not know it: up to 10.8.1 the names are searched here.
        :param deleted: whether deleted sources are listed too.
        :param fields: mask of the fields of a source that are wanted, such as ``id,name,last_job{id,status}``;
            ``owner``, ``organization`` and ``id`` are always read.
        :param page_size: sources in one request.
        :param keyed: whether the key goes along (default False): ``permissions`` are then those of its user.
        :param on_unreadable: called with each source that the portal's list cannot return (500, since it refers to
            something that is gone), with those fields of it that the portal does return; default: it is logged as a
            warning.
        """
        owner, organization = owner and as_written(owner), organization and as_written(organization)
        params: dict[str, Any] = {"owner": owner, "q": q, "deleted": "true" if deleted else None}
        mask = None
        if fields:
            mask = f"data{{id,owner{{id,first_name,last_name}},organization{{id,name,slug,page}},{fields}}},total"
        # Unknown parameters are ignored by udata and then everything is listed: filtered again here.

        def found_by(q: str) -> object:
            return self._get("/harvest/sources/", {"q": q, "page": 1, "page_size": 1}, fields="total").body

        search_here = q.casefold() if q and ignores_search(self.dialect, found_by) else None

        def pages(more: dict[str, Any]) -> Iterator[dict[str, Any]]:
            return self._pages(
                "/harvest/sources/", {**params, **more}, mask, page_size, keyed=keyed, on_unreadable=on_unreadable
            )

        for entry in of_organization(self.dialect, organization, pages, page_size) if organization else pages({}):
            self.dialect.hear_source(entry)
            source = parsed(HarvestSource.from_api, entry, "GET /harvest/sources/")
            if owner and (source.owner is None or source.owner.id != owner):
                continue
            if search_here and search_here not in source.name.casefold():
                continue
            yield source

    def get_source(self, source_id: str, *, keyed: bool = True) -> HarvestSource:
        """Return a source, deleted ones included (``GET /harvest/source/{}``).

        :param source_id: its id; a slug works, but may name a deleted source.
        :param keyed: whether the key goes along (default True): ``permissions`` are those of its user.
        :raises HarvestNotFound: if there is none, also on releases that respond with 500 then.
        """

        def read() -> HarvestSource:
            return self._call("GET", self._source_route(source_id), keyed=keyed).read(self._as_source)

        # Up to 10.8.1, whose path has no slash, the response for an unknown source is 500.
        return self._unless_unknown(
            read,
            lambda: self.dialect.slash is False and not self._may_exist(source_id),
            f"There is no harvest source {source_id!r} on {self.site}.",
        )

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
        """Create a source (``POST /harvest/sources/``). Never repeated by itself: each POST makes a new source.

        :param name: shown on the portal; not unique.
        :param url: address of the remote catalogue; public, so it must hold no secret.
        :param backend: one of :meth:`list_backends`.
        :param description: shown on the portal.
        :param config: filters, features and extra_configs of the backend; public, too.
        :param active: whether it may be harvested. Always sent: left out, it means False up to 17.3.0.
        :param autoarchive: whether datasets that left the catalogue are archived after the portal's grace (7 days).
        :param organization: id of the organization it belongs to; default: the key's user.
        :param owner: id of the user it belongs to; only a sysadmin may name another one.
        """
        fields = (name, url, backend, description, config, active, autoarchive)
        body = _configuration(*fields, organization=organization, owner=owner)
        return self._transport.call(
            "POST", "/harvest/sources/", body=body, keyed=True, timeout=self._long_timeout
        ).read(self._as_source)

    def update_source(self, source_id: str, *, current: HarvestSource | None = None, **changes: Any) -> HarvestSource:
        """Change only the given fields of a source (``PUT /harvest/source/{}``); nothing is sent without a change.

        The others keep their value in every release from 9.2.4 on, so only what changes is sent: what somebody else
        has changed meanwhile stays. ``config`` is replaced, not merged: give all of it.

        :param current: the source as just read; default: it is read first.
        :param changes: of ``name``, ``url``, ``backend``, ``description``, ``config``, ``active``, ``autoarchive``.
        :returns: the source, as the portal returned it.
        :raises HarvestInvalidInput: for another field; owner and organization are fixed at creation (from 17.4).
        """
        unknown = sorted(set(changes) - set(UPDATABLE_FIELDS))
        if unknown:
            raise HarvestInvalidInput(
                f"A source's {', '.join(unknown)} cannot be changed: only {', '.join(UPDATABLE_FIELDS)} can."
            )
        source = current or self.get_source(source_id)
        differing = source.changes_to(changes)
        if not differing:
            return source
        return self._write("PUT", self._source_route(source.id), differing).read(self._as_source)

    def delete_source(self, source_id: str) -> None:
        """Mark a source as deleted (``DELETE /harvest/source/{}``); it stays readable until the portal purges it."""
        self._call("DELETE", self._source_route(source_id), keyed=True)

    # --- preview ---------------------------------------------------------------------------------------------

    def preview_source(self, source_id: str, *, timeout: float | None = None) -> HarvestJob:
        """Harvest the first 20 items of a saved source without keeping anything (``GET .../preview``).

        Synchronous: the portal fetches the catalogue meanwhile. A failed fetch is a job with status ``failed``.

        :param source_id: its id.
        :param timeout: seconds that the portal may take; the request is then not repeated. Default: 300, with retries.
        :raises HarvestAnswerTimeout: if it takes longer.
        """
        route = self._source_route(source_id, "preview")
        return self._call("GET", route, keyed=True, **self._patience(timeout)).read(HarvestJob.from_api)

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
        *,
        timeout: float | None = None,
    ) -> HarvestJob:
        """Preview a source that does not exist yet (``POST /harvest/source/preview``); arguments as for creating.

        :param timeout: seconds that the portal may take, 300 by default.
        :raises HarvestAnswerTimeout: if it takes longer.
        """
        fields = (name, url, backend, description, config, active, autoarchive)
        body = _configuration(*fields, organization=organization, owner=owner)
        return self._write("POST", "/harvest/source/preview", body, **self._patience(timeout)).read(HarvestJob.from_api)

    def _patience(self, timeout: float | None) -> dict[str, Any]:
        """Return how long to wait for a preview: once if given, since a repeated request would take as long again."""
        return {"timeout": self._long_timeout} if timeout is None else {"timeout": timeout, "attempts": 1}

    # --- what the portal does with a source ------------------------------------------------------------------

    def validate_source(self, source_id: str, state: str = ACCEPTED, comment: str | None = None) -> HarvestSource:
        """Accept or refuse a source (``POST .../validate``); takes a sysadmin's key.

        Each acceptance, also of an accepted source, starts a harvest and resets the cron to the portal's default.

        :param state: ``accepted`` or ``refused``. ``pending`` would mean *refused* in every release.
        :param comment: shown to the owner; required for a refusal.
        :raises HarvestInvalidInput: for another state, or a refusal without a comment.
        """
        state, comment = check_validation(state, comment)
        body = {"state": state} if comment is None else {"state": state, "comment": comment}
        return self._write("POST", self._source_route(source_id, "validate"), body).read(self._as_source)

    def run_source(self, source_id: str) -> HarvestSource:
        """Request a harvest (``POST .../run``, from 9.1.2). Never repeated by itself: each POST queues a harvest.

        The response names no job: the portal's worker creates it later. ``last_job`` is the previous one.

        :raises HarvestRequestRejected: not validated, or manual runs are off (udata's default; from 10.4.3 a
            sysadmin may all the same).
        """
        return self._write("POST", self._source_route(source_id, "run")).read(self._as_source)

    def schedule_source(self, source_id: str, cron: str) -> HarvestSource:
        """Set the cron of a source (``POST .../schedule``); takes a sysadmin's key.

        :param cron: five fields by Celery's rules, checked before it is sent.
        :raises HarvestInvalidInput: for a cron that would mislead or stop the portal's scheduler.
        """
        text = check_cron(cron)
        # Unquoted, and labelled JSON: the one form that gave the right cron on all thirteen releases.
        return self._write("POST", self._source_route(source_id, "schedule"), text=text).read(self._as_source)

    def unschedule_source(self, source_id: str) -> None:
        """Remove the cron of a source (``DELETE .../schedule``); takes a sysadmin's key.

        :raises HarvestRequestRejected: if none is set.
        """
        self._call("DELETE", self._source_route(source_id, "schedule"), keyed=True)

    def _as_source(self, body: object) -> HarvestSource:
        """Return a source, after its shape was noted."""
        self.dialect.hear_source(body)
        return HarvestSource.from_api(body)

    def _may_exist(self, source_id: str) -> bool:
        """Whether the list of sources shows one of this id or slug, or has an entry that may be it.

        Releases that ask this return no slugs. So all of each source is requested for a slug: a source to which the
        response is 500 since it refers to something that is gone cannot be listed so, either.
        """
        broken: list[UnreadableEntry] = []
        by_id, source_id = is_object_id(source_id), as_written(source_id)
        fields = "deleted" if by_id else None
        listed = self.iter_sources(deleted=True, fields=fields, on_unreadable=broken.append)
        if any(source_id in (source.id, source.slug) for source in listed):
            return True
        return any(may_be(entry, source_id) for entry in broken) if by_id else bool(broken)


#: What a PUT may change; owner and organization are fixed at creation from 17.4 on, and null orphans before.
UPDATABLE_FIELDS = ("name", "url", "backend", "description", "config", "active", "autoarchive")


def _configuration(*values: Any, organization: str | None, owner: str | None) -> dict[str, Any]:
    body = dict(zip(UPDATABLE_FIELDS, values, strict=True))
    body["config"] = body["config"] or {}
    return body | {name: ident for name, ident in (("organization", organization), ("owner", owner)) if ident}


def _organization_in(answer: Answer) -> HarvestRef:
    found = answer.read(HarvestRef.from_api)
    if found is None:
        raise answer.unexpected(f"expected an organization with an id, got {type(answer.body).__name__}")
    return found
