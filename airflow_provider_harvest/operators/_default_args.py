"""Which arguments a task takes from ``default_args``: how it connects, waits and judges, never its subject.

Airflow gives each argument that a task leaves out the value under that name in ``default_args``, even if it was
meant for others. ``{"description": ...}`` of a DAG would so become the public description of a source,
``{"name": ...}`` of a pod its name, and ``{"timeout": ...}`` of a sensor the timeout of a preview.

Sets are sorted on the way: each process has an order of its own for them, and Airflow up to 3.1 stores it.
"""

from __future__ import annotations

import inspect
from functools import cache, wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_harvest._compat import BaseOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk.bases.operator import BaseOperatorMeta as OperatorMeta
else:
    OperatorMeta = type(BaseOperator)  # of sensors, too

_Init = TypeVar("_Init", bound=FunctionType)
#: Arguments of this package's tasks that only the task itself may be given.
OWN_ARGUMENTS = frozenset(
    {"active", "autoarchive", "backend", "checks", "comment", "config", "confirm_deletes", "cron", "description"}
    | {"environment", "formats", "job_id", "known_job_ids", "message_template", "mode", "name", "path", "plan"}
    | {"plan_path", "previous", "previous_state", "prune", "q", "remote_ids", "source_ids", "state", "timeout", "url"}
    | {"validation", "with_ids"}
)
#: The argument by which Airflow says that it makes the instance of a mapped task, and where its arguments are noted.
_FROM_MAPPED, _GIVEN_WHEN_MAPPED = "_airflow_from_mapped", "_given_when_mapped"
_OURS = f"{__name__.partition('.')[0]}."


@cache
def _own_names(kind: type) -> frozenset[str]:
    """Return the own arguments of the classes of this package from which a class is derived."""
    ours = [vars(base) for base in kind.mro() if base.__module__.startswith(_OURS)]
    inits = [own["__init__"] for own in ours if "__init__" in own]
    return OWN_ARGUMENTS.intersection(name for init in inits for name in inspect.signature(init).parameters)


def _filled(kind: type, parameters: Mapping[str, inspect.Parameter], given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of an ``__init__``: those that were given, and the defaults of own ones that were not.

    :param kind: the class of the task.
    :param parameters: of that ``__init__``, its own or of a class from which it is derived.
    :raises TypeError: as Airflow does for an argument that is missing, which Airflow may then not fill in.
    """
    left_out = {name: parameters[name].default for name in _own_names(kind) if name in parameters and name not in given}
    missing = sorted(name for name, default in left_out.items() if default is inspect.Parameter.empty)
    if missing:
        raise TypeError(
            f"{kind.__name__} misses the keyword argument {' and '.join(map(repr, missing))}, which is not taken from "
            "default_args."
        )
    return {**left_out, **given}


def given_when_mapped(task: object) -> frozenset[str]:
    """Return the arguments with which Airflow made an instance of a mapped task; none for another task."""
    return frozenset(vars(task).get(_GIVEN_WHEN_MAPPED, ()))


def _sorting(init: _Init) -> _Init:
    """Return an ``__init__`` that takes a set among its own arguments as a sorted list; a user's one stays as it is."""
    if not init.__module__.startswith(_OURS):
        return init
    names = inspect.signature(init).parameters

    @wraps(init)
    def sorting(self: object, *args: Any, **kwargs: Any) -> None:
        ordered = {
            name: sorted(value, key=str) if name in names and isinstance(value, (set, frozenset)) else value
            for name, value in kwargs.items()
        }
        init(self, *args, **ordered)

    return cast("_Init", sorting)


class OwnArguments(OperatorMeta):
    """Makes operators whose own arguments are not taken from ``default_args``; nor are those of users' subclasses.

    It also notes with which arguments the instance of a mapped task was made: a None is no argument left out.

    Airflow fills in the arguments of each ``__init__`` of a class and its bases separately, so that is where they are
    kept from it: the signature of a subclass may name none of them.
    """

    @classmethod
    def _apply_defaults(cls, func: _Init) -> _Init:
        """Let Airflow fill in the arguments of an ``__init__``, our own ones aside; sets are sorted after that."""
        own = _sorting(func)
        fill_in: Any = super()._apply_defaults(own)
        parameters = inspect.signature(func).parameters

        @wraps(fill_in)
        def init(self: object, *args: Any, **kwargs: Any) -> None:
            if kwargs.get(_FROM_MAPPED):
                vars(self).setdefault(_GIVEN_WHEN_MAPPED, tuple(kwargs))  # by the outermost one
            fill_in(self, *args, **_filled(type(self), parameters, kwargs))

        init.__wrapped__ = own  # by which Airflow knows the outermost one
        return cast("_Init", init)
