"""What Airflow finds under the entry point ``airflow.plugins``; Airflow's plugin manager is the only caller."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class HarvestPlugin(AirflowPlugin):
    """Names this package among Airflow's plugins."""

    name = "harvest"
