"""Reads a connection in the triggerer with patience: its store may be away for a while, as the portal may be."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.hooks.harvest import HarvestHook

if TYPE_CHECKING:
    from airflow_provider_harvest.hooks._settings import ConnectionSettings

log = logging.getLogger(__name__)

#: Seconds of the first pause between two attempts, and of the longest: each is twice the one before.
_FIRST_PAUSE, _MAX_PAUSE = 5.0, 300.0
#: Seconds after which a running trigger reads its connection again, and after which it does so when a poll failed.
REREAD_AFTER, REREAD_IN_TROUBLE = 300.0, 30.0


async def patient_settings(conn_id: str, failures: int) -> ConnectionSettings:
    """Return what a connection says. Airflow says the same of one that is missing as of a store that is away.

    :param conn_id: id of the connection.
    :param failures: attempts that may fail.
    :raises HarvestInvalidInput: immediately, for an invalid connection.
    :raises Exception: what the last attempt failed with.
    """
    hook = HarvestHook(conn_id)
    for failed in range(failures):
        try:
            return await hook.aget_settings()
        except HarvestInvalidInput:
            raise
        except Exception as error:  # a store fails with errors of its own
            if failed == 0:
                log.warning("%s Reading the connection again; %d failed attempts are allowed.", error, failures)
        await asyncio.sleep(min(_MAX_PAUSE, _FIRST_PAUSE * 2.0**failed))
    return await hook.aget_settings()


async def changed_settings(conn_id: str, known: ConnectionSettings) -> ConnectionSettings | None:
    """Return the connection's settings if they have changed; None if they have not, or cannot be read.

    :param conn_id: id of the connection.
    :param known: as read before.
    """
    try:
        settings = await HarvestHook(conn_id).aget_settings()
    except Exception:  # the known settings stay valid until the store responds again
        return None
    if settings == known:
        return None
    log.info("Connection %r has changed: going on with what it says now.", conn_id)
    return settings
