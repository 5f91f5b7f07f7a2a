"""The operators for sources as code: export, plan, apply; users import them from ``operators.portal``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestApplyIncomplete, HarvestInvalidInput, HarvestSourcesDrifted
from airflow_provider_harvest.operators._base import HarvestOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan

#: What to do if a portal differs from the files.
REPORT, FAIL = "report", "fail"
ON_DRIFT = (REPORT, FAIL)
#: XComs that a failing task pushes before it raises.
PLAN_KEY, APPLY_KEY = "harvest_plan", "harvest_apply"


class HarvestExportSourcesOperator(HarvestOperator):
    """Write a portal's sources as a file of sources. Needs no key; the portal is only read.

    :param organization: id or slug of an organization; only its sources. Default: those of the whole portal. Templated.
    :param owner_id: id of a user; only their own sources. Templated.
    :param environment: name under which the portal and its ids are written, if the file is for several portals;
        default: none. Templated.
    :param with_ids: whether the portal and its ids of the sources are written; default True. Without them the file can
        be planned on another portal.
    :param path: file to write; missing folders are created. Default: none, the text is only returned.
        Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``text`` of the file (YAML), ``count`` of sources, ``left_out`` (sentences about what a file must not
        contain, such as a secret in a configuration) and ``path``.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "organization", "owner_id", "environment", "path")

    def __init__(
        self,
        *,
        organization: str | None = None,
        owner_id: str | None = None,
        environment: str | None = None,
        with_ids: bool = True,
        path: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.organization = organization
        self.owner_id = owner_id
        self.environment = environment
        self.with_ids = with_ids
        self.path = path

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Read the sources, and write the file."""
        from airflow_provider_harvest.portal.as_code.export import export_sources
        from airflow_provider_harvest.portal.sources.identity import optional_text

        with self.errors():
            client = self.hook.get_conn()
            exported = export_sources(
                client,
                organization=optional_text(self.organization, "organization"),
                owner=optional_text(self.owner_id, "owner_id"),
                environment=optional_text(self.environment, "environment"),
                with_ids=self.with_ids,
            )
            path = None if self.path is None else optional_text(str(self.path), "path")
            if path:
                file = Path(path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(exported.text, encoding="utf-8")
            self.log.info("Sources of %s: %d%s.", client.site, exported.count, f", in {path}" if path else "")
            for sentence in exported.left_out:
                self.log.warning("Left out: %s", sentence)
            return {
                "text": exported.text,
                "count": exported.count,
                "left_out": list(exported.left_out),
                "path": path,
            }


class HarvestPlanSourcesOperator(HarvestOperator):
    """Plan what must change so that a portal matches files of sources. Writes nothing.

    A key is not needed; with one the plan begins with what that key may not do. As a drift alarm, let it fail:
    ``on_drift="fail"``.

    :param path: a YAML file, or a folder with such files. Templated.
    :param environment: the environment of the files, such as ``"demo"``; default: none, for files that know none.
        Templated.
    :param prune: whether sources with the files' own marker that they no longer name are to be deleted; default False.
    :param allow_duplicates: whether a source is created although its owner has one of the same name and backend with
        another URL; default False: that is a conflict.
    :param on_drift: ``"report"`` (default): the task is green whatever the plan says. ``"fail"``: it fails if
        anything is to be changed or in conflict, without a retry, and the plan is in the XCom ``harvest_plan``.
    :param plan_path: file that the plan is also written into, as JSON; default: none. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``plan`` (for :class:`HarvestApplySourcesOperator`), ``has_changes``, ``counts`` by kind, ``conflicts``
        (number), ``digest`` (twelve characters that name exactly these changes), ``first_line`` and
        ``summary_markdown`` (40 lines at most, for an approver).
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "path", "environment", "plan_path")

    def __init__(
        self,
        *,
        path: str | Path,
        environment: str | None = None,
        prune: bool = False,
        allow_duplicates: bool = False,
        on_drift: str = REPORT,
        plan_path: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.path = path
        self.environment = environment
        self.prune = prune
        self.allow_duplicates = allow_duplicates
        self.on_drift = on_drift
        self.plan_path = plan_path

    def execute(self, context: Context) -> dict[str, Any]:
        """Read files and portal, log the plan, and return it."""
        from airflow_provider_harvest.portal.as_code.files import reader as files
        from airflow_provider_harvest.portal.as_code.plan import render
        from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
        from airflow_provider_harvest.portal.as_code.plan.planned_changes import write_plan
        from airflow_provider_harvest.portal.sources.identity import optional_text

        with self.errors():
            if self.on_drift not in ON_DRIFT:
                raise HarvestInvalidInput(
                    f"on_drift must be one of {', '.join(map(repr, ON_DRIFT))}, not {self.on_drift!r}."
                )
            environment = optional_text(self.environment, "environment")
            declaration = files.read(self.path, environment)
            plan = make_plan(
                self.hook.get_conn(), declaration, prune=self.prune, allow_duplicates=self.allow_duplicates
            )
            self.log_text(render.text(plan))
            plan_path = None if self.plan_path is None else optional_text(str(self.plan_path), "plan_path")
            if plan_path:
                write_plan(plan, plan_path)
            told = _told(plan)
            if self.on_drift == FAIL and not plan.is_clean:
                context["ti"].xcom_push(key=PLAN_KEY, value=told)
                raise HarvestSourcesDrifted(
                    f"The portal differs from the files. {told['first_line']} The differences are in this task's log "
                    f"and in its XCom {PLAN_KEY}."
                )
            return told


def _told(plan: Plan) -> dict[str, Any]:
    from airflow_provider_harvest.portal.as_code.plan import render

    return {
        "plan": plan.to_json(),
        "has_changes": not plan.is_empty,
        "counts": plan.counts,
        "conflicts": len(plan.conflicts),
        "digest": plan.digest,
        "first_line": render.first_line(plan),
        "summary_markdown": render.markdown(plan),
    }


class HarvestApplySourcesOperator(HarvestOperator):
    """Carry out a plan, exactly as it is, in a safe order and at the portal's pace. A retry continues from there.

    Nothing is written if the portal has changed since in what the plan compares. A new source with
    ``active: true`` is created inactive, accepted, scheduled, and only then switched on; one without ``active`` is
    active from its creation. A plan that is done already changes nothing.

    :param plan: as :class:`HarvestPlanSourcesOperator` returned it (``plan.output["plan"]``), or the path of a file
        that it was written into. Templated.
    :param max_changes: how many sources a plan may change; default: any number. Templated.
    :param max_deletes: how many sources a plan may delete; default 10, None: any number. Templated.
    :param confirm_deletes: the exact number of deletions; needed if the plan deletes more than a quarter of the
        sources that carry its marker. Default: not confirmed. Templated.
    :param write_interval: pause between two writes, in seconds or as ``timedelta``; default 0.1 s.
    :param accept_interval: pause between two acceptances that start a harvest of the same remote host, in seconds or as
        ``timedelta``; default 30 s.
    :param patience: longest wait if the portal requests to come back later, in seconds or as ``timedelta``; default
        600 s. What it accepts only later than that, such as the eleventh new source of a day, is left for a retry or
        another run.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``done`` ({key, source_id, steps} of each source), ``failed``, ``postponed``, ``denied`` (what this key
        may not do, and was left), ``unchanged`` (what was done already), ``digest``, ``portal``, ``retry_after``;
        pushed as XCom ``harvest_apply`` before a failing task raises.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "plan", "max_changes", "max_deletes", "confirm_deletes")

    def __init__(
        self,
        *,
        plan: object,
        max_changes: int | None = None,
        max_deletes: int | None = 10,
        confirm_deletes: int | None = None,
        write_interval: float | timedelta = 0.1,
        accept_interval: float | timedelta = 30.0,
        patience: float | timedelta = 600.0,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.plan = plan
        self.max_changes = max_changes
        self.max_deletes = max_deletes
        self.confirm_deletes = confirm_deletes
        self.write_interval = write_interval
        self.accept_interval = accept_interval
        self.patience = patience

    def execute(self, context: Context) -> dict[str, Any]:
        """Check that the portal is still what the plan saw, and change it."""
        from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
        from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
        from airflow_provider_harvest.portal.as_code.plan import render
        from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan, read_plan
        from airflow_provider_harvest.portal.inputs import as_seconds

        with self.errors():
            pacing = Pacing(
                write_interval=as_seconds(self.write_interval, "write_interval"),
                accept_interval=as_seconds(self.accept_interval, "accept_interval"),
                patience=as_seconds(self.patience, "patience"),
            )
            given = self.plan
            if isinstance(given, str) and given.lstrip().startswith("{"):  # a template made it a string
                plan = Plan.from_text(given)
            else:
                plan = read_plan(given) if isinstance(given, (str, Path)) else Plan.from_json(given)
            self.log.info("%s", render.first_line(plan))
            try:
                result = apply_plan(
                    self.hook.get_conn(),
                    plan,
                    max_changes=_number(self.max_changes, "max_changes"),
                    max_deletes=_number(self.max_deletes, "max_deletes"),
                    confirm_deletes=_number(self.confirm_deletes, "confirm_deletes"),
                    limits=pacing,
                    progress=self._tell,
                ).to_json()
            except HarvestApplyIncomplete as error:
                context["ti"].xcom_push(key=APPLY_KEY, value=error.result)
                self.log.info("%s", render.result_line(error.result))
                raise
            self.log.info("%s", render.result_line(result))
            return result

    def _tell(self, done: int, total: int, text: str) -> None:
        self.log.info("%d of %d: %s", done, total, text)


def _number(value: Any, what: str) -> int | None:  # noqa: ANN401  # of a template
    """Return a number that may be left out; a template renders one to a string."""
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0 or isinstance(value, bool):
        raise HarvestInvalidInput(f"{what} must be a whole number from 0 on, or None for any, not {value!r:.60}.")
    return number
