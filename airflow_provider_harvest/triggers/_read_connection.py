"""Reads a connection in the triggerer with patience: its store may be down for a while, like the portal."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.waiting.backoff import MAX_PAUSE, grown

if TYPE_CHECKING:
    from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings

log = logging.getLogger(__name__)

#: Seconds of the first pause between two attempts; each is twice the one before.
FIRST_PAUSE = 5.0
#: Seconds after which a running trigger reads its connection again, and after which it does so when a poll failed.
REREAD_AFTER, REREAD_IN_TROUBLE = 300.0, 30.0


async def patient_settings(
    conn_id: str, failures: int | None = None, seconds: float = float("inf"), longest: float = MAX_PAUSE
) -> ConnectionSettings:
    """Return the settings of a connection; a store that is down gets the patience that a portal gets.

    A secrets backend that is down cannot be distinguished from a connection that does not exist.

    :param conn_id: id of the connection.
    :param failures: how many attempts may fail; None sets no limit: nobody restarts an event trigger.
    :param seconds: how long to try, at most.
    :param longest: seconds of the longest pause; 600.
    :raises HarvestInvalidInput: immediately, for an invalid connection.
    :raises Exception: what the last attempt failed with.
    """
    loop, hook, failed = asyncio.get_running_loop(), HarvestHook(conn_id), 0
    ends = loop.time() + seconds
    while True:
        try:
            return await hook.aget_settings()
        except HarvestInvalidInput:
            raise
        except Exception as error:  # a store fails with errors of its own
            failed += 1
            pause = grown(failed, FIRST_PAUSE, longest)
            if (failures is not None and failed > failures) or loop.time() + pause >= ends:
                raise
            what = error if isinstance(error, HarvestError) else type(error).__name__
            level = logging.WARNING if pause < longest else logging.DEBUG  # not a line forever
            log.log(level, "The connection cannot be read: %s Trying again, in %g s.", what, pause)
        await asyncio.sleep(pause)


async def changed_settings(conn_id: str, known: ConnectionSettings) -> ConnectionSettings | None:
    """Return the settings of a connection if they have changed and can be read; None otherwise.

    :param conn_id: id of the connection.
    :param known: as read before.
    """
    try:
        settings = await HarvestHook(conn_id).aget_settings()
    except Exception:  # the known settings stay valid until the store responds again
        return None
    if settings == known:
        return None
    log.info("Connection %r has changed: continuing with its new settings.", conn_id)
    return settings
