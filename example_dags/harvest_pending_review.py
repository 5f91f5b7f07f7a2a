"""Pending review: preview every source that waits for the portal's team, and tell a chat about the new ones.

The previews take the key of a sysadmin, and a pool, since each keeps the portal busy for as long as it takes, made with

    airflow pools set harvest_previews 2 "Previews at one time"

A preview that takes longer than a minute has the status "timeout" and fails nothing.
"""

from __future__ import annotations

from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

from airflow_provider_harvest.operators.portal import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.source import HarvestPreviewSourceOperator

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
        task_id="preview", timeout=60, fail_on_outcome=False, pool="harvest_previews"
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
    def tell(rows: list[dict]) -> str:
        """Return the message on the sources that are new since the last run: send it to your chat here.

        Fails afterwards where a source could not be previewed: the last task decides whether a DAG run is green.
        """
        new = [row for row in rows if row["is_new"]]
        lines = [f"{len(rows)} sources wait for review, {len(new)} of them new."]
        for row in new[:13]:
            counted = "" if row["items"] is None else f": {row['items']} items, {row['failed']} failed"
            whose = row["organization"] or row["owner"]
            lines.append(f"- [{row['source_name']}]({row['admin_url']}) of {whose}: {row['preview']}{counted}")
        if len(new) > 13:
            lines.append(f"- and {len(new) - 13} more")
        message = "\n".join(lines)
        print(message)
        missing = sum(row["preview"] == "no preview" for row in rows)
        if missing:
            raise RuntimeError(f"{missing} of {len(rows)} sources could not be previewed: see the task preview")
        return message

    rows = review(pending.output["findings"])
    preview >> rows
    tell(rows)
