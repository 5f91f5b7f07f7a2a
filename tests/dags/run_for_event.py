"""Runs a DAG as `sandbox.run_dag` does, for an event of the asset that starts it. Run in an Airflow 3 home.

``airflow dags test`` alone runs it for no event.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.models import dagrun
from airflow.models.asset import AssetEvent, AssetModel
from sqlalchemy import select

from sandbox import run_dag

_create = dagrun.get_or_create_dagrun


def main(extra: str, *arguments: str) -> None:
    """Run a DAG.

    :param extra: what the event carries, as JSON.
    :param arguments: those of `sandbox.run_dag`.
    """

    def create_for_event(*args: Any, session: Any, **kwargs: Any) -> Any:
        run = _create(*args, session=session, **kwargs)
        asset = session.scalars(select(AssetModel)).one()
        run.consumed_asset_events.append(AssetEvent(asset_id=asset.id, extra=json.loads(extra)))
        session.commit()
        return run

    dagrun.get_or_create_dagrun = create_for_event
    run_dag.main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
