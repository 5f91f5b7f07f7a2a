"""Shared by all tasks of this package: the hook, and the translation of a portal's errors for Airflow."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import BaseOperator
from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.links.harvest import push_links
from airflow_provider_harvest.operators._default_args import OwnArguments, given_when_mapped
from airflow_provider_harvest.operators._retries import HarvestFailException, is_final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.operators._result_items import ResultOutput
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy

log = logging.getLogger(__name__)

#: What a template renders None to, unless the DAG renders native objects.
_NONE_AS_TEXT = "None"


def resolve_source(client: HarvestClient, source_id: str) -> HarvestSource:
    """Return a source by id or slug, as this key sees it.

    A slug is resolved once, here: it may change and be given to another source, the id never. So what follows
    uses the id of what is returned, and logs it.

    :param client: of the portal.
    :param source_id: what the user gave.
    :raises HarvestInvalidInput: if it is neither, or a slug that names a deleted source: its name may have been
        given to another one since.
    :raises HarvestNotFound: if there is none.
    """
    from airflow_provider_harvest.portal.inputs import check_id, is_object_id

    ident = check_id(source_id, "source_id")
    source = client.get_source(ident, keyed=client.has_key)
    if is_object_id(ident):
        return source
    if source.deleted is not None:
        raise HarvestInvalidInput(
            f"The slug {ident!r} names source {source.id}, which is deleted: give the id of the source that you mean."
        )
    log.info("The slug %r names source %s (%r).", ident, source.id, source.name)
    return source


#: The package whose classes' arguments are known here.
_PACKAGE = f"{__name__.partition('.')[0]}."


def _is_nothing(value: object, *, none_is_value: bool, blank_is_value: bool) -> bool:
    if value is None:
        return not none_is_value
    if not isinstance(value, str):
        return False
    return value.strip() == _NONE_AS_TEXT or (not value.strip() and not blank_is_value)


def _mapped_over(context: Mapping[str, Any], made: BaseOperator) -> set[str]:
    """Return the arguments that a mapped task takes from the results of other tasks, one value for each instance.

    Airflow makes the instance with the values, so a None among them would look like an argument that was left out.

    :param context: Airflow's task context.
    :param made: the instance.
    """
    task = getattr(context.get("dag"), "task_dict", {}).get(made.task_id)
    expanded = getattr(getattr(task, "expand_input", None), "value", None)
    if isinstance(expanded, Mapping):
        return {name for name, values in expanded.items() if not isinstance(values, (list, tuple, Mapping))}
    # ``expand_kwargs``: which arguments a row has is known by the instance only.
    rows = expanded if isinstance(expanded, (list, tuple)) else ()
    meant = {name for row in rows if isinstance(row, Mapping) for name, value in row.items() if value is None}
    return set(given_when_mapped(made)) - meant - set(getattr(task, "partial_kwargs", ()))


class HarvestTask(BaseOperator, metaclass=OwnArguments):
    """The hook of a task, its links, and the translation of errors."""

    harvest_conn_id: str
    template_fields: Sequence[str]
    #: Template fields for which a blank string is a valid value.
    may_be_blank: Sequence[str] = ("description", "comment")
    #: Template fields for which None is a valid value: it neither selects more nor writes anything.
    may_be_none: Sequence[str] = ("comment", "environment")
    _came_to_nothing: tuple[str, ...] = ()

    def _do_render_template_fields(
        self, parent: object, template_fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> None:
        """Render as Airflow does, and note which given arguments became empty."""
        names = list(template_fields)
        given = {name: getattr(parent, name, None) for name in names} if parent is self else {}
        context = kwargs.get("context") or (args[0] if args else {})
        mapped = {name for name in _mapped_over(context, self) if name not in self.may_be_none}
        super()._do_render_template_fields(parent, names, *args, **kwargs)
        if parent is self:
            now = {name: getattr(self, name, None) for name in names}
            self._came_to_nothing = tuple(
                name
                for name in names
                if _is_nothing(
                    now[name], none_is_value=name in self.may_be_none, blank_is_value=name in self.may_be_blank
                )
                and (name in mapped or (given[name] is not None and given[name] != now[name]))
            )

    def refuse_nothing(self) -> None:
        """Refuse an argument that was given and is empty after rendering: it would silently select less, or everything.

        :raises HarvestInvalidInput: naming the arguments.
        """
        if self._came_to_nothing:
            names = " and ".join(self._came_to_nothing)
            raise HarvestInvalidInput(
                f"{names} was given, but is empty after rendering: the task or template behind it returned None or a "
                "blank string. Give a value, or leave the argument out. (If None is meant, the DAG needs "
                "render_template_as_native_obj=True: otherwise a template turns None into the string 'None'.)"
            )

    def read_switches(self) -> None:
        """Read the arguments that are True or False by default: Python takes the string ``"False"`` for true.

        :raises HarvestInvalidInput: for one that says neither.
        """
        from airflow_provider_harvest.portal.inputs import as_switch

        for kind in type(self).__mro__:
            init = vars(kind).get("__init__")
            # A subclass of a user has arguments of its own, and may hand on ours unnamed.
            if init is None or not kind.__module__.startswith(_PACKAGE):
                continue
            for name, parameter in signature(init).parameters.items():
                if isinstance(parameter.default, bool):
                    setattr(self, name, as_switch(getattr(self, name), name))

    @cached_property
    def hook(self) -> HarvestHook:
        """The hook, made when the task runs."""
        return HarvestHook(self.harvest_conn_id)

    @contextmanager
    def errors(self, *, soft_fail: bool = False) -> Iterator[None]:
        """Turn an error that a retry would cause again into one that Airflow does not retry, and close the hook.

        :param soft_fail: whether the task is a sensor that skips on ``AirflowFailException``: then errors stay as
            they are, so that a wrong key does not look like a skip.
        """
        try:
            self.refuse_nothing()
            self.read_switches()
            yield
        except HarvestError as error:
            error.args = (_in_lines(str(error)),)
            if soft_fail or not is_final(error):
                raise
            # Without its cause, which would show the same message a second time; it is in ``error``.
            raise HarvestFailException(error) from None
        finally:
            if "hook" in self.__dict__:
                self.hook.close()

    def log_text(self, text: str) -> None:
        """Log a text, a record for each of its lines."""
        for line in _in_lines(text).splitlines():
            self.log.info("%s", line)

    def push_links(self, context: Context, source_url: str | None = None, job_url: str | None = None) -> None:
        """Set the addresses of the task's buttons."""
        push_links(context, source_url, job_url)


def _in_lines(text: str) -> str:
    """Return a text in lines that fit a log window."""
    from airflow_provider_harvest.portal.text.words import log_lines

    return "\n".join(log_lines(text))


class HarvestResultTask(HarvestTask):
    """A task that judges a harvest and returns its result, in one XCom: ``output["outcome"]`` reads an item of it."""

    max_failed_items: int | None
    max_failed_ratio: float | None
    min_done_items: int
    max_skipped_items: int | None
    max_skipped_ratio: float | None
    #: A preview stops at 20 items, so that it has no such limit.
    max_drop_ratio: float | None = None
    fail_on_job_errors: bool
    fail_on_outcome: bool
    remote_ids: Collection[str] | None = None

    @property
    def output(self) -> ResultOutput:
        """The result that the task returns; ``output["outcome"]`` is an item of it."""
        from airflow_provider_harvest.operators._result_items import ResultOutput

        return ResultOutput(self)

    def outcome_policy(self) -> OutcomePolicy:
        """Return the criteria for the harvest.

        :raises HarvestInvalidInput: for an impossible limit.
        """
        from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy

        return OutcomePolicy.of(self)


class HarvestOperator(HarvestTask):
    """Base of the operators.

    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    """

    template_fields: Sequence[str] = ("harvest_conn_id",)
    ui_color = "#e3f3e6"

    def __init__(self, *, harvest_conn_id: str = "harvest_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.harvest_conn_id = harvest_conn_id
