"""What a task takes from ``default_args``, for every argument of every operator, on this Airflow."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import BaseOperator, BaseSensorOperator
from airflow_provider_harvest.operators import job, portal, source
from airflow_provider_harvest.operators._default_args import OWN_ARGUMENTS
from airflow_provider_harvest.operators.source import HarvestPreviewSourceOperator, HarvestUpdateSourceOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

if TYPE_CHECKING:
    from collections.abc import Callable

#: How a task connects, waits and judges: one value for a whole DAG makes sense, and no other package uses the name.
SHARED = {
    *("harvest_conn_id", "source_id", "organization", "owner_id", "after", "deferrable", "poll_interval"),
    *("max_failed_items", "max_failed_ratio", "max_skipped_items", "max_skipped_ratio", "min_done_items"),
    *("fail_on_job_errors", "fail_on_outcome", "fail_on", "on_run_refused", "if_running", "if_exists", "missing_ok"),
    *("start_timeout", "run_timeout", "stall_timeout", "first_item_timeout", "max_poll_failures"),
    *("stuck_factor", "silent_periods", "never_ran_days", "pending_days", "max_drop_ratio", "max_archived_ratio"),
    *("min_items", "loss_days", "max_detail_requests", "on_drift", "allow_duplicates"),
    *("max_changes", "max_deletes", "write_interval", "accept_interval", "patience"),
    *("thresholds", "thresholds_by_source", "grace_days", "expire_days", "examine_all", "guard"),
    *("preview_timeout", "max_previews"),
}
#: What default_args often hold for Airflow itself, for DAGs, and for tasks of other packages.
COMMON = {
    *("name", "description", "url", "timeout", "path", "mode", "config", "state", "active", "comment", "job_id"),
    *("environment", "validation", "plan", "q", "cron"),
}
KINDS = sorted(
    {
        kind
        for module in (job, source, portal)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseOperator) and kind.__name__.startswith("Harvest")
    }
    | {HarvestJobSensor},
    key=lambda kind: kind.__name__,
)
AIRFLOWS = {*inspect.signature(BaseOperator.__init__).parameters, "kwargs"}
EXAMPLES: dict[str, Any] = {"source_id": "5f00000000000000000000aa", "name": "n", "url": "u", "backend": "b"}


def own_parameters(kind: type) -> dict[str, inspect.Parameter]:
    return {name: p for name, p in inspect.signature(kind.__init__).parameters.items() if name not in AIRFLOWS}  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_argument_is_either_shared_or_the_tasks_own(kind: type) -> None:
    """A new argument has to be put into one of the two."""
    undecided = set(own_parameters(kind)) - SHARED - OWN_ARGUMENTS
    assert undecided == set()


def test_no_argument_is_both_and_common_ones_are_the_tasks_own() -> None:
    assert SHARED.isdisjoint(OWN_ARGUMENTS)
    assert COMMON <= OWN_ARGUMENTS
    sensors = {*inspect.signature(BaseSensorOperator.__init__).parameters} - {"self", "kwargs"}
    dags = {*inspect.signature(DAG.__init__).parameters} - {"self", "kwargs"}
    ours = set().union(*(own_parameters(kind) for kind in KINDS))
    assert ours & (sensors | dags | AIRFLOWS) <= OWN_ARGUMENTS


def as_it_is(kind: Any) -> Any:
    """The class itself."""
    return kind


def subclassed(kind: Any) -> Any:
    """A user's subclass, as most are: it passes all on."""

    class Users(kind):  # type: ignore[misc]
        def __init__(self, *, town: str = "Lyon", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.town = town

    return Users


def subclassed_twice(kind: Any) -> Any:
    """A subclass of a subclass without an ``__init__``."""
    return type(kind)("Users", (subclassed(kind),), {})


@pytest.mark.parametrize("of", [as_it_is, subclassed, subclassed_twice])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_default_args_reach_only_what_is_shared(kind: Any, of: Callable[[Any], Any]) -> None:
    parameters = own_parameters(kind)
    kind = of(kind)
    needed = {n: EXAMPLES.get(n, n) for n, p in parameters.items() if p.default is p.empty}
    with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        plain = kind(task_id="plain", **needed)
    strangers = {name: f"of another task: {name}" for name in parameters if name not in needed}
    dag.default_args = {**dag.default_args, **strangers}
    with dag:
        task = kind(task_id="t", **needed)
    for name in set(strangers) & OWN_ARGUMENTS:
        assert getattr(task, name) == getattr(plain, name), name
    for name in set(strangers) & SHARED:
        assert getattr(task, name) == strangers[name], name


def test_a_public_description_is_not_that_of_the_dag() -> None:
    given = {"description": "Nightly loads of the team", "timeout": 60, "retries": 2, "max_failed_ratio": 0.1}
    with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, default_args=given):
        update = HarvestUpdateSourceOperator(task_id="u", source_id=EXAMPLES["source_id"])
        preview = HarvestPreviewSourceOperator(task_id="p", source_id=EXAMPLES["source_id"])
        sensor = HarvestJobSensor(task_id="s", source_id=EXAMPLES["source_id"])
        told = HarvestUpdateSourceOperator(task_id="t", source_id=EXAMPLES["source_id"], description="Mine")
        mapped = HarvestUpdateSourceOperator.partial(task_id="m").expand(source_id=[EXAMPLES["source_id"]])
        unmapped: Any = mapped.unmap({"source_id": EXAMPLES["source_id"]})
    assert (update.description, preview.timeout, told.description) == (plain_description(), None, "Mine")
    assert unmapped.description == plain_description()
    assert (sensor.timeout, update.retries, preview.max_failed_ratio) == (60, 2, 0.1)


def plain_description() -> Any:
    """What an update has if no description is given."""
    return HarvestUpdateSourceOperator(task_id="x", source_id=EXAMPLES["source_id"]).description


def test_an_argument_that_is_missing_is_not_filled_in_by_another_tasks() -> None:
    given = {"name": "a pod", "url": "https://api.example/"}
    with (
        DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, default_args=given),
        pytest.raises(TypeError, match="'backend' and 'name' and 'url', which is not taken from default_args"),
    ):
        source.HarvestCreateSourceOperator(task_id="c")  # type: ignore[call-arg]


class RepeatsOurs(HarvestUpdateSourceOperator):
    """A user's subclass that names one of our arguments, and one of its own under a name that we use elsewhere."""

    def __init__(self, *, description: str | None = None, path: str = "/home", **kwargs: Any) -> None:
        self.path = path
        super().__init__(description=description or "by hand", **kwargs)


class TimedSensor(HarvestJobSensor):
    """A user's sensor that names an argument of Airflow's sensors."""

    def __init__(self, *, timeout: float = 5.0, **kwargs: Any) -> None:
        super().__init__(timeout=timeout, **kwargs)


def test_what_a_users_subclass_names_is_ours_only_if_it_is_an_argument_of_ours() -> None:
    given = {"description": "Nightly loads of the team", "path": "/data", "timeout": 60}
    with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, default_args=given):
        update = RepeatsOurs(task_id="u", source_id=EXAMPLES["source_id"])
        sensor = TimedSensor(task_id="s", source_id=EXAMPLES["source_id"])
    assert (update.description, update.path, sensor.timeout) == ("by hand", "/data", 60)


def test_a_users_subclass_that_is_mapped() -> None:
    given = {"description": "Nightly loads of the team", "name": "a pod", "retries": 2}
    kind = subclassed(HarvestUpdateSourceOperator)
    with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, default_args=given):
        mapped = kind.partial(task_id="m", town="Brest").expand(source_id=[EXAMPLES["source_id"]])
        unmapped: Any = mapped.unmap({"source_id": EXAMPLES["source_id"]})
    assert (unmapped.description, unmapped.name) == (plain_description(), None)
    assert (unmapped.town, unmapped.retries) == ("Brest", 2)


def test_an_argument_that_a_users_subclass_leaves_out_is_not_filled_in_either() -> None:
    kind = subclassed(source.HarvestCreateSourceOperator)
    with (
        DAG("d", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, default_args={"name": "a pod"}),
        pytest.raises(
            TypeError, match="Users misses the keyword argument 'name', which is not taken from default_args"
        ),
    ):
        kind(task_id="c", url="https://town.example/", backend="dcat")
