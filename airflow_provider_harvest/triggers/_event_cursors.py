"""Stores what an event trigger has reported: with its assets (Airflow 3.3), and in this process.

An asset may have several watches, whose triggerers may be several processes, so each has a key of its own. Besides it
each writes the key that all share, so that a watch without a cursor of its own continues where the asset was watched:
after an edit of its arguments, or an upgrade from a version that had only the shared key.

Airflow deletes the state of an asset while no DAG file names it, as during a deploy with an import error. The triggerer
outlives that.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_harvest.portal.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

log = logging.getLogger(__name__)

#: Key of the cursor that all watches of an asset write; that of a single watch ends with a digest of its arguments.
CURSOR_KEY = "harvest_cursor"
#: Entries of what is stored: the scope of the watch that wrote the shared cursor, which versions that had only this
#: key did not write; and when it was stored, by this machine's clock.
_SCOPE, _AT = "scope", "at"
#: Key of what such a version left, with the time of the upgrade, for those watches of the asset that start a little
#: later than the first; and seconds for which it counts.
_UPGRADED_KEY, _UPGRADING = f"{CURSOR_KEY}_upgraded", 3600.0
#: Seconds for which this process remembers a watch that it does not run any more: one that is removed and made again
#: days later does not report the time between. Without a store it cannot know what another process has reported since.
REMEMBERED_WITH_STORE, REMEMBERED_WITHOUT_STORE = 24 * 3600.0, 600.0
#: How many watches this process remembers.
_REMEMBERED = 200
#: Seconds after which the cursor of a watch that does not run counts no more if the asset is watched otherwise: its
#: arguments were edited, and now edited back. A watch that runs says so in its cursor, this often.
_KEPT_FOR, _ALIVE_EVERY = 7 * 24 * 3600.0, 12 * 3600.0


class _Store(Protocol):
    """What Airflow keeps with an asset."""

    async def aget(self, key: str) -> object: ...

    async def aset(self, key: str, value: dict[str, Any]) -> None: ...


@dataclass
class _Memory:
    """What this process remembers of a watch.

    :param cursor: the last one.
    :param left: when the watch ended here, by this machine's stopwatch, since its clock may be set; None while it runs.
    """

    cursor: dict[str, Any]
    left: float | None = None


_memory: OrderedDict[str, _Memory] = OrderedDict()


class Cursors:
    """The cursors of one trigger.

    :param trigger: the trigger; Airflow gives it the stores of its assets (from 3.3).
    :param clock: of this machine.
    """

    def __init__(self, trigger: HarvestJobEventTrigger, clock: Clock | None = None) -> None:
        self._trigger = trigger
        self._watch = _digest(trigger.serialize())
        self._scope = _digest((trigger.source_id, trigger.organization))
        self._key = f"{CURSOR_KEY}_{self._watch}"
        self._clock = clock or Clock()
        self._current: dict[str, Any] | None = None
        self._stored: dict[str, Any] | None = None
        self._stored_at = 0.0

    async def load(self) -> dict[str, Any] | None:
        """Return the newest cursor, None if there is none: then the watch begins now."""
        if self._current is None:
            self._current = await self._find()
        return self._current

    async def save(self, cursor: dict[str, Any]) -> None:
        """Store a cursor in each place, unless it is stored already."""
        self._current = cursor
        self._remember(cursor)
        if cursor == self._stored:
            return
        await self._store_own(cursor)
        for store in self._stores():
            await store.aset(CURSOR_KEY, {**cursor, _SCOPE: self._scope})
        self._stored = cursor

    async def stay_alive(self) -> None:
        """Store now and then that the watch runs, although nothing is reported."""
        if self._current is not None and self._clock.now() - self._stored_at >= _ALIVE_EVERY:
            await self._store_own(self._current)

    def leave(self) -> None:
        """Note that the watch ends in this process."""
        if self._watch in _memory:
            _memory[self._watch].left = self._clock.monotonic()

    async def _find(self) -> dict[str, Any] | None:
        stores = self._stores()
        own = _newest([await store.aget(self._key) for store in stores])
        kept = own if self._is_younger(own, _KEPT_FOR) else await self._inherit(stores) or own
        remembered = self._remembered(REMEMBERED_WITH_STORE if stores else REMEMBERED_WITHOUT_STORE)
        if remembered is None or (kept is not None and _since(kept) >= _since(remembered)):
            return kept and {name: value for name, value in kept.items() if name not in (_AT, _SCOPE)}
        if kept is None and stores:
            log.warning(
                "What was reported is not stored with the asset any more, as after a deploy in which no DAG file named "
                "it: continuing from what this triggerer remembers."
            )
        return remembered

    async def _inherit(self, stores: list[_Store]) -> dict[str, Any] | None:
        """Return the cursor of those who watched the assets until now, if any, and store it as this watch's own."""
        cursor = _newest([await self._inherited_from(store) for store in stores])
        if cursor is not None:  # at once: the others write the shared key before this one has polled
            await self._store_own(cursor)
        return cursor

    async def _store_own(self, cursor: dict[str, Any]) -> None:
        self._stored_at = self._clock.now()
        for store in self._stores():
            await store.aset(self._key, {**cursor, _AT: self._stored_at})

    async def _inherited_from(self, store: _Store) -> dict[str, Any] | None:
        """Return what an earlier version left, or the cursor of a watch of the same scope, which saw the same jobs."""
        shared = await store.aget(CURSOR_KEY)
        if not isinstance(shared, dict):
            return None
        if _SCOPE not in shared:
            await store.aset(_UPGRADED_KEY, {**shared, _AT: self._clock.now()})
            return shared
        upgraded = await store.aget(_UPGRADED_KEY)
        if isinstance(upgraded, dict) and self._is_younger(upgraded, _UPGRADING):
            return upgraded
        return shared if shared[_SCOPE] == self._scope else None

    def _is_younger(self, stored: dict[str, Any] | None, seconds: float) -> bool:
        return stored is not None and self._clock.now() - float(stored.get(_AT) or 0.0) < seconds

    def _remember(self, cursor: dict[str, Any]) -> None:
        _memory[self._watch] = _Memory(cursor)
        _memory.move_to_end(self._watch)
        while len(_memory) > _REMEMBERED:
            _memory.popitem(last=False)

    def _remembered(self, longest: float) -> dict[str, Any] | None:
        memory = _memory.get(self._watch)
        if memory is None or (memory.left is not None and self._clock.monotonic() - memory.left >= longest):
            return None
        return memory.cursor

    def _stores(self) -> list[_Store]:
        """Return the places where the cursor is kept: one for each asset that is watched with this (Airflow 3.3)."""
        store: Any = getattr(self._trigger, "asset_state_store", None)
        if store is None:
            return []
        # Several assets with the same trigger share it; its accessors then have no public way to reach each of them.
        return [*getattr(store, "_by_name", {}).values(), *getattr(store, "_by_uri", {}).values()] or [store]


def _newest(cursors: Sequence[object]) -> dict[str, Any] | None:
    return max((cursor for cursor in cursors if isinstance(cursor, dict)), key=_since, default=None)


def _since(cursor: dict[str, Any]) -> float:
    return float(cursor.get("since") or 0.0)


def _digest(what: tuple[Any, ...]) -> str:
    """Return a short name of arguments, the same in every process."""
    return hashlib.blake2s(json.dumps(what, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
