"""The operator that reports what a harvest changed; users import it from ``operators.portal``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest._compat import Context

#: XCom that the summary is pushed under.
SUMMARY_KEY = "harvest_report"


class HarvestReportOperator(HarvestOperator):
    """Write what a harvest changed against the one before, and why items failed, as files. Needs no key.

    Costs five requests (for a job instead of a source four), and one for each 500 items of each of the two harvests (up
    to udata 16.x one for each).

    :param source_id: id or slug of a source: its newest harvest that has ended is reported. Templated.
    :param job_id: a job instead. Give one of the two. Templated.
    :param previous: id of the job to compare with; default: the one before that read the whole catalogue. Templated.
    :param formats: ``html``, ``csv``, ``json``, ``md``; default ``html`` and ``md``. Templated.
    :param path: the files without their ending, such as ``/reports/{{ ds }}/towns``; folders are made. None writes no
        files. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``schema``, ``portal``, ``source``, ``job``, ``previous``, ``counts`` by kind of change, ``without_id``,
        ``errors`` (groups with count, who must act, advice and examples), ``message`` (Markdown of at most 15 lines)
        and ``files`` (by format). Also pushed as XCom ``harvest_report``.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "job_id", "previous", "formats", "path")
    operator_extra_links = (HarvestSourceLink(), HarvestJobLink())

    def __init__(
        self,
        *,
        source_id: str | None = None,
        job_id: str | None = None,
        previous: str | None = None,
        formats: Sequence[str] | str = ("html", "md"),
        path: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.source_id = source_id
        self.job_id = job_id
        self.previous = previous
        self.formats = formats
        self.path = path

    def execute(self, context: Context) -> dict[str, Any]:
        """Read both harvests, write the files, log the message."""
        from airflow_provider_harvest.portal.compare import find_harvests
        from airflow_provider_harvest.portal.reporting import formats, report

        with self.errors():
            if bool(self.source_id) == bool(self.job_id):
                raise HarvestInvalidInput("Give either source_id or job_id, not both and not neither.")
            chosen = formats.check_formats(self.formats)
            client = self.hook.get_conn()
            if self.job_id:
                harvest = find_harvests.harvest_of_job(client, str(self.job_id))
            else:
                harvest = find_harvests.find_harvest(client, str(self.source_id), complete=False)
            previous = find_harvests.harvest_of_job(client, str(self.previous)) if self.previous else None
            self.push_links(context, client.source_url(harvest.source.id) if harvest.source else None, harvest.url)
            made = report.read_report(harvest, previous)
            message = formats.as_markdown(made)
            files = {name: self._write(name, formats.FORMATS[name](made)) for name in chosen} if self.path else {}
            self.log_text(message)
            result = {**report.summary_of(made), "message": message, "files": files}
            context["ti"].xcom_push(key=SUMMARY_KEY, value=result)
            return result

    def _write(self, ending: str, text: str) -> str:
        file = Path(f"{self.path}.{ending}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        self.log.info("Wrote %s.", file)
        return str(file)
