"""Imports what a DAG file would, in a process of its own, and reports what that caused; for `test_parsing`.

Called as a program with names of modules and paths of DAG files, in groups with ``--`` between them: Airflow is loaded
once for all of them. Prints one line of JSON last, a report for each group; each entry but those of ``done`` says
where in our code it was caused, those of ``loaded`` by which target:
[{"done": [...], "connects": [...], "lookups": [...], "requests": [...], "web": [...], "deprecations": [...],
"loaded": [...]}, ...]
"""

from __future__ import annotations

import importlib
import importlib.abc
import json
import runpy
import socket
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Airflow 3.1 imports these itself, when the first task is made and for its own approval operator.
_DEPRECATED_BY_AND_FOR_AIRFLOW = ("airflow.operators.branch.BaseBranchOperator", "airflow.operators.branch.BranchMixIn")

#: Whose import is noted, and as what.
_WATCHED = {"requests": "requests", **dict.fromkeys(("fastapi", "starlette", "anyio", "uvicorn"), "web")}
_KINDS = ("done", "connects", "lookups", "requests", "web", "deprecations", "loaded")

#: That of the group in progress.
report: dict[str, list[str]] = {}


def where() -> str:
    """The innermost line of the package or of a DAG file that led here; else the innermost of all."""
    frames = traceback.extract_stack()[:-2]
    ours = [frame for frame in frames if any(part in frame.filename for part in ("provider_harvest/", "dags/"))]
    frame = (ours or frames)[-1]
    return f"{frame.filename}:{frame.lineno}: {frame.line}"


def watch(owner: Any, name: str, kind: str) -> None:
    """Note each call of a function of a class, and let it through."""
    original: Callable[..., Any] = getattr(owner, name)
    is_class_method = hasattr(original, "__self__")

    def noted(*args: Any, **kwargs: Any) -> Any:
        report[kind].append(where())
        return original(*args, **kwargs)

    setattr(owner, name, staticmethod(noted) if is_class_method else noted)


class ImportWatcher(importlib.abc.MetaPathFinder):
    """Notes who is the first to import what is watched."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> None:
        kind = _WATCHED.get(fullname)
        if kind == "web" or (kind and not _asked_for_by_airflow()):
            report[kind].append(where())


def _asked_for_by_airflow() -> bool:
    """Whether the import in progress is in a file of Airflow's: 2.11 loads ``requests`` for its own use."""
    importers = [frame for frame in traceback.extract_stack() if "importlib" not in frame.filename]
    return "site-packages/airflow/" in importers[-3].filename


def main(arguments: list[str]) -> None:
    """Import what the command line names, and print what that loaded and warned of."""
    # Airflow first: what its own import opens, deprecates or brings along is not at issue.
    importlib.import_module("airflow")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compat = importlib.import_module("airflow_provider_harvest._compat")
    importlib.import_module("airflow.plugins_manager")
    sys.meta_path.insert(0, ImportWatcher())
    for name in ("connect", "connect_ex"):
        watch(socket.socket, name, "connects")
    watch(compat.BaseHook, "get_connection", "lookups")
    by_compat = deprecations([warning for warning in caught if warning.filename == compat.__file__])
    reports = []
    for group in " ".join(arguments).split(" -- "):
        visit(group.split())
        reports.append({**report, "deprecations": [*by_compat, *report["deprecations"]]})
    print(json.dumps(reports))


def visit(targets: list[str]) -> None:
    """Import targets, and report on them."""
    report.update({kind: [] for kind in _KINDS})
    for name in [name for name in sys.modules if name.partition(".")[0] in _WATCHED]:
        del sys.modules[name]
    seen = set(sys.modules)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for target in targets:
            if target.endswith(".py"):
                runpy.run_path(target)
            else:
                importlib.import_module(target)
            report["done"].append(target)
            ours = [name for name in sys.modules if name.startswith("airflow_provider_harvest") and name not in seen]
            report["loaded"] += [f"{target}: {name}" for name in ours]
            seen.update(sys.modules)
    report["deprecations"] = deprecations(caught)


def deprecations(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Return those of the warnings that Airflow gave of what others use."""
    return [
        f"{warning.filename}:{warning.lineno}: {warning.category.__name__}: {warning.message}"
        for warning in caught
        if warning.category.__module__.startswith("airflow")
        and not any(name in str(warning.message) for name in _DEPRECATED_BY_AND_FOR_AIRFLOW)
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
