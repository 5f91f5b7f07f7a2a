"""The operator that checks a whole portal; users import it from ``operators.portal``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestPortalUnhealthy
from airflow_provider_harvest.operators._base import HarvestOperator
from airflow_provider_harvest.operators._memory_between_runs import pull_state, push_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.health import HealthReport, Thresholds

__all__ = ["HEALTH_KEY", "HEALTH_STATE_KEY", "SOURCES_KEY", "HarvestPortalHealthOperator"]

#: XCom that the result is pushed under before a failing task raises.
HEALTH_KEY = "harvest_health"
#: XCom that holds what the next run needs to find what is new.
HEALTH_STATE_KEY = "harvest_health_state"
#: XCom with a few words on each source, for Airflow's page of all harvests.
SOURCES_KEY = "harvest_sources"


class HarvestPortalHealthOperator(HarvestOperator):
    """Check all sources of a portal, or some, and report what is wrong with them. Needs no key.

    One request for each 500 sources, and one for each source that newly fails, runs for long, or (up to udata 16.x,
    whose list has no counters) has ended since the run before: none if nothing has happened.

    A finding is new if the newest earlier run of this task did not have it. That run left its state in the XCom
    ``harvest_health_state`` (some 25 kB for 500 sources; kept twice, so that the order of runs does not matter).
    Airflow keeps it from run to run, also when the task fails. The first run finds everything new.

    Airflow maps only over what a task returns: ``.expand(source_id=health.output["failing_ids"])`` is an import error.
    Hand the ids on by a task, ``.expand(source_id=ids(health.output["failing_ids"]))`` with
    ``@task def ids(found): return found``.

    :param checks: the checks to make; default all but ``vanishing``: ``failing``, ``stuck``, ``silent``, ``never_ran``,
        ``shrunk``, ``skipped``, ``newly_archived``, ``ownerless``, ``refused_scheduled``, ``duplicate_url``,
        ``pending``, ``inactive``. ``vanishing`` says which datasets the portal will archive and when, and lets
        ``shrunk`` compare sets of ids; it takes the requests of ``HarvestGuardOperator`` if anything was harvested
        since the last run, and none if not. Templated.
    :param organization: id or slug of an organization; only its sources. Templated.
    :param owner_id: id of a user; only their personal sources. Templated.
    :param backend: only sources of this backend. Templated.
    :param name: only sources whose name contains this, whatever the case. Templated.
    :param max_failed_ratio: which share of a job's done, failed and skipped items may fail; 0.
    :param stuck_factor: a job is examined once it takes this many times what the source's jobs usually take; 3.
    :param stall_timeout: such a job is stuck once nothing in it has moved for so long (seconds or timedelta); 2 hours.
    :param first_item_timeout: the same before its first item; 6 hours.
    :param silent_periods: a source is silent once so many runs of its own cron were due and no job has ended; 3.
    :param never_ran_days: how many days an accepted source may be without any job; 1.
    :param pending_days: how many days a source may wait for the portal's team; 7. 0 lists all that wait.
    :param max_drop_ratio: which share of its items a catalogue may lose between two runs; 0.5.
    :param max_skipped_ratio: which share of a job's items the portal may skip, records without an identifier for
        example; 0.5.
    :param max_archived_ratio: which share of a catalogue's datasets the portal may newly archive; 0.2.
    :param min_items: smaller catalogues, and losses of fewer items, are passed over; 10.
    :param loss_days: how many days a loss is shown, unless the items come back; 7.
    :param max_detail_requests: requests beyond the list at most; 100. What that leaves out is said.
    :param fail_on: kinds that fail the task, or ``newly_failing``, ``new`` (whatever the run before did not find) or
        ``any``; None (default) only reports. The result is pushed all the same. Templated.
    :param message_template: Jinja template for ``message``, in any language, rendered in the DAG's own environment with
        Airflow's context and the entries of the result; default: Markdown of at most 15 lines. Anybody names a source:
        ``{{ row.source_name | text }}`` and ``{{ row.source_name | link(row.admin_url) }}`` escape names for a chat.
    :param previous_state: an earlier ``harvest_health_state`` to compare with, or ``{}`` for none; default: that of
        this task's previous run. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``schema``, ``portal``, ``at`` (the portal's clock), ``sources`` (how many), ``states`` (how many of them
        are ``accepted``, ``pending``, ``refused``, and ``inactive``: accepted, and switched off), ``counts`` by kind
        and of ``newly_failing``, ``new`` (how many findings are), ``findings`` (flat rows: ``kind``, ``source_id``,
        ``source_name``, ``backend``, ``url``, ``organization`` and ``owner`` (names), ``organization_id``,
        ``organization_url``, ``owner_id`` and ``owner_name`` (of the organization, else of the user), ``owner_type``
        (``"organization"``, ``"user"``, None without owner), ``created_at``, ``admin_url``, ``since``, ``is_new``,
        ``detail``), ``detail_requests``, ``incomplete`` (what was left out, None for nothing), ``message``, and
        ``<kind>_ids`` for each kind and ``newly_failing``. Also pushed as XCom ``harvest_health``. The XCom
        ``harvest_sources`` has a row for each source, at most 1,000: Airflow's page *Harvests* shows them.
    """

    may_be_none = ("organization",)  # None means the whole portal, which is only read
    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "checks",
        "organization",
        "owner_id",
        "backend",
        "name",
        "fail_on",
        "previous_state",
    )

    def __init__(
        self,
        *,
        checks: Sequence[str] | str | None = None,
        organization: str | None = None,
        owner_id: str | None = None,
        backend: str | None = None,
        name: str | None = None,
        max_failed_ratio: float = 0.0,
        stuck_factor: float = 3.0,
        stall_timeout: float | timedelta = 2 * 3600,
        first_item_timeout: float | timedelta = 6 * 3600,
        silent_periods: int = 3,
        never_ran_days: float = 1,
        pending_days: float = 7,
        max_drop_ratio: float = 0.5,
        max_skipped_ratio: float = 0.5,
        max_archived_ratio: float = 0.2,
        min_items: int = 10,
        loss_days: float = 7,
        max_detail_requests: int = 100,
        fail_on: Sequence[str] | str | None = None,
        message_template: str | None = None,
        previous_state: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.checks = checks
        self.organization = organization
        self.owner_id = owner_id
        self.backend = backend
        self.name = name
        self.max_failed_ratio = max_failed_ratio
        self.stuck_factor = stuck_factor
        self.stall_timeout = stall_timeout
        self.first_item_timeout = first_item_timeout
        self.silent_periods = silent_periods
        self.never_ran_days = never_ran_days
        self.pending_days = pending_days
        self.max_drop_ratio = max_drop_ratio
        self.max_skipped_ratio = max_skipped_ratio
        self.max_archived_ratio = max_archived_ratio
        self.min_items = min_items
        self.loss_days = loss_days
        self.max_detail_requests = max_detail_requests
        self.fail_on = fail_on
        self.message_template = message_template
        self.previous_state = previous_state

    def execute(self, context: Context) -> dict[str, Any]:
        """Check, log the message, store what the next run needs, and report or fail."""
        from airflow_provider_harvest.portal import health
        from airflow_provider_harvest.portal.health import findings, message
        from airflow_provider_harvest.portal.sources import listing
        from airflow_provider_harvest.portal.text.words import count

        with self.errors():
            fail_on = findings.chosen_failures(self.fail_on)
            report = health.examine(
                self.hook.get_conn(),
                listing.SourceFilter.create(
                    organization=self.organization, owner_id=self.owner_id, backend=self.backend, name=self.name
                ),
                self._thresholds(),
                self._previous(context),
                checks=findings.chosen_checks(self.checks),
                max_detail_requests=self._detail_requests(),
            )
            result = self._result(context, report)
            self.log_text(result["message"])
            push_state(context, HEALTH_STATE_KEY, report.state)
            context["ti"].xcom_push(key=SOURCES_KEY, value=report.overview)
            context["ti"].xcom_push(key=HEALTH_KEY, value=result)
            failing = findings.that_fail(report, fail_on)
            if failing:
                kinds = ", ".join(dict.fromkeys(findings.MEANINGS[finding.kind] for finding in failing))
                fails = count(len(failing), "finding fails", "findings fail")
                raise HarvestPortalUnhealthy(f"{fails} this task: {kinds}.\n{message.markdown(report)}", result=result)
            return result

    def _thresholds(self) -> Thresholds:
        from airflow_provider_harvest.portal import health
        from airflow_provider_harvest.portal import inputs as checks

        return health.Thresholds(
            max_failed_ratio=self.max_failed_ratio,
            stuck_factor=self.stuck_factor,
            stall_timeout=checks.as_seconds(self.stall_timeout, "stall_timeout"),
            first_item_timeout=checks.as_seconds(self.first_item_timeout, "first_item_timeout"),
            silent_periods=self.silent_periods,
            never_ran_days=self.never_ran_days,
            pending_days=self.pending_days,
            max_drop_ratio=self.max_drop_ratio,
            max_skipped_ratio=self.max_skipped_ratio,
            max_archived_ratio=self.max_archived_ratio,
            min_items=self.min_items,
            loss_days=self.loss_days,
        )

    def _detail_requests(self) -> int:
        from airflow_provider_harvest.portal.inputs import as_count

        return as_count(self.max_detail_requests, "max_detail_requests")

    def _previous(self, context: Context) -> Any:  # noqa: ANN401  # any JSON
        """Return what the previous run left: as passed, else as Airflow keeps it."""
        state = self.previous_state
        if isinstance(state, str) and state.strip():
            try:
                return json.loads(state)
            except ValueError:
                raise HarvestInvalidInput("previous_state is a string that is not JSON.") from None
        if state is not None:
            return state
        return pull_state(context, self.task_id, HEALTH_STATE_KEY)

    def _report(self, report: HealthReport) -> dict[str, Any]:
        """Return a report as JSON, with the message that is used without a template."""
        from airflow_provider_harvest.portal.health import message

        return report.as_dict(message.markdown(report))

    def _result(self, context: Context, report: HealthReport) -> dict[str, Any]:
        result = self._report(report)
        if self.message_template is None:
            return result
        from jinja2 import TemplateError

        from airflow_provider_harvest.portal.text import untrusted

        try:
            environment = self.get_template_env()
            # Anybody names a source: these escape for a chat.
            environment.filters.update(text=untrusted.markdown, link=untrusted.markdown_link)
            template = environment.from_string(self.message_template)
            # In parts: rendered as native objects, a whole message that reads like a number or a list became one.
            return {**result, "message": "".join(map(str, template.generate({**context, **result})))}
        except TemplateError as error:
            raise HarvestInvalidInput(f"message_template cannot be rendered: {error}") from None
