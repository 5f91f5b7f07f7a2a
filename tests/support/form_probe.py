"""Prints the connection form as the installed Airflow makes it; for `test_provider_info`.

A process of its own, as Airflow's web server is: on 3.0 and 3.1 that server imitates the packages that forms
were once made with, and remembers forms that were requested before as empty. Prints one line of JSON last:
{"hidden": [...], "labels": {field: label}, "extra": [...]}.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def form_of_airflow_3(connection_type: str) -> dict[str, Any]:
    """Return the connection form that Airflow 3 builds."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    form: Any
    (form,) = (form for form in HookMetaService.hook_meta_data() if form.connection_type == connection_type)
    fields = {name: field for name, field in form.standard_fields if field is not None}
    return {
        "hidden": [name for name, field in fields.items() if field.hidden],
        "labels": {name: field.title for name, field in fields.items() if field.title},
        "extra": list(form.extra_fields),
    }


def form_of_airflow_2(connection_type: str) -> dict[str, Any]:
    """Return the connection form that Airflow 2 builds."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    prefix = f"extra__{connection_type}__"
    extra = [name.removeprefix(prefix) for name in manager.connection_form_widgets if name.startswith(prefix)]
    behaviour = manager.field_behaviours[connection_type]
    return {"hidden": behaviour["hidden_fields"], "labels": behaviour["relabeling"], "extra": extra}


if __name__ == "__main__":
    import airflow

    make = form_of_airflow_2 if airflow.__version__.startswith("2.") else form_of_airflow_3
    print(json.dumps(make(sys.argv[1])))
