"""The plugin that adds the pages to Airflow; Airflow's plugin manager is the only caller.

Airflow 3.1 and newer show the pages below; Airflow 2.11 and 3.0 know no ``react_apps`` and show none. From 3.4 on
assets have a tab, too, and tasks of other packages do not show the tab. The pages are one static script, built
from ``ui/``. They read Airflow's REST API with the session of the person who views them: this package adds no endpoint
that returns data.
"""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

from airflow import plugins_manager
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from airflow_provider_harvest import __version__
from airflow_provider_harvest.plugins.static_files import StaticFilesOnDemand

#: Path at which the api-server serves the script.
URL_PREFIX = "/harvest-pages"
_SCRIPT = "harvest.js"
#: Classes of tasks that the tab is about: Airflow 3.4 compares names, so that a subclass of its own has no tab there.
TASKS = (
    "HarvestRunSourceOperator",
    "HarvestPreviewSourceOperator",
    "HarvestJobSensor",
    "HarvestPortalHealthOperator",
    "HarvestPendingReviewOperator",
    "HarvestGuardOperator",
)


def bundle_url() -> str:
    """Return the address of the script: absolute, since Airflow 3.1 resolves it by its own script's address.

    The version makes browsers load a new script after an upgrade.
    """
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return f"{base}{URL_PREFIX}/{_SCRIPT}?v={__version__}"


def _fastapi_apps() -> list[dict[str, Any]]:
    """Return what serves the script."""
    return [{"app": StaticFilesOnDemand(), "url_prefix": URL_PREFIX, "name": "Harvest pages"}]


def _react_apps() -> list[dict[str, Any]]:
    """Return the pages. ``name`` is the label that people read, and the name of the component in the script."""
    script = bundle_url()
    tab: dict[str, Any] = {"name": "Harvest", "bundle_url": script}
    on_tasks = {**tab, "destination": "task_instance", "url_route": "harvest"}
    tabs = [on_tasks]
    if _has_asset_tabs():
        on_tasks["applies_to"] = {"operator_name": list(TASKS)}
        tabs.append({**tab, "destination": "asset", "url_route": "harvest-asset"})
    return [
        *tabs,
        {
            "name": "Harvests",
            "bundle_url": script,
            "destination": "nav",
            "category": "browse",
            "url_route": "harvests",
        },
    ]


def _has_asset_tabs() -> bool:
    """Whether this Airflow (3.4) has tabs on assets; with such an entry an older one would list no plugin at all."""
    return "asset" in get_args(getattr(plugins_manager, "BaseDestinationLiteral", None))


class HarvestPlugin(AirflowPlugin):
    """Adds a tab to task instances and assets, and a page to the navigation."""

    name = "harvest"
    fastapi_apps = _fastapi_apps()
    react_apps = _react_apps()
