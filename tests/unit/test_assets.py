"""Assets of harvested sources: one thing has one URI, however it is written down."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_harvest import assets
from airflow_provider_harvest.assets import harvest_asset, harvest_uri, sanitize_uri
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from tests.support.airflow_release import HAS_EVENT_TRIGGERS

ID = "6b03fbe5f66a892d7cfe18b4"


@pytest.mark.parametrize(
    "portal, what, uri",
    [
        ("https://www.data.gouv.fr", {"source_id": ID}, f"harvest://www.data.gouv.fr/source/{ID}"),
        ("www.data.gouv.fr", {"source_id": ID}, f"harvest://www.data.gouv.fr/source/{ID}"),
        ("https://WWW.data.gouv.fr/api/1/", {"source_id": ID.upper()}, f"harvest://www.data.gouv.fr/source/{ID}"),
        ("https://portal.example:8443/open", {"source_id": ID}, f"harvest://portal.example:8443/open/source/{ID}"),
        ("https://www.data.gouv.fr:443", {"organization_id": ID}, f"harvest://www.data.gouv.fr/organization/{ID}"),
        ("http://127.0.0.1:8080", {}, "harvest://127.0.0.1:8080"),
    ],
)
def test_one_thing_has_one_uri(portal: str, what: dict[str, Any], uri: str) -> None:
    assert harvest_uri(portal, **what) == uri
    assert sanitize_uri(urlsplit(uri)).geturl() == uri
    assert harvest_asset(portal, **what).uri.rstrip("/") == uri


@pytest.mark.parametrize(
    "portal, what",
    [
        ("", {}),
        ("ftp://portal.example", {}),
        ("https://user:secret@portal.example", {}),
        ("https://portal.example", {"source_id": "my-slug"}),
        ("https://portal.example", {"source_id": ""}),
        ("https://portal.example", {"source_id": " "}),
        ("https://portal.example", {"organization_id": ""}),
        ("https://portal.example", {"source_id": "", "organization_id": "5f" * 12}),
        ("https://portal.example", {"source_id": ID, "organization_id": ID}),
    ],
)
def test_what_names_nothing_is_refused(portal: str, what: dict[str, Any]) -> None:
    with pytest.raises(HarvestInvalidInput) as refused:
        harvest_uri(portal, **what)
    assert "secret" not in str(refused.value)
    assert ("the argument portal" in str(refused.value).lower()) is (not what or "@" in portal or "ftp:" in portal)


@pytest.mark.parametrize(
    "written, meant",
    [
        (f"harvest://WWW.Portal.example/source/{ID.upper()}/", f"harvest://www.portal.example/source/{ID}"),
        (f"harvest://portal.example/open/organization/{ID}", f"harvest://portal.example/open/organization/{ID}"),
        ("harvest://portal.example/", "harvest://portal.example"),
    ],
)
def test_airflow_gets_the_one_form(written: str, meant: str) -> None:
    assert sanitize_uri(urlsplit(written)).geturl() == meant


@pytest.mark.parametrize(
    "written",
    [
        "harvest:///source/x",
        "harvest://user:secret@portal.example/",
        f"harvest://portal.example/source/{ID}?x=1",
        "harvest://portal.example/source/my-slug",
        "harvest://portal.example/source",
    ],
)
def test_airflow_refuses_what_names_nothing(written: str) -> None:
    with pytest.raises(ValueError, match="harvest URI") as refused:
        sanitize_uri(urlsplit(written))
    assert "secret" not in str(refused.value)


needs_watchers = pytest.mark.skipif(not HAS_EVENT_TRIGGERS, reason="Airflow 2.11 knows neither names nor watchers.")
PORTAL = "https://portal.example"


@needs_watchers
@pytest.mark.parametrize(
    "what", [{"source_id": ID}, {"organization_id": ID}, {}], ids=["source", "organization", "portal"]
)
def test_one_call_makes_an_asset_with_its_watcher(what: dict[str, str]) -> None:
    asset = harvest_asset(PORTAL, **what, name="Town hall", watch="success", harvest_conn_id="town")
    [watcher] = asset.watchers
    arguments = watcher.trigger.serialize()[1]
    assert asset.name == "Town hall"
    assert (arguments["harvest_conn_id"], arguments["condition"]) == ("town", "success")
    assert (arguments["source_id"], arguments["organization"]) == (what.get("source_id"), what.get("organization_id"))


@needs_watchers
def test_a_watch_that_is_invalid_is_refused() -> None:
    with pytest.raises(HarvestInvalidInput, match="not 'sucess'"):
        harvest_asset(PORTAL, ID, watch="sucess")  # type: ignore[arg-type]


@needs_watchers
@pytest.mark.parametrize(
    "first, second, warned",
    [
        pytest.param({"watch": "success"}, {"watch": "success"}, False, id="the same twice"),
        pytest.param({}, {}, False, id="twice without watchers"),
        pytest.param({"watch": "success"}, {}, True, id="the second without its watcher"),
        pytest.param({}, {"watch": "success"}, True, id="the first without its watcher"),
        pytest.param({"watch": "success"}, {"watch": "ended"}, True, id="two conditions"),
        pytest.param({"name": "Town"}, {"name": "Village"}, True, id="two names"),
        pytest.param({}, {"source_id": "6" * 24, "watch": "success"}, False, id="another source"),
    ],
)
def test_an_asset_that_is_made_twice_in_another_way_is_reported(
    first: dict[str, Any],
    second: dict[str, Any],
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(assets, "_made", {})
    for given in (first, second):
        harvest_asset(PORTAL, **{"source_id": ID, **given})
    assert ("Make it once" in caplog.text) is warned
