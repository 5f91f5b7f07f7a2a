"""Every DAG that a page or an example shows is complete, and starts no harvest by being pasted; on every Airflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2.11 and 3.1
    from airflow.models.dagbag import DagBag  # type: ignore[no-redef]

from tests.support.airflow_release import HAS_EVENT_TRIGGERS

_IS_AIRFLOW_2 = not HAS_EVENT_TRIGGERS
_BAG: dict[str, Any] = {"include_examples": False} if _IS_AIRFLOW_2 else {}
ROOT = Path(__file__).resolve().parents[2]
#: The page on compatibility shows a fault of a newer Airflow, not a recipe.
PAGES = (ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "compatibility.md"}))
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    if "DAG(" in block
]
EXAMPLES = [
    pytest.param(path.read_text(encoding="utf-8"), id=path.name)
    for path in sorted((ROOT / "example_dags").glob("*.py"))
]


@pytest.mark.parametrize("source", [*BLOCKS, *EXAMPLES])
def test_dag_is_complete_and_safe_as_pasted(source: str, tmp_path: Path) -> None:
    if not HAS_EVENT_TRIGGERS and any(word in source for word in ("AssetWatcher", "watch=")):
        pytest.skip("Event triggers need Airflow 3.")
    path = tmp_path / "pasted.py"
    path.write_text(source, encoding="utf-8")
    bag: Any = DagBag(str(path), **_BAG)
    assert bag.import_errors == {}
    dags = dict(bag.dags)
    assert len(dags) == 1
    for dag in dags.values():
        assert dag.tasks, "a DAG without tasks does nothing"
        assert dag.catchup is False, "Airflow 2.11 would start a run for each day since its start_date"
        assert all(task.pool == "default_pool" for task in dag.tasks), "a pool that nobody made hangs in silence"


def test_there_are_recipes() -> None:
    assert len(BLOCKS) >= 6
