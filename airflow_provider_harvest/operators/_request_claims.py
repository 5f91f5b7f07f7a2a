"""Claims the next request for a harvest of a source, visibly to other tasks; used by the run operator.

A portal shows a harvest only once one of its workers has begun it, so two tasks that send one in the same second both
harvest. Airflow 3.3 has a place that they share: the state of an asset that both name as outlet or inlet.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.clock import Clock

#: Seconds from writing a claim until it is read again: of two that write at one time, the later one stays.
SETTLE = 2.0
#: Seconds for which another task's claim is respected while no job appears: its worker may have been killed.
RESPECTED = 120.0


class Claims:
    """The claims of one source in the state of a task's assets; without such a place every claim is won.

    Best effort: what cannot be written or read stops no harvest.

    :param context: Airflow's task context.
    :param source_id: the source.
    :param clock: of this machine, on which claims of other machines are compared with a tolerance of minutes only.
    """

    def __init__(self, context: Context, source_id: str, clock: Clock) -> None:
        ti: Any = context.get("ti")
        self._key = f"harvest_asking_{source_id}"
        self._me = [getattr(ti, name, None) for name in ("dag_id", "task_id", "run_id", "map_index")]
        self._clock = clock
        self._stores = _stores(context)

    @property
    def is_shared(self) -> bool:
        """Whether there is a place that other tasks may see."""
        return bool(self._stores)

    def win(self) -> bool:
        """Claim the next request; return False if another task is about to send one, or has just sent one."""
        if self._is_others():
            return False
        for store in self._stores:
            with suppress(Exception):  # Airflow's API raises errors of its own and of its HTTP library
                store.set(self._key, {"by": self._me, "at": self._clock.now()})
        self._clock.sleep(SETTLE)
        return not self._is_others()

    def give_up(self) -> None:
        """Delete this task's claim, if there is one: the portal shows the job now, or nothing was sent."""
        for store in self._stores:
            with suppress(Exception):  # as above
                if self._is_mine(store.get(self._key)):
                    store.delete(self._key)

    def _is_others(self) -> bool:
        """Whether any of the stores holds another task's claim that is to be respected."""
        return any(self._holds_others(store) for store in self._stores)

    def _holds_others(self, store: Any) -> bool:  # noqa: ANN401 - Airflow's accessor
        with suppress(Exception):  # as above
            claim = store.get(self._key)
            if isinstance(claim, dict) and not self._is_mine(claim):
                return abs(self._clock.now() - float(claim["at"])) < RESPECTED
        return False

    def _is_mine(self, claim: object) -> bool:
        return isinstance(claim, dict) and claim.get("by") == self._me


def _stores(context: Context) -> list[Any]:
    """Return the stores of the task's assets, of which other tasks may name some, too."""
    accessors: Any = context.get("asset_state_store")
    task: Any = context.get("task") or getattr(context.get("ti"), "task", None)
    if accessors is None or task is None:
        return []
    found = []
    for asset in (*(getattr(task, "outlets", None) or ()), *(getattr(task, "inlets", None) or ())):
        with suppress(Exception):  # an alias, or a reference to nothing
            found.append(accessors[asset])
    return found
