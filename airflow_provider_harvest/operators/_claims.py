"""Claims the next request for a harvest of a source, visibly to other tasks; used by the run operator.

A portal shows a harvest only once one of its workers has begun it, so two tasks that send one in the same second both
harvest. Airflow 3.3 has a place that they share: the state of an asset that both name as outlet or inlet.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.clock import Clock

log = logging.getLogger(__name__)

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
        self._is_won = False

    @property
    def is_shared(self) -> bool:
        """Whether there is a place that other tasks may see."""
        return bool(self._stores)

    def win(self) -> bool:
        """Claim the next request; return False if another task is about to send one, or has just sent one."""
        if self._is_others():
            return False
        self._write({"by": self._me, "at": self._clock.now()})
        self._clock.sleep(SETTLE)
        self._is_won = not self._is_others()
        return self._is_won

    def give_up(self) -> None:
        """End a claim that was won: the portal shows the job now, or nothing was sent."""
        if self._is_won:
            self._is_won = False
            self._write({"by": self._me, "at": 0.0})

    def _is_others(self) -> bool:
        return any(self._holds_others(store) for store in self._stores)

    def _holds_others(self, store: object) -> bool:
        claim: Any = None
        with suppress(Exception):  # Airflow's API raises errors of its own and of its HTTP library
            claim = store.get(self._key)  # type: ignore[attr-defined]
        if not isinstance(claim, dict) or claim.get("by") == self._me:
            return False
        at = claim.get("at")
        return isinstance(at, (int, float)) and abs(self._clock.now() - at) < RESPECTED

    def _write(self, claim: dict[str, Any]) -> None:
        for store in self._stores:
            try:
                store.set(self._key, claim)
            except Exception as error:  # as above
                log.debug("The asset's state cannot be written: %s", type(error).__name__)


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
