"""Blocking calls outside the event loop: it continues, however long a portal takes to respond.

Nothing here measures time. A call is held by an event that only the turning loop sets: were the loop blocked, the call
would come back saying so.
"""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestServerError
from airflow_provider_harvest.triggers._threads import PER_PORTAL, beside_the_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds after which a held call gives up, so that a broken test ends; never waited for in one that passes.
GIVES_UP = 30.0


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What a hung portal waits for; set at the end, whatever the test did."""
    event = threading.Event()
    yield event
    event.set()


async def turn(until: Callable[[], bool]) -> None:
    """Turn the loop until something holds."""
    while not until():  # noqa: ASYNC110 - the test is that the loop turns
        await asyncio.sleep(0)


def test_the_loop_turns_while_a_call_is_held(release: threading.Event) -> None:
    async def story() -> tuple[bool, int]:
        turns = 0
        call = asyncio.create_task(beside_the_loop("portal", lambda: release.wait(GIVES_UP)))
        while turns < 1000:
            await asyncio.sleep(0)
            turns += 1
        assert not call.done()
        release.set()
        return await call, turns

    was_released, turns = asyncio.run(story())
    assert was_released, "the loop stood still while the call was held"
    assert turns == 1000


def test_a_hung_portal_does_not_delay_another_one(release: threading.Event) -> None:
    async def story() -> str:
        hung = [
            asyncio.create_task(beside_the_loop("hung", lambda: release.wait(GIVES_UP))) for _ in range(3 * PER_PORTAL)
        ]
        await asyncio.sleep(0)
        answer = await beside_the_loop("well", lambda: "answered")
        assert not any(call.done() for call in hung)
        release.set()
        await asyncio.gather(*hung)
        return answer

    assert asyncio.run(story()) == "answered"


def test_a_portal_gets_so_many_calls_at_one_time_and_the_others_in_turn(release: threading.Event) -> None:
    under_way, most = 0, 0
    lock = threading.Lock()

    def call() -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        assert release.wait(GIVES_UP)
        with lock:
            under_way -= 1

    async def story() -> None:
        calls = [asyncio.create_task(beside_the_loop("portal", call)) for _ in range(3 * PER_PORTAL)]
        await turn(lambda: under_way >= PER_PORTAL)
        for _ in range(100):
            await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*calls)

    asyncio.run(story())
    assert most == PER_PORTAL


@pytest.mark.parametrize(
    "error",
    [HarvestServerError("It failed.", status_code=500), ValueError("odd"), OSError(5, "io")],
    ids=lambda error: type(error).__name__,
)
def test_what_a_call_raises_is_raised_to_the_one_who_waits(error: Exception) -> None:
    def call() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        asyncio.run(beside_the_loop("portal", call))
    assert raised.value is error


def test_a_call_sees_the_context_of_the_task_that_waits() -> None:
    """Airflow distinguishes the log lines of triggers by a context variable."""
    trigger: contextvars.ContextVar[str] = contextvars.ContextVar("trigger", default="nobody's")

    async def one(name: str) -> str:
        trigger.set(name)
        return await beside_the_loop("portal", trigger.get)

    async def story() -> list[str]:
        return await asyncio.gather(*(asyncio.create_task(one(name)) for name in ("a", "b", "c")))

    assert asyncio.run(story()) == ["a", "b", "c"]


def test_a_cancelled_wait_ends_at_once_and_makes_room(release: threading.Event) -> None:
    complaints: list[dict[str, Any]] = []

    async def story() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        begun = threading.Semaphore(0)

        def call() -> None:
            begun.release()
            assert release.wait(GIVES_UP)

        held = [asyncio.create_task(beside_the_loop("portal", call)) for _ in range(PER_PORTAL)]
        for _ in held:
            await turn(lambda: begun.acquire(blocking=False))
        for waiting in held:
            waiting.cancel()
        ends = await asyncio.gather(*held, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        answer = await beside_the_loop("portal", lambda: "answered")
        release.set()
        await turn(lambda: not any(thread.name == "harvest portal" for thread in threading.enumerate()))
        await asyncio.sleep(0)
        return answer

    assert asyncio.run(story()) == "answered"
    assert not complaints


def test_a_call_that_outlives_its_loop_ends_in_silence(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    threads: list[threading.Thread] = []

    def call() -> None:
        threads.append(threading.current_thread())
        release.wait(GIVES_UP)

    async def story() -> None:
        waiting = asyncio.create_task(beside_the_loop("portal", call))
        await turn(lambda: bool(threads))
        waiting.cancel()

    asyncio.run(story())
    release.set()
    threads[0].join(GIVES_UP)
    assert not complaints


EXITS_WHILE_A_CALL_HANGS = """
import asyncio, threading
from airflow_provider_harvest.triggers._threads import beside_the_loop

async def story():
    begun = threading.Event()
    def call():
        begun.set()
        threading.Event().wait()
    hung = asyncio.create_task(beside_the_loop("hung", call))
    while not begun.is_set():
        await asyncio.sleep(0)

asyncio.run(story())
print("left", flush=True)
"""


def test_a_call_that_hangs_forever_does_not_hold_up_the_end_of_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXITS_WHILE_A_CALL_HANGS], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "left"), done.stderr
