"""Run blocking portal calls outside the event loop, so that no portal can block it; used by the triggers only.

Daemon threads, one for each call: a pool of ``concurrent.futures`` would hold up the triggerer's exit until its
last call returns, and ``asgiref.sync_to_async`` runs everything of the process on a single thread.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Calls at one time to one portal from one event loop, of whatever kind: the one gate. More would only press on a
#: portal that is slow already.
PER_PORTAL = 4

# Keyed by event loop: `dag.test()` makes a new one for each trigger, and a semaphore belongs to one loop.
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()


async def beside_the_loop(portal: str, call: Callable[[], T]) -> T:
    """Run a blocking call on a thread of its own and return what it returns.

    :param portal: calls are limited per portal, so that a hung one delays nobody else.
    :param call: what to run; it sees this task's context variables, so that its log lines go to the right log.
    :raises BaseException: what the call raises.
    """
    loop = asyncio.get_running_loop()
    gate = _gates.setdefault(loop, {}).setdefault(portal, asyncio.Semaphore(PER_PORTAL))
    async with gate:
        future: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()
        threading.Thread(target=_run, args=(loop, future, context, call), name=f"harvest {portal}", daemon=True).start()
        return await future


def _run(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], context: contextvars.Context, call: Callable[[], T]
) -> None:
    try:
        result = context.run(call)
    except BaseException as error:  # passed to the waiting task, whatever it is
        outcome: Callable[[], None] = _settle(future, error=error)
    else:
        outcome = _settle(future, result=result)
    try:
        loop.call_soon_threadsafe(outcome)
    except RuntimeError:  # the loop was closed meanwhile: no task waits any more
        return


def _settle(
    future: asyncio.Future[T], result: T | None = None, error: BaseException | None = None
) -> Callable[[], None]:
    def settle() -> None:
        if future.done():  # cancelled meanwhile
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    return settle
