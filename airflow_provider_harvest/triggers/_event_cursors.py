"""Stores what an event trigger has reported: with its assets, and in this process while these are deleted.

Airflow 3.3 deletes the state of an asset while no DAG file names it, as during a deploy with an import error. The
triggerer outlives that.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

from airflow_provider_harvest.portal.clock import Clock

log = logging.getLogger(__name__)

#: Name of what is kept with each asset.
CURSOR_KEY = "harvest_cursor"
#: Seconds for which this process remembers, and how many watches: a watch that is removed and made again
#: days later does not report the time between.
_REMEMBERED_FOR, _REMEMBERED = 24 * 3600.0, 200

_memory: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()


class Cursors:
    """The cursors of one trigger.

    :param trigger: the trigger; Airflow gives it the stores of its assets (from 3.3).
    :param identity: what makes another trigger the same.
    :param clock: of this machine.
    """

    def __init__(self, trigger: object, identity: str, clock: Clock | None = None) -> None:
        self._trigger = trigger
        self._identity = identity
        self._clock = clock or Clock()
        self._stored: dict[str, Any] | None = None

    async def load(self) -> dict[str, Any] | None:
        """Return the newest cursor, None if there is none: then the watch begins now."""
        cursors = [await store.aget(CURSOR_KEY) for store in self._stores()]
        kept = max((cursor for cursor in cursors if isinstance(cursor, dict)), key=_since, default=None)
        remembered = self._remembered()
        if remembered is None or (kept is not None and _since(kept) >= _since(remembered)):
            return kept
        if kept is None and cursors:
            log.warning(
                "What was reported is not stored with the asset any more, as after a deploy in which no DAG file named "
                "it: continuing from what this triggerer remembers."
            )
        return remembered

    async def save(self, cursor: dict[str, Any]) -> None:
        """Store a cursor in each place, unless it is stored already."""
        _memory[self._identity] = (self._clock.now(), cursor)
        _memory.move_to_end(self._identity)
        while len(_memory) > _REMEMBERED:
            _memory.popitem(last=False)
        if cursor == self._stored:
            return
        for store in self._stores():
            await store.aset(CURSOR_KEY, cursor)
        self._stored = cursor

    def _remembered(self) -> dict[str, Any] | None:
        at, cursor = _memory.get(self._identity, (0.0, None))
        return cursor if cursor is not None and self._clock.now() - at < _REMEMBERED_FOR else None

    def _stores(self) -> list[Any]:
        """Return the places where the cursor is kept: one for each asset that is watched with this (Airflow 3.3)."""
        store: Any = getattr(self._trigger, "asset_state_store", None)
        if store is None:
            return []
        # Several assets with the same trigger share it; its accessors then have no public way to reach each of them.
        return [*getattr(store, "_by_name", {}).values(), *getattr(store, "_by_uri", {}).values()] or [store]


def _since(cursor: dict[str, Any]) -> float:
    return float(cursor.get("since") or 0.0)
