"""What connects an Airflow to a running sandbox, as environment variables; for the demo, the DAG tests and people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.real_portal import Sandbox


def airflow_settings(sandbox: Sandbox, key: str | None = None, catalogue: str = "cities") -> dict[str, str]:
    """Return the connection ``harvest_default`` and the variables that the example DAGs read.

    :param sandbox: the running portal.
    :param key: API key for the connection; default: the sysadmin's. An empty string makes one without a key.
    :param catalogue: name of the catalogue that the example DAGs harvest.
    """
    connection = {
        "conn_type": "harvest",
        "host": sandbox.url,
        "password": sandbox.keys.admin if key is None else key,
        # A portal of your own on loopback may get many requests.
        "extra": {"min_poll_interval": 1},
    }
    return {
        "AIRFLOW_CONN_HARVEST_DEFAULT": json.dumps(connection),
        "HARVEST_EXAMPLE_CATALOGUE": sandbox.catalogue.url(catalogue),
        "HARVEST_EXAMPLE_ORGANIZATION": sandbox.organization.slug,
    }
