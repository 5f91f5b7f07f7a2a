"""Pending review: preview every source that waits for the portal's team, and report the new ones to a chat.

The previews take the key of a sysadmin; two run at one time, since each keeps the portal busy while it lasts. A
preview that takes longer than a minute has the status "timeout" and fails nothing.
"""

from __future__ import annotations

from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

from jinja2.sandbox import SandboxedEnvironment

from airflow_provider_harvest.operators.portal import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.source import HarvestPreviewSourceOperator
from airflow_provider_harvest.portal import words

MESSAGE = """\
{{ rows | length }} sources wait for review, {{ new | length }} of them new ({{ states.accepted }} are accepted).
{% for row in new[:12] %}
- {{ row.source_name | link(row.admin_url) }} of {{ row.owner_name | text }}: {{ row.preview }}
{%- if row["items"] is not none %}: {{ row["items"] }} items, {{ row.failed }} failed{% endif %}

{% endfor %}
{% if new | length > 12 %}- and {{ new | length - 12 }} more{% endif %}
"""

# The same in French: use it in the place of MESSAGE.
MESSAGE_EN_FRANCAIS = """\
{{ rows | length }} moissonneurs en attente de validation, dont {{ new | length }} nouveaux.
{% for row in new[:12] %}
- {{ row.source_name | link(row.admin_url) }} de {{ row.owner_name | text }} : {{ row.preview }}
{%- if row["items"] is not none %} ({{ row["items"] }} jeux de données, {{ row.failed }} en échec){% endif %}

{% endfor %}
{% if new | length > 12 %}- et {{ new | length - 12 }} autres{% endif %}
"""

with DAG(
    "harvest_pending_review",
    description="Previews of the sources that wait for the portal's team",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule="0 7 * * 1",
    catchup=False,
    max_active_runs=1,
    tags=["harvest"],
    doc_md=__doc__,
) as dag:
    pending = HarvestPortalHealthOperator(task_id="pending", checks=["pending"], pending_days=0)

    @task
    def source_ids(ids: list[str]) -> list[str]:
        """Return the sources to preview: Airflow maps over what a task returns, not over one of its other XComs."""
        return ids

    preview = HarvestPreviewSourceOperator.partial(
        task_id="preview", timeout=60, fail_on_outcome=False, max_active_tis_per_dagrun=2
    ).expand(source_id=source_ids(pending.output["pending_ids"]))

    @task(trigger_rule="all_done")
    def review(findings: list[dict], ti=None) -> list[dict]:
        """Return a row for each source: write them to your table here."""
        pulled = ti.xcom_pull(task_ids="preview", key="harvest_result", map_indexes=list(range(len(findings))))
        results = {result["source_id"]: result for result in pulled or [] if result}
        rows = []
        for finding in findings:
            result = results.get(finding["source_id"])
            rows.append(
                {
                    **finding,
                    "preview": result["status"] if result else "no preview",
                    "verdict": result["outcome"] if result else None,
                    "items": result["items"]["done"] if result else None,
                    "failed": result["items"]["failed"] if result else None,
                    "reasons": result["reasons"] if result else [],
                }
            )
        return rows

    @task
    def tell(rows: list[dict], states: dict[str, int]) -> str:
        """Return the message on the sources that are new since the last run: send it to your chat here.

        Fails afterwards if a source could not be previewed: the last task decides whether a DAG run is green.
        """
        new = [row for row in rows if row["is_new"]]
        environment = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters |= {"text": words.markdown, "link": words.markdown_link}  # anybody names a source
        message = environment.from_string(MESSAGE).render(rows=rows, new=new, states=states).strip()
        print(message)
        missing = sum(row["preview"] == "no preview" for row in rows)
        if missing:
            raise RuntimeError(f"{missing} of {len(rows)} sources could not be previewed: see the task preview")
        return message

    rows = review(pending.output["findings"])
    preview >> rows
    tell(rows, pending.output["states"])
