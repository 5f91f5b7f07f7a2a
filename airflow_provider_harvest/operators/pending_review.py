"""The operator that previews what waits for the portal's team; users import it from ``operators.portal``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators.health import HarvestPortalHealthOperator

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow_provider_harvest.portal.health import HealthReport


class HarvestPendingReviewOperator(HarvestPortalHealthOperator):
    """Preview each source that waits for the portal's team, and report them as rows of a table. Takes a sysadmin's key.

    The requests of a health pass, and two for each source. One preview runs at a time, since each keeps the portal
    busy; one that takes too long has the status ``timeout``. A source that the portal cannot preview does not fail the
    task, unless no preview succeeds. A source is new if the newest earlier run of this task did not find it waiting.

    :param preview_timeout: how long one preview may take, in seconds or as ``timedelta``; 60.
    :param max_previews: how many previews one run makes; 100. The rows of further sources have no preview.
    :param organization: id or slug of an organization; only its sources. Templated.
    :param owner_id: id of a user; only their personal sources. Templated.
    :param backend: only sources of this backend. Templated.
    :param name: only sources whose name contains this, whatever the case. Templated.
    :param message_template: Jinja template for ``message``, as for ``HarvestPortalHealthOperator``; default: Markdown
        of at most 15 lines that names the new sources.
    :param previous_state: an earlier ``harvest_health_state`` to compare with, or ``{}`` for none; default: that of
        this task's previous run. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :param kwargs: the arguments of Airflow's ``BaseOperator``, and others of ``HarvestPortalHealthOperator``, of which
        only those matter that concern the check ``pending``.
    :returns: as ``HarvestPortalHealthOperator``. Each of the ``findings`` has in addition ``preview`` (status of the
        preview: ``done``, ``done-errors``, ``failed``, ``timeout``; ``no preview`` when the portal made none; None when
        ``max_previews`` left it out), ``verdict`` (``success`` or ``failure``), ``items`` (done), ``failed`` and
        ``reasons``; ``verdict``, ``items`` and ``failed`` are None without a preview. Also pushed as XCom
        ``harvest_health``.
    """

    def __init__(
        self,
        *,
        preview_timeout: float | timedelta = 60.0,
        max_previews: int = 100,
        organization: str | None = None,
        owner_id: str | None = None,
        backend: str | None = None,
        name: str | None = None,
        message_template: str | None = None,
        previous_state: dict[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            checks=("pending",),
            pending_days=0,
            organization=organization,
            owner_id=owner_id,
            backend=backend,
            name=name,
            message_template=message_template,
            previous_state=previous_state,
            **kwargs,
        )
        self.preview_timeout = preview_timeout
        self.max_previews = max_previews

    def _report(self, report: HealthReport) -> dict[str, Any]:
        from airflow_provider_harvest.portal import inputs
        from airflow_provider_harvest.portal.health import pending_previews

        timeout = inputs.as_seconds(self.preview_timeout, "preview_timeout")
        most = inputs.as_count(self.max_previews, "max_previews")
        result = report.as_dict("")
        rows = pending_previews.review(
            self.hook.get_conn(), result["findings"], timeout, most, lambda line: self.log.info("%s", line)
        )
        return {**result, "findings": rows, "message": pending_previews.message(rows, result["states"])}
