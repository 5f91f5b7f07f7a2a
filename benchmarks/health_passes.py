"""Measures passes over the health of a whole portal, each in a process of its own, so that its memory is told."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.job_system import JobSystem


@dataclass(frozen=True)
class Pass:
    """What a pass over a portal without news cost.

    :param requests: How many it sent.
    :param seconds: How long it took, and of these the CPU of this process.
    :param memory: Bytes that the process grew by at most.
    """

    sources: int
    requests: int
    seconds: float
    cpu: float
    memory: int


def measure(sources: int) -> Pass:
    """Pass over a portal twice, and measure the second time.

    :param sources: How many sources the portal has; all of them are well.
    """
    with JobSystem() as system:
        system.reset(sources, ended=True)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.health_passes", str(system.port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
                process.stdout.readline()  # the first pass is over
                system.mark()
                process.stdin.write("\n")
                process.stdin.flush()
                told = json.loads(process.stdout.readline())
            finally:
                process.kill()
        return Pass(sources, system.counts()["requests"], **told)


def _main(port: int) -> None:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.health import examine

    with HarvestClient(f"http://127.0.0.1:{port}") as client:
        client.list_backends()  # so that the libraries are loaded, and the portal's generation is known
        grown = -peak_memory()
        report = examine(client)
        print(flush=True)
        sys.stdin.readline()
        begun, cpu = time.perf_counter(), time.process_time()
        report = examine(client, previous=report.state)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        if report.findings:
            raise RuntimeError(f"A portal without trouble has {report.findings[0]}.")
        print(json.dumps({"seconds": seconds, "cpu": cpu, "memory": grown + peak_memory()}), flush=True)


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what the next one reports begins with the parent's
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else kilobytes * 1024


if __name__ == "__main__":
    _main(int(sys.argv[1]))
