"""The buttons that lead from a task to the portal, and what tasks store for them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context

log = logging.getLogger(__name__)

#: XComs that hold the page of the source and of the job.
SOURCE_URL_KEY = "harvest_source_url"
JOB_URL_KEY = "harvest_job_url"


class _StoredLink(BaseOperatorLink):
    """A link whose address the task stored as XCom, so that downstream tasks can read it, too.

    Airflow 2.11 calls :meth:`get_link` when a page is shown. Airflow 3 shows the XCom named ``xcom_key`` and calls it
    only once, at the end of a worker's phase, to write it: with the task's own key there it shows the address from the
    moment that the task stores it, also while a worker waits.
    """

    xcom_key = ""

    def get_link(self, operator: object, *, ti_key: object) -> str:  # noqa: ARG002  # as Airflow calls it
        """Return the address that the task stored, an empty string if it stored none."""
        try:
            return XCom.get_value(key=self.xcom_key, ti_key=ti_key) or ""
        except Exception:  # a button must neither fail a task nor print a traceback into its log
            log.debug("The XCom %s could not be read.", self.xcom_key, exc_info=True)
            return ""


class HarvestSourceLink(_StoredLink):
    """Leads to the source: to the connection's ``source_page``, or to the portal's API."""

    name = "Harvest source"
    xcom_key = SOURCE_URL_KEY


class HarvestJobLink(_StoredLink):
    """Leads to the job: to the connection's ``job_page``, or to the portal's API."""

    name = "Harvest job"
    xcom_key = JOB_URL_KEY


def push_links(context: Context, source_url: str | None = None, job_url: str | None = None) -> None:
    """Set the addresses of the buttons. Never raises.

    :param context: Airflow's task context.
    :param source_url: page of the source; None leaves that button as it is.
    :param job_url: page of the job; None leaves that button as it is.
    """
    ti: Any = context.get("ti")
    for key, url in ((SOURCE_URL_KEY, source_url), (JOB_URL_KEY, job_url)):
        if url is None:
            continue
        try:
            ti.xcom_push(key=key, value=url)
        except Exception:
            log.debug("The XCom %s could not be stored.", key, exc_info=True)
