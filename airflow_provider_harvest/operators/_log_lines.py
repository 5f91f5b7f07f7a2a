"""A log whose lines fit a log window; used by what runs in a task, loaded when a task runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.text.words import log_lines

if TYPE_CHECKING:
    LoggerAdapter = logging.LoggerAdapter[logging.Logger]
else:
    LoggerAdapter = logging.LoggerAdapter


class LineLog(LoggerAdapter):
    """Logs each message as lines that fit a log window.

    :param logger: what the lines are logged by.
    """

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logger, {})

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message, a record for each of its lines."""
        if self.isEnabledFor(level):
            for line in log_lines(str(msg) % args if args else str(msg)):
                self.logger.log(level, "%s", line, **kwargs)
