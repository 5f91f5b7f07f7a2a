"""What other tasks read of a result: ``task.output["outcome"]`` reads an item of the one XCom that holds it.

Airflow's own way, an XCom for each key of what a task returns (``multiple_outputs=True``), wrote 20 rows for each wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import PlainXComArg
from airflow_provider_harvest.portal.outcome.result import RESULT_KEY, HarvestResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk.definitions.mappedoperator import MappedOperator

    from airflow_provider_harvest._compat import BaseOperator, Context

#: The keys of a result. Other keys are XComs of their own, such as the addresses behind a task's buttons.
ITEMS = frozenset(HarvestResult.__annotations__)


class ResultOutput(PlainXComArg):
    """The result that a task returns; ``[...]`` refers to an item of it.

    :param operator: the task.
    """

    def __getitem__(self, item: str) -> PlainXComArg:
        if item in ITEMS:
            return ResultItem(self.operator, item)
        return PlainXComArg(self.operator, item)


class ResultItem(PlainXComArg):
    """An item of the result that a task returns.

    :param operator: the task.
    :param key: the item's key.
    """

    def __str__(self) -> str:
        """Return the template that an f-string puts in its place."""
        return f"{str(PlainXComArg(self.operator)).removesuffix(' }}')}['{self.key}'] }}}}"

    def resolve(self, context: Mapping[str, Any], *args: Any, **kwargs: Any) -> object:
        """Return the item; a list of them if the task ran more than once, in a mapped task group."""
        returned = PlainXComArg(self.operator).resolve(context, *args, **kwargs)
        if returned is None or isinstance(returned, Mapping):
            return self._of(returned)
        return [self._of(result) for result in returned]

    def _of(self, result: Mapping[str, Any] | None) -> object:
        return None if result is None else result.get(self.key)


def push_result(context: Context, result: HarvestResult) -> None:
    """Push a result, so that it can be read also if the task fails.

    Airflow makes the ``output`` of a mapped task itself, and reads ``output["outcome"]`` as an XCom of that key: a
    mapped task pushes the items that tasks of its DAG refer to so.

    :param context: Airflow's task context.
    :param result: of the harvest.
    """
    ti: Any = context["ti"]
    ti.xcom_push(key=RESULT_KEY, value=result)
    index: int | None = getattr(ti, "map_index", None)
    if index is not None and index >= 0:
        for item in sorted(_referred_to(ti.task)):
            ti.xcom_push(key=item, value=result.get(item))


def _referred_to(task: BaseOperator) -> set[str]:
    """Return the items of a mapped task's result that tasks after it name."""
    return {
        key
        for later in task.dag.tasks
        if task.task_id in later.upstream_task_ids
        for operator, key in _references(later)
        if operator.task_id == task.task_id and key in ITEMS
    }


def _references(task: BaseOperator | MappedOperator) -> Iterator[tuple[Any, str]]:
    """Yield the XComs to which the arguments of a task refer; those of a mapped one are not attributes of it."""
    partial: Mapping[str, Any] | None = getattr(task, "partial_kwargs", None)
    for name in task.template_fields if partial is None else partial:
        with suppress(Exception):  # a property of another package's task, which may raise before that task runs
            value = getattr(task, name, None) if partial is None else partial[name]
            yield from PlainXComArg.iter_xcom_references(value)
