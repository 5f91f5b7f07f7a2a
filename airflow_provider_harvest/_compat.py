"""Every import that differs between Airflow 2.11 and 3.x, once; used by the Airflow wing only.

``airflow.providers.common.compat.sdk`` has most of these names, but came with common-compat 1.8.0 (October 2025):
Airflow 2.11.0 (May 2025) installs an older one by its constraints. It also lacks the event triggers, references to
XComs, ``AirflowRescheduleException`` and, below Airflow 3.3, ``mask_secret``. So it would add a minimum version, and
this file would stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow.sdk import (
        BaseHook,
        BaseOperator,
        BaseOperatorLink,
        BaseSensorOperator,
        Connection,
        Context,
        PokeReturnValue,
    )
    from airflow.sdk.configuration import conf
    from airflow.sdk.definitions.xcom_arg import PlainXComArg
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowRescheduleException,
        AirflowSensorTimeout,
        AirflowSkipException,
        TaskDeferred,
    )
    from airflow.sdk.execution_time.xcom import XCom
    from airflow.sdk.log import mask_secret
else:
    try:  # Airflow 3
        from airflow.sdk import (
            BaseHook,
            BaseOperator,
            BaseOperatorLink,
            BaseSensorOperator,
            Connection,
            Context,
            PokeReturnValue,
        )
        from airflow.sdk.definitions.xcom_arg import PlainXComArg
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:  # Airflow 2.11
        from airflow.hooks.base import BaseHook
        from airflow.models import Connection
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.xcom import XCom
        from airflow.models.xcom_arg import PlainXComArg
        from airflow.sensors.base import BaseSensorOperator, PokeReturnValue
        from airflow.utils.context import Context

    try:  # Airflow 3.2
        from airflow.sdk.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowRescheduleException,
            AirflowSensorTimeout,
            AirflowSkipException,
            TaskDeferred,
        )
    except ImportError:  # Airflow 2.11 to 3.1
        from airflow.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowRescheduleException,
            AirflowSensorTimeout,
            AirflowSkipException,
            TaskDeferred,
        )

    try:  # Airflow 3.1
        from airflow.sdk.configuration import conf
    except ImportError:
        from airflow.configuration import conf

    try:  # Airflow 3.1
        from airflow.sdk.log import mask_secret
    except ImportError:
        try:  # Airflow 3.0
            from airflow.sdk.execution_time.secrets_masker import mask_secret
        except ImportError:  # Airflow 2.11
            from airflow.utils.log.secrets_masker import mask_secret


try:  # Airflow 3
    from airflow.triggers.base import BaseEventTrigger
except ImportError:  # Airflow 2.11
    BaseEventTrigger = BaseTrigger  # type: ignore[assignment,misc]


async def async_connection(conn_id: str) -> Connection:
    """Return a connection inside the triggerer, without blocking its event loop.

    Airflow 3.3.2 is the first whose asynchronous look-up is asynchronous throughout. That of 3.1 to 3.3.1 masks the
    secrets with a synchronous call, which raises ``DeadlockImminentError`` when another call to the supervisor is in
    flight; 2.11 and 3.0 have none. On those releases the synchronous look-up runs on a thread.

    :param conn_id: id of the connection.
    :raises AirflowNotFoundException: if there is none.
    """
    if hasattr(Connection, "aextra_dejson"):  # came together with the asynchronous masking
        return await BaseHook.aget_connection(conn_id)
    # A thread of asgiref's, not of asyncio's: from there Airflow 3.0 and 3.1 find back to the supervisor's event loop.
    from asgiref.sync import sync_to_async

    return await sync_to_async(BaseHook.get_connection, thread_sensitive=False)(conn_id)


__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowRescheduleException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "BaseEventTrigger",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseTrigger",
    "Connection",
    "Context",
    "PlainXComArg",
    "PokeReturnValue",
    "TaskDeferred",
    "TriggerEvent",
    "XCom",
    "async_connection",
    "conf",
    "mask_secret",
]
