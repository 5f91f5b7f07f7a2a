"""Measures what a call of the client costs over the same request by a bare ``requests.Session``."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.job_system import JobSystem
from benchmarks.responses import job_id

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 100


@dataclass(frozen=True)
class Calls:
    """Medians of seconds of one call."""

    client: float
    session: float


def measure(blocks: int) -> Calls:
    """Read a job again and again, by the client and by a bare session in turns.

    :param blocks: How many times a hundred calls of each.
    """
    import requests

    from airflow_provider_harvest.portal.client import HarvestClient

    job = job_id(0)
    with JobSystem() as system, requests.Session() as session:
        site = f"http://127.0.0.1:{system.port}"
        system.reset(1)
        with HarvestClient(site) as client:
            sent = {
                "X-Fields": "id,status,created,started,ended,errors{created_at,message},source,items{total,by_status}"
            }

            def by_client() -> object:
                return client.peek_job(job)

            def by_session() -> object:
                answer = session.get(f"{site}/api/1/harvest/job/{job}/", headers=sent, timeout=30)
                answer.raise_for_status()
                return answer.json()

            times: dict[Callable[[], object], list[float]] = {by_client: [], by_session: []}
            for _ in range(blocks):
                for call, taken in times.items():
                    for _ in range(_BLOCK):
                        begun = time.perf_counter()
                        call()
                        taken.append(time.perf_counter() - begun)
    return Calls(statistics.median(times[by_client]), statistics.median(times[by_session]))
