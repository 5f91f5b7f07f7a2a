"""What Airflow reads about this package without loading it; Airflow calls `get_provider_info()`.

It imports nothing, since every Airflow process calls it. The connection form is defined in two tables: Airflow
reads them here from 3.2 on, and the hook makes the form of 2.11 to 3.1 from them.
"""

from __future__ import annotations

CONNECTION_TYPE = "harvest"
HOOK_NAME = "Harvest portal (udata)"

#: Fields of the connection form that are kept in the connection's extra; the schemas are JSON schemas.
#: None has a default there: the form would store it, and it would stay when the package's own changes.
EXTRA_FIELDS: dict[str, dict[str, object]] = {
    "timeout": {
        "label": "Read timeout (s)",
        "description": "Seconds to wait for a response of the portal; 30 if empty.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "verify": {
        "label": "Verify certificate",
        "description": "true, false, or the path of a file with trusted certificates; true if empty.",
        "schema": {"type": ["string", "null"]},
    },
    "min_poll_interval": {
        "label": "Shortest poll interval (s)",
        "description": "Shortest time between two polls of a job by one task; 30 seconds if empty.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "requests_per_hour": {
        "label": "Requests an hour",
        "description": "Most requests that all triggerers together may send to this portal; no limit if empty.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "triggerers": {
        "label": "Triggerers",
        "description": "Number of triggerers that share these requests; 1 if empty.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "source_page": {
        "label": "Page of a source",
        "description": "URL with {source_id}; links lead to the API if empty.",
        "schema": {"type": ["string", "null"]},
    },
    "job_page": {
        "label": "Page of a job",
        "description": "URL with {source_id} and {job_id}; links lead to the API if empty.",
        "schema": {"type": ["string", "null"]},
    },
}

#: What the form does with Airflow's own fields. The port stays visible: the test button of Airflow 3.3.1
#: and 3.3.2 sends port 0 for a connection without one, and is refused.
FIELD_BEHAVIOUR: dict[str, object] = {
    "hidden-fields": ["login"],
    "relabeling": {"host": "Portal", "schema": "Scheme", "password": "API key"},
    "placeholders": {
        "host": "https://www.data.gouv.fr",
        "port": "443",
        "schema": "https",
        "password": "of your portal account; reading needs none",
        "timeout": "30",
        "verify": "true",
        "min_poll_interval": "30",
        "requests_per_hour": "200",
        "triggerers": "1",
        "source_page": "https://portal.example/admin/harvesters/{source_id}",
        "job_page": "https://portal.example/admin/harvesters/{source_id}/jobs/{job_id}",
    },
}

_INTEGRATION = "udata harvest"

_ASSET_URIS = [{"schemes": ["harvest"], "handler": "airflow_provider_harvest.assets.sanitize_uri"}]


def _modules(*names: str) -> list[dict[str, object]]:
    modules = [f"airflow_provider_harvest.{name}" for name in names]
    return [{"integration-name": _INTEGRATION, "python-modules": modules}]


def get_provider_info() -> dict[str, object]:
    """Describe the package to Airflow's `ProvidersManager`.

    ``conn-fields`` and ``ui-field-behaviour`` are read from Airflow 3.2 on; 2.11 to 3.1 ignore them, as 2.11
    does the lists of integrations, operators, sensors and hooks.

    :returns: The provider info, as ``airflow/provider_info.schema.json`` and, for the connection type,
        ``airflow/provider.yaml.schema.json`` of Airflow 3.3 define it.
    """
    return {
        "package-name": "airflow-provider-harvest",
        "name": "Harvest (udata)",
        "description": "Harvest sources and jobs of open-data portals built on udata, such as data.gouv.fr.",
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://github.com/opendatateam/udata",
                "tags": ["service"],
            }
        ],
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": "airflow_provider_harvest.hooks.harvest.HarvestHook",
                "hook-name": HOOK_NAME,
                "conn-fields": EXTRA_FIELDS,
                "ui-field-behaviour": FIELD_BEHAVIOUR,
            }
        ],
        "operators": _modules(
            "operators.as_code",
            "operators.guard",
            "operators.health",
            "operators.job",
            "operators.pending_review",
            "operators.portal",
            "operators.preview",
            "operators.report",
            "operators.source",
        ),
        "sensors": _modules("sensors.job"),
        "hooks": _modules("hooks.harvest"),
        "triggers": _modules("triggers.job", "triggers.event"),
        "asset-uris": _ASSET_URIS,
        "dataset-uris": _ASSET_URIS,  # Airflow 2.11
        "extra-links": [
            "airflow_provider_harvest.links.harvest.HarvestJobLink",
            "airflow_provider_harvest.links.harvest.HarvestSourceLink",
        ],
    }
