"""Pending review: preview every source that waits for the portal's team, and report the new ones to a chat.

The previews take the key of a sysadmin. One that takes longer than a minute has the status "timeout" and fails nothing.
"""

from __future__ import annotations

from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

from airflow_provider_harvest.operators.portal import HarvestPendingReviewOperator

# The columns of the team's table, and what of a finding fills them.
COLUMNS = {
    "harvester_id": "source_id",
    "Nom": "source_name",
    "Organisation": "owner_name",
    "Lien_organisation": "organization_url",
    "Statut_config_moissonnage": "preview",
    "Date_de_creation": "created_at",
}
# Without it the message is in English.
MESSAGE = """\
📣 {{ findings | length }} moissonneurs en attente de validation, dont {{ new }} nouveaux.
{%- for row in findings if row.is_new %}
- {{ row.owner_name | link(row.organization_url) }} : moissonneur {{ row.backend | upper | text }}, \
{{ row.source_name | link(row.admin_url) }}, aperçu : {{ row.preview }}
{%- endfor %}"""

with DAG(
    "harvest_pending_review",
    description="Previews of the sources that wait for the portal's team",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule="0 9 * * 3",
    catchup=False,
    max_active_runs=1,
    tags=["harvest"],
    doc_md=__doc__,
) as dag:
    review = HarvestPendingReviewOperator(task_id="review", message_template=MESSAGE)

    @task
    def send(findings: list[dict], message: str) -> list[dict]:
        """Send the message to your chat, and write the rows to your table here."""
        print(message)
        new = {True: "🆕 Nouveau", False: None}
        table = [{column: row[key] for column, key in COLUMNS.items()} for row in findings]
        return [{**cells, "Statut_bizdev": new[row["is_new"]]} for cells, row in zip(table, findings, strict=True)]

    send(review.output["findings"], review.output["message"])
