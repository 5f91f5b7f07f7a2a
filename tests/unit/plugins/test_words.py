"""The pages have words, in each language, for every value of a result that they explain or name."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import get_args

import pytest

from airflow_provider_harvest.portal.health.findings import ALL_CHECKS
from airflow_provider_harvest.portal.outcome.since_last_harvest import TOLD
from airflow_provider_harvest.portal.statuses import BLOCKED, FAILURE_KINDS, How

UI = Path(__file__).resolve().parents[3] / "ui" / "src"
LANGUAGES = sorted((UI / "words").glob("[a-z][a-z].ts"))

#: What the pages add to the values of a result: a row of the portal's list, and what the guard reports.
OF_THE_LIST = {"portal"}
OF_THE_GUARD = {"held", "exposed"}


def keys_of(language: Path, group: str) -> set[str]:
    """Return the keys of a group of words."""
    [block] = re.findall(rf"^  {group}: {{\n(.*?)^  }}", language.read_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^    (\w+):", block, re.MULTILINE))


@functools.cache
def words_of_the_sources() -> set[str]:
    """Return all words of the sources of the pages but those that define words."""
    sources = (path.read_text() for path in UI.rglob("*.ts*") if path not in LANGUAGES)
    return {word for source in sources for word in re.findall(r"\w+", source)}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.stem)
@pytest.mark.parametrize(
    "group, values",
    [
        pytest.param("kinds", set(FAILURE_KINDS), id="what to do about each kind of failure"),
        pytest.param("hows", set(get_args(How)) - {BLOCKED} | OF_THE_LIST, id="how a task came to its job"),
        pytest.param("finding", set(ALL_CHECKS) | OF_THE_GUARD, id="each finding of a portal's health"),
        pytest.param("change", set(TOLD), id="what changed"),
    ],
)
def test_each_value_has_its_words(language: Path, group: str, values: set[str]) -> None:
    assert keys_of(language, group) == values


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.stem)
def test_each_word_is_used(language: Path) -> None:
    words = re.findall(r"^  (\w+):", language.read_text(), re.MULTILINE)
    assert words
    assert [word for word in words if word not in words_of_the_sources()] == []
