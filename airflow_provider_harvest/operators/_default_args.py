"""Which arguments a task takes from ``default_args``: how it connects, waits and judges, never its subject.

Airflow gives each argument that a task leaves out the value under that name in ``default_args``, even if it was
meant for others. ``{"description": ...}`` of a DAG would so become the public description of a source,
``{"name": ...}`` of a pod its name, and ``{"timeout": ...}`` of a sensor the timeout of a preview.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk.bases.operator import BaseOperatorMeta as OperatorMeta
else:
    OperatorMeta = type(BaseOperator)  # of sensors, too

#: Arguments of this package's tasks that only the task itself may be given.
OWN_ARGUMENTS = frozenset(
    {"active", "autoarchive", "backend", "checks", "comment", "config", "confirm_deletes", "cron", "description"}
    | {"environment", "formats", "job_id", "known_job_ids", "message_template", "mode", "name", "path", "plan"}
    | {"plan_path", "previous", "previous_state", "prune", "q", "remote_ids", "source_ids", "state", "timeout", "url"}
    | {"validation", "with_ids"}
)


@cache
def _own_defaults(kind: type) -> dict[str, Any]:
    """Return the own arguments of a class with their defaults; ``inspect.Parameter.empty`` for those without one."""
    parameters = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    return {name: parameters[name].default for name in OWN_ARGUMENTS & set(parameters)}


def _filled(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a task is made with: what it was given and, for own arguments that it was not given, their defaults.

    :raises TypeError: as Airflow does for an argument that is missing, which Airflow may then not fill in.
    """
    left_out = {name: default for name, default in _own_defaults(kind).items() if name not in given}
    missing = sorted(name for name, default in left_out.items() if default is inspect.Parameter.empty)
    if missing:
        raise TypeError(
            f"{kind.__name__} misses the keyword argument {' and '.join(map(repr, missing))}, which is not taken from "
            "default_args."
        )
    return {**left_out, **given}


class OwnArguments(OperatorMeta):
    """Makes operators whose own arguments are not taken from ``default_args``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make a task."""
        return super().__call__(*args, **_filled(self, kwargs))
