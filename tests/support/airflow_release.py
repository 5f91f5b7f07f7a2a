"""Which Airflow runs the tests."""

from __future__ import annotations

from airflow_provider_harvest._compat import BaseEventTrigger, BaseTrigger

#: Whether this is Airflow 3, with event triggers, watchers and references to assets.
HAS_EVENT_TRIGGERS = BaseEventTrigger is not BaseTrigger
