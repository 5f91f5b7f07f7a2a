"""An XCom backend as object stores have them: the database holds a reference, and the value lies elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk.bases.xcom import BaseXCom

#: DAGs whose values are stored elsewhere; those of all others are not.
DAGS = ("stores_elsewhere",)


class ReferencesXCom(BaseXCom):
    """Stores the values of some DAGs as files, and their paths in the database."""

    @staticmethod
    def serialize_value(value: Any, *, dag_id: str | None = None, key: str | None = None, **what: Any) -> Any:
        """Write the value of such a DAG into a file; return what the database keeps."""
        if dag_id in DAGS:
            path = Path(os.environ["AIRFLOW_HOME"]) / f"{key}.json"
            path.write_text(json.dumps(value))
            value = path.as_uri()
        return BaseXCom.serialize_value(value, dag_id=dag_id, key=key, **what)

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """Return the value that a reference leads to."""
        value = BaseXCom.deserialize_value(result)
        is_reference = isinstance(value, str) and value.startswith("file://")
        return json.loads(Path(value.removeprefix("file://")).read_text()) if is_reference else value
