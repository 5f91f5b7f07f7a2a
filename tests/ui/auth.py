"""An auth manager with rights for each DAG, as FAB or Keycloak give them; Airflow's simple one has only roles.

Airflow loads it by ``[core] auth_manager``: what its API then returns is its own decision, not the tests'.
"""

from __future__ import annotations

import json
import os
from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

#: Ids of DAGs by the name of the user who may not see them, as JSON.
HIDDEN = "HARVEST_PAGES_HIDDEN"


class DagRightsAuthManager(SimpleAuthManager):
    """The simple auth manager, with DAGs that some users may not see."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **what: Any) -> bool:
        """Refuse a hidden DAG, and decide about all else as ever."""
        hidden = json.loads(os.environ.get(HIDDEN, "{}")).get(user.username, ())
        if details is not None and details.id in hidden:
            return False
        return bool(super().is_authorized_dag(user=user, details=details, **what))
