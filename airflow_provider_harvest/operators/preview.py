"""The operators that only read sources, and what all source operators share; users import from ``operators.source``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestOutcomeRejected
from airflow_provider_harvest.links.harvest import HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestOperator, HarvestResultTask, resolve_source
from airflow_provider_harvest.operators._retries import is_final, retry_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult


class SourceOperator(HarvestOperator):
    """Base of the operators on one source, which return it as a dict."""

    operator_extra_links = (HarvestSourceLink(),)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)

    def found(self, context: Context, client: HarvestClient, source_id: str) -> HarvestSource:
        """Return the source, and link the task's button to it, also if the next steps fail."""
        source = resolve_source(client, source_id)
        self.push_links(context, source_url=client.source_url(source.id))
        return source

    def as_output(self, context: Context, client: HarvestClient, source: HarvestSource) -> dict[str, Any]:
        """Return a source as the task's output, and link the task's button to it."""
        from airflow_provider_harvest.portal.sources import identity as source_rules

        page = client.source_url(source.id)
        self.push_links(context, source_url=page)
        return source_rules.source_dict(source, page)


class HarvestPreviewSourceOperator(HarvestResultTask, SourceOperator):
    """Harvest the first 20 records of a source, or of one that does not exist yet, store nothing, and judge them.

    The portal fetches the catalogue while this task waits for the response, up to 300 s and several times; with
    ``timeout`` once, and what takes longer is a result with the status ``timeout``, not an exception.

    :param source_id: id of a saved source (a slug is resolved once). Templated.
    :param name: or else: name of a source to be; with ``url`` and ``backend``. Templated.
    :param url: address of its catalogue. Templated.
    :param backend: one of the portal's backends. Templated.
    :param description: as for creating it. Templated.
    :param config: as for creating it. Templated.
    :param organization: id or slug of the organization that owns it. Templated.
    :param owner_id: id of the user that owns it. Templated.
    :param max_failed_items: how many of the previewed items may fail; 0 unless ``max_failed_ratio`` is given.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1; all given limits hold.
    :param min_done_items: how many items must be done; 1.
    :param timeout: how long the portal may take, in seconds or as ``timedelta``; then the result's ``status`` and
        ``failure_kind`` are ``"timeout"``. None (default) fails the task after 300 s.
    :param max_skipped_items: how many items may be skipped (such as records without an identifier, whose datasets the
        portal archives later); None (default) sets no such limit.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1; None sets none.
    :param fail_on_job_errors: whether errors of the preview itself fail it although it is done; True.
    :param fail_on_outcome: False: the task succeeds whatever the verdict is; the verdict is in the result.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: the result dict (docs/reference.md), also pushed as XCom ``harvest_result`` before a failing task raises.
    """

    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "source_id",
        "name",
        "url",
        "backend",
        "description",
        "config",
        "organization",
        "owner_id",
    )

    def __init__(
        self,
        *,
        source_id: str | None = None,
        name: str | None = None,
        url: str | None = None,
        backend: str | None = None,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        organization: str | None = None,
        owner_id: str | None = None,
        max_failed_items: int | None = None,
        max_failed_ratio: float | None = None,
        min_done_items: int = 1,
        max_skipped_items: int | None = None,
        max_skipped_ratio: float | None = None,
        fail_on_job_errors: bool = True,
        fail_on_outcome: bool = True,
        timeout: float | timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", False)
        super().__init__(**kwargs)
        self.source_id = source_id
        self.name = name
        self.url = url
        self.backend = backend
        self.description = description
        self.config = config
        self.organization = organization
        self.owner_id = owner_id
        self.max_failed_items = max_failed_items
        self.max_failed_ratio = max_failed_ratio
        self.min_done_items = min_done_items
        self.max_skipped_items = max_skipped_items
        self.max_skipped_ratio = max_skipped_ratio
        self.fail_on_job_errors = fail_on_job_errors
        self.fail_on_outcome = fail_on_outcome
        self.timeout = timeout

    def execute(self, context: Context) -> HarvestResult:
        """Preview, log a summary, and judge."""
        from airflow_provider_harvest.operators._result_items import push_result
        from airflow_provider_harvest.portal.outcome import read_ended_job
        from airflow_provider_harvest.portal.outcome import result as results
        from airflow_provider_harvest.portal.outcome import summary as report

        with self.errors():
            policy = self.outcome_policy()
            client = self.hook.get_conn()
            source, preview = self._preview(context, client)
            result = read_ended_job.conclude_preview(client, source, preview, policy)
            push_result(context, result)
            if results.is_success(result) or not self.fail_on_outcome:
                self.log_text("\n".join(report.summary_lines(result)))
                return result
            rejected = HarvestOutcomeRejected("", result=dict(result))
            chance = None if is_final(rejected) else retry_sentence(context, final=False)
            raise HarvestOutcomeRejected(report.failure_message(result, chance), result=dict(result))

    def _preview(self, context: Context, client: HarvestClient) -> tuple[HarvestSource | None, HarvestJob]:
        from airflow_provider_harvest.portal import inputs as checks
        from airflow_provider_harvest.portal.sources import preview as sources

        timeout = None if self.timeout is None else checks.as_seconds(self.timeout, "timeout")
        if self.source_id is None:
            return None, sources.preview_new_source(
                client,
                name=self.name,
                url=self.url,
                backend=self.backend,
                description=self.description,
                config=self.config,
                organization=self.organization,
                owner_id=self.owner_id,
                timeout=timeout,
            )
        given = [name for name in ("name", "url", "backend", "config") if getattr(self, name) is not None]
        if given:
            raise HarvestInvalidInput(
                f"source_id and {', '.join(given)} are both given: preview either a saved source or a new one."
            )
        source = self.found(context, client, self.source_id)
        return source, sources.preview_saved_source(client, source, timeout)


class HarvestListSourcesOperator(HarvestOperator):
    """List a portal's sources, for dynamic task mapping. Needs no key. Deleted sources are left out.

    ``HarvestRunSourceOperator.partial(...).expand(source_id=sources.output.map(lambda source: source["id"]))``; Airflow
    expands 1,024 at most unless ``[core] max_map_length`` says otherwise.

    :param organization: id or slug of an organization; only its sources. Templated.
    :param owner_id: id of a user; only their personal sources. Templated.
    :param backend: only sources of this backend. Templated.
    :param q: words to search for; portals before 10.3 search the names only. Templated.
    :param active: only sources that may (True) or may not (False) be harvested. Templated.
    :param validation: only sources that are ``"accepted"``, ``"pending"`` or ``"refused"``. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: a list of dicts, ordered by name: ``id``, ``name``, ``url``, ``backend``, ``active``, ``validation`` (the
        state), ``schedule``, ``owner`` (id of a user), ``organization`` {id, name, slug}, ``organization_id``,
        ``organization_url``, ``owner_id`` and ``owner_name`` (of the organization, else of the user), ``owner_type``
        (``"organization"``, ``"user"``, None without owner) and ``created_at``.
    """

    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "organization",
        "owner_id",
        "backend",
        "q",
        "active",
        "validation",
    )

    def __init__(
        self,
        *,
        organization: str | None = None,
        owner_id: str | None = None,
        backend: str | None = None,
        q: str | None = None,
        active: bool | None = None,
        validation: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.organization = organization
        self.owner_id = owner_id
        self.backend = backend
        self.q = q
        self.active = active
        self.validation = validation

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002
        """List them."""
        from airflow_provider_harvest.portal.sources import identity as source_rules
        from airflow_provider_harvest.portal.sources import listing

        with self.errors():
            wanted = listing.SourceFilter.create(
                organization=self.organization,
                owner_id=self.owner_id,
                backend=self.backend,
                q=self.q,
                active=self.active,
                validation=self.validation,
            )
            client = self.hook.get_conn()
            listed = listing.list_sources(client, wanted)
            self.log.info("Sources of %s%s: %d.", client.site, wanted, len(listed))
            return [source_rules.source_brief(source, client.site) for source in listed]
