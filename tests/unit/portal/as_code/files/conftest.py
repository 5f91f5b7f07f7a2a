"""Files of sources, read from strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.as_code.files.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., Declaration]:
    """Reads a string as a file: `said(text, environment)`."""

    def read_text(text: str, environment: str | None = None) -> Declaration:
        path = tmp_path / "sources.yaml"
        path.write_text(text)
        return read(path, environment)

    return read_text


@pytest.fixture
def one(said: Callable[..., Declaration]) -> Callable[..., DeclaredSource]:
    """Reads the only source of a file, of which some lines are given: `one("active: true")`."""

    def read_source(*lines: str, above: str = "") -> DeclaredSource:
        body = "".join(f"    {line}\n" for line in lines)
        (source,) = said(f"version: 1\n{above}sources:\n  one:\n    url: https://one.example\n{body}").sources
        return source

    return read_source
