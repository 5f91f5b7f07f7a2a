"""A list of endpoints, as another tool keeps it, becomes a file of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.files.reader import read
from airflow_provider_harvest.portal.as_code.files.yaml_document import parse
from airflow_provider_harvest.portal.as_code.import_endpoints import from_endpoint_list

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_harvest.portal.as_code.export import Export

# --- lists of another shape ----------------------------------------------------------------------------------------

ENDPOINTS = """
api: {url: https://www.example, token: CONFIGURE_ME}
harvests:
  backend: csw-iso-19139
  endpoints:
  - name: Towns
    org: town-hall
    prefix: https://geo.example/#/
    schedule: 0 0 * * *
    url: https://geo.example/csw-1
  - name: Villages
    org: villages
    prefix: https://geo.example/#/
    schedule: 3 0 * * *
    url: https://geo.example/csw-2
"""


class TestListOfEndpoints:
    @pytest.fixture
    def imported(self) -> Export:
        return from_endpoint_list(parse(ENDPOINTS, "harvests.yaml").value)

    def test_becomes_a_file_of_sources(self, imported: Export, tmp_path: Path) -> None:
        path = tmp_path / "sources.yaml"
        path.write_text(imported.text)
        towns, villages = read(path).sources
        assert (towns.key, towns.organization, towns.schedule.text) == ("towns", "town-hall", "0 0 * * *")  # type: ignore[union-attr]
        assert villages.fields == {
            "name": "Villages",
            "url": "https://geo.example/csw-2",
            "backend": "csw-iso-19139",
            "config": {"extra_configs": [{"key": "remote_url_prefix", "value": "https://geo.example/#/"}]},
        }

    def test_says_once_what_all_have(self, imported: Export) -> None:
        assert imported.text.count("remote_url_prefix") == imported.text.count("csw-iso-19139") == 1

    def test_leaves_the_portals_key_behind(self, imported: Export) -> None:
        assert "CONFIGURE_ME" not in imported.text
        assert imported.left_out == ("api: the address and key of the portal.",)

    def test_keeps_a_description_that_is_given_once(self, tmp_path: Path) -> None:
        text = ENDPOINTS.replace("  endpoints:", "  description: Harvested every night.\n  endpoints:")
        text = text.replace("  - name: Villages", "  - name: Villages\n    description: Ours")
        imported = from_endpoint_list(parse(text, "x").value)
        path = tmp_path / "sources.yaml"
        path.write_text(imported.text)
        assert [one.fields["description"] for one in read(path).sources] == ["Harvested every night.", "Ours"]
        assert imported.left_out == ("api: the address and key of the portal.",)

    def test_names_what_it_does_not_know(self) -> None:
        text = ENDPOINTS.replace("  endpoints:", "  autoarchive: false\n  endpoints:")
        imported = from_endpoint_list(parse(text, "x").value)
        assert "'harvests', autoarchive: not known, so not imported." in imported.left_out

    @pytest.mark.parametrize(
        "value",
        [None, [], {"sources": {}}, {"harvests": {"endpoints": {}}}, {"harvests": {"endpoints": [{"name": "x"}]}}],
    )
    def test_of_another_shape_is_refused(self, value: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match=r"harvests\.endpoints"):
            from_endpoint_list(value)
