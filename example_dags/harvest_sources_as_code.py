"""Sources as code: plan what a folder of files would change on a portal, let a person approve it, and apply it.

Takes the folder from a checkout of your repository, and a sysadmin's key in the connection `harvest_default` (an
organization's admin creates and configures sources, too; accepting and scheduling are then left). A plan without
changes ends the run. From Airflow 3.1 on a person approves the plan in Airflow's own page for required actions;
before, by running the DAG again with the plan's digest, which its log shows, as `approved`.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except Exception:  # before Airflow 3.1 there is none, or it refuses to be imported
    ApprovalOperator = None

from airflow_provider_harvest.operators.portal import HarvestApplySourcesOperator, HarvestPlanSourcesOperator

SOURCES = os.environ.get("HARVEST_EXAMPLE_SOURCES", "/opt/airflow/sources")

with DAG(
    "harvest_sources_as_code",
    description="Make a portal's harvest sources be as files say, once a person has approved what that changes",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    catchup=False,
    tags=["harvest"],
    params={
        "path": Param(
            SOURCES,
            type="string",
            minLength=1,
            pattern="^/",
            description="Absolute path, on the worker, of a file of sources or a folder of them. To make a first file: "
            "airflow-harvest sources export -o sources.yaml",
        ),
        "environment": Param(
            None, type=["null", "string"], minLength=1, description="The environment of the files, if they know any"
        ),
        "approved": Param(None, type=["null", "string"], description="Before Airflow 3.1: digest of the approved plan"),
    },
    render_template_as_native_obj=True,
    doc_md=__doc__,
) as dag:

    @task
    def files(path: str) -> str:
        """Return the path; fail with a message if nothing is there, before anything is planned."""
        if not os.path.exists(path):  # noqa: PTH110
            raise FileNotFoundError(
                f"The param `path` is {path!r}, and the worker has no file or folder there. Write what the portal has "
                "today into a first file with `airflow-harvest sources export -o sources.yaml`, then trigger this "
                "DAG with its absolute path as `path`, or set HARVEST_EXAMPLE_SOURCES for the DAG's default."
            )
        return path

    plan = HarvestPlanSourcesOperator(
        task_id="plan", path=files("{{ params.path }}"), environment="{{ params.environment }}", prune=True
    )

    @task.short_circuit
    def has_changes(has_changes: bool, conflicts: int) -> bool:
        """End the run if the portal matches the files; fail if only conflicts are left."""
        if conflicts and not has_changes:
            raise RuntimeError(f"Sources in conflict: {conflicts}. See the log of the task plan.")
        return has_changes

    if ApprovalOperator is not None:
        approve = ApprovalOperator(
            task_id="approve",
            subject="Apply to the portal: {{ ti.xcom_pull(task_ids='plan', key='first_line') }}",
            body="{{ ti.xcom_pull(task_ids='plan', key='summary_markdown') }}",
        )
    else:

        @task.short_circuit(task_id="approve")
        def approved(digest: str, params=None) -> bool:
            """Continue with a plan that a person has reviewed: exactly this one. A rendered digest may be a number."""
            is_approved = params["approved"] == digest
            if not is_approved:
                print(f'To apply this plan, run the DAG again with {{"approved": "{digest}"}}.')
            return is_approved

        approve = approved(plan.output["digest"])

    # Nothing is written if the portal has changed since the plan, and a retry continues from where a try stopped.
    apply = HarvestApplySourcesOperator(
        task_id="apply", plan=plan.output["plan"], max_deletes=5, accept_interval=30, retries=2
    )

    has_changes(plan.output["has_changes"], plan.output["conflicts"]) >> approve >> apply
