"""Modules of the portal wing that are loaded when they are first used; for the operators and the sensor only.

A DAG file is parsed every few minutes, by each DAG processor, and on each worker for each task: it imports the
operators then, and runs at most one of them. The portal wing takes about twice as long to load as they do.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Later:
    """Placeholder of a module that loads it when an attribute is first used."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._path), name)


def later(*names: str) -> list[Any]:
    """Return modules of the portal wing, none of which is loaded yet.

    For type checkers the modules are imported as usual, next to this call, under ``TYPE_CHECKING``.

    :param names: of the modules, below ``airflow_provider_harvest.portal``.
    """
    return [_Later(f"airflow_provider_harvest.portal.{name}") for name in names]
