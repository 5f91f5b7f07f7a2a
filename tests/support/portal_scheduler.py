"""The portal's own scheduler, played for tests of tasks that wait for a harvest which somebody else starts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox import Sandbox


def run_once_polled(portal: Sandbox, source_id: str, mark: int) -> None:
    """Start a harvest as soon as a task has requested the source's jobs.

    :param portal: the real portal.
    :param source_id: the source to harvest.
    :param mark: only requests after this mark of the portal count.
    """
    waited = threading.Event()
    for _ in range(600):
        if any(request.path.rstrip("/").endswith(f"{source_id}/jobs") for request in portal.requests(mark)):
            portal.control.run_scheduled(source_id)
            return
        waited.wait(0.2)
