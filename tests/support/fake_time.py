"""An event loop in fake time, which moves the clock on where it would wait."""

from __future__ import annotations

import asyncio
import selectors
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.triggers import _threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from tests.support.fake_portal.scripted import FakeClock


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait for its timers: it moves the clock to the next one."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(_ImpatientSelector(clock))
        self._clock = clock
        self._thread = threading.get_ident()

    def time(self) -> float:
        return self._clock.monotonic()

    def call_soon_threadsafe(self, callback: Any, *args: Any, **options: Any) -> asyncio.Handle:  # type: ignore[override]
        """As the real one, but from the loop's own thread without the system calls that would wake it."""
        if threading.get_ident() == self._thread:
            return self.call_soon(callback, *args, **options)
        return super().call_soon_threadsafe(callback, *args, **options)


class _ImpatientSelector(selectors.DefaultSelector):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:  # only a thread can continue: that is waited for
            return super().select(None)
        is_alone = threading.active_count() == 1  # then nobody else can wake the loop: a system call finds nothing
        if timeout > 0 and not is_alone and any(one.name.startswith("harvest ") for one in threading.enumerate()):
            return super().select(0.001)  # no time passes while a portal is being asked
        if timeout > 0:
            self._clock.advance(timeout)
        return [] if is_alone else super().select(0)


class _AtOnce:
    """Imitates a thread whose call takes no time: it has ended when it has been started."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], **_: Any) -> None:
        self._target, self._args = target, args

    def start(self) -> None:
        self._target(*self._args)


def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls outside the event loop run in it; their threads are the subject of `test_threads`."""
    monkeypatch.setattr(_threads, "threading", SimpleNamespace(Thread=_AtOnce))


def run_in_fake_time(clock: FakeClock, story: Awaitable[Any]) -> Any:
    """Run a coroutine to its end, however many hours it sleeps."""
    loop = FakeTimeLoop(clock)
    try:
        return loop.run_until_complete(story)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
