"""Guard: keep a portal from archiving datasets that a broken catalogue lost, until a person has decided.

It runs after each harvest of the portal on Airflow 3, and every morning on Airflow 2.11. The guard holds archiving
if too much is missing, which takes the key of somebody who may change the sources. From Airflow 3.1 on a person is
asked in Airflow's own page for required actions, once for each hold, with the list of what would vanish; an approval
accepts the loss. If nobody answers within a week the hold stays, and the guard's message reminds of it.
On older releases the message says which command releases a source.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import DAG, Asset, AssetWatcher, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

    Asset = None

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except Exception:  # before Airflow 3.1 there is none, or it refuses to be imported
    ApprovalOperator = None

from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators.portal import HarvestGuardOperator

if Asset is None:
    schedule = "30 6 * * *"
else:
    from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

    # Fires for each harvest that ends on the portal of the connection harvest_default.
    watcher = AssetWatcher(name="every_harvest", trigger=HarvestJobEventTrigger())
    schedule = [Asset("harvests_to_guard", watchers=[watcher])]

with DAG(
    "harvest_guard",
    description="Hold what a portal would archive by accident, and ask a person",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule=schedule,
    catchup=False,
    tags=["harvest"],
    doc_md=__doc__,
) as dag:
    # One at a time, so that one run asks for each hold; runs wait for their persons beside each other.
    guard = HarvestGuardOperator(task_id="guard", mode="hold", retries=2, max_active_tis_per_dag=1)

    @task.short_circuit
    def has_new_holds(held_ids: list[str]) -> bool:
        """End the run if it holds nothing new."""
        return bool(held_ids)

    if ApprovalOperator is not None:
        approve = ApprovalOperator(
            task_id="approve",
            subject="Accept that the portal archives these datasets?",
            body="{{ ti.xcom_pull(task_ids='guard', key='approval_body') }}",
            response_timeout=timedelta(days=7),
        )
    else:

        @task.short_circuit(task_id="approve")
        def say_how(held_ids: list[str]) -> bool:
            """Say how a person releases: send it to your chat here."""
            print(f"To accept the loss: airflow-harvest guard release {' '.join(held_ids)}")
            return False

        approve = say_how(guard.output["newly_held_ids"])

    @task
    def release(held_ids: list[str], held_since: dict[str, str]) -> None:
        """Let the portal archive what a person has accepted; safe to repeat."""
        from airflow_provider_harvest.portal.guard import hold_and_release

        with HarvestHook() as hook:
            for source_id in held_ids:
                since = held_since[source_id]
                # Else its records came back meanwhile, or it has lost more and a newer run asks about all of it.
                if hold_and_release.held_since(hook.get_source(source_id)) == since:
                    hold_and_release.release(hook.get_conn(), source_id, accept=True, held_since=since)

    has_new_holds(guard.output["newly_held_ids"]) >> approve
    approve >> release(guard.output["newly_held_ids"], guard.output["held_since"])
