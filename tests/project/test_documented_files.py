"""The files that README and tutorial show are files that the reader takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_harvest.portal.as_code.files import schema as layout
from airflow_provider_harvest.portal.as_code.files.config import expand
from airflow_provider_harvest.portal.as_code.files.reader import Files
from airflow_provider_harvest.portal.as_code.files.yaml_document import parse

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/how-to.md", "docs/sources-as-code.md")
BLOCKS = [
    (page, block)
    for page in PAGES
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
]
FILES = [block for _, block in BLOCKS if block.startswith("version:")]
(CONFIG,) = (block for _, block in BLOCKS if block.startswith("config:"))


@pytest.mark.parametrize("text", FILES)
def test_files_are_right_in_every_environment(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    files = Files.load(path)
    for environment in files.environments or (None,):
        assert files.declaration(environment).sources


def test_short_form_of_a_configuration_means_the_long_form_next_to_it() -> None:
    shown: dict[str, Any] = parse(CONFIG, "docs").value["config"]
    assert not list(layout.CONFIG.problems(shown))
    beside = [parse(f"[{comment}]", "docs").value for comment in re.findall(r"# (\{.*\})", CONFIG)]
    assert expand(shown) == {"filters": [*beside[0], *beside[1]], "features": beside[2][0], "extra_configs": beside[3]}


def test_every_key_is_explained() -> None:
    tutorial = (ROOT / "docs/sources-as-code.md").read_text(encoding="utf-8")
    keys = {*layout.DOCUMENT.fields, *layout.IN_ENVIRONMENT.fields}
    assert {key for key in keys if f"`{key}`" not in tutorial} == set()
