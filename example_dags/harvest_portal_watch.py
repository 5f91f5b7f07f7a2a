"""Portal watch: every morning, check all sources of a portal, and report to a chat what is newly wrong.

Takes no key, and for a portal of 500 sources about one request. Put the notifier of your chat in the place of
`LogNotifier`: any of Airflow's will do, such as `SlackWebhookNotifier`, `AppriseNotifier` (Mattermost, Matrix, Teams
and many others) or `SmtpNotifier`.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, BaseNotifier, Param, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param
    from airflow.notifications.basenotifier import BaseNotifier

from airflow_provider_harvest.operators.portal import HarvestPortalHealthOperator

# `python -m sandbox` prints this for its own portal. None: all sources of the portal.
ORGANIZATION = os.environ.get("HARVEST_EXAMPLE_ORGANIZATION") or None


class LogNotifier(BaseNotifier):
    """Stand for the notifier of your chat: it writes the message into the task's log."""

    template_fields = ("text",)

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text

    def notify(self, context) -> None:
        """Send the message."""
        print(self.text)


with DAG(
    "harvest_portal_watch",
    description="What is newly wrong with the harvests of a portal, for a chat",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule="0 6 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["harvest"],
    params={
        "organization": Param(
            ORGANIZATION,
            type=["null", "string"],
            minLength=1,
            description="Id or slug of an organization; null (None) for all sources of the portal",
        ),
    },
    render_template_as_native_obj=True,  # so that None stays None
    doc_md=__doc__,
) as dag:
    health = HarvestPortalHealthOperator(task_id="health", organization="{{ params.organization }}")

    @task.short_circuit
    def is_news(new: int) -> bool:
        """Leave the chat in peace on a morning without news."""
        return new > 0

    @task
    def send(message: str, **context) -> None:
        """Send the message."""
        LogNotifier(text=message)(context)

    is_news(health.output["new"]) >> send(health.output["message"])
