"""Runs many chaos cycles at a time and adds up their results; called by the command line and by the tests."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.tables import table
from tests.chaos.cycle import Cycle, Report
from tests.chaos.proxy import FAULTS, FaultyProxy, Weather
from tests.chaos.tasks import hurried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox import Sandbox
    from tests.chaos.proxy import Passage


@dataclass
class Campaign:
    """The results of a number of cycles.

    :param reports: one a cycle, in their order.
    :param passages: all requests that came to the proxy.
    :param leaks: log lines with the key in them.
    """

    reports: list[Report] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """All that was not as it must be."""
        own = [f"{report.name}: {problem}" for report in self.reports for problem in report.problems]
        return own + [f"The key is logged: {line}" for line in self.leaks]

    def tables(self) -> str:
        """Return the faults injected, and the results of the cycles, as plain text."""
        return f"{self._faults()}\n\n{self._results()}"

    def _faults(self) -> str:
        reads, writes = Counter[str](), Counter[str]()
        for passage in self.passages:
            name = passage.fault.name if passage.fault else "none"
            (reads if passage.method == "GET" else writes)[name] += 1
        names = [fault.name for fault in FAULTS]
        rows = [[name, str(reads[name]), str(writes[name])] for name in (*names, "none")]
        return table(["fault", "reads", "writes"], [*rows, ["all", str(reads.total()), str(writes.total())]])

    def _results(self) -> str:
        verdicts = Counter(report.verdict for report in self.reports)
        tries = sum((report.tries for report in self.reports), Counter[str]())
        lost = sum(report.clears for report in self.reports)
        rows = [
            ["cycles", str(len(self.reports))],
            ["  run task green, and rightly", str(verdicts["success"])],
            ["  run task red since a record fails, and rightly", str(verdicts["failure"])],
            ["  with anything wrong", str(sum(bool(report.problems) for report in self.reports))],
            ["tasks", str(sum(len(report.tries) for report in self.reports))],
            ["  tries of them", str(tries.total())],
            ["  requests to run lost on the way, and repeated by a clear", str(lost)],
            ["log lines with the key", str(len(self.leaks))],
        ]
        return table(["result", "number"], rows)


def run_campaign(
    sandbox: Sandbox,
    weather: Weather,
    numbers: Sequence[int],
    *,
    lanes: int = 1,
    progress: Callable[[Report], object] = lambda report: None,
) -> Campaign:
    """Run cycles against a portal.

    :param sandbox: the portal.
    :param weather: how often something goes wrong.
    :param numbers: of the cycles.
    :param lanes: how many run at a time.
    :param progress: called with each cycle that has ended.
    """
    campaign = Campaign()
    with FaultyProxy(sandbox.url, weather) as proxy, hurried(sandbox.keys.admin) as output:

        def live(number: int) -> Report:
            report = Cycle(number, sandbox, proxy).run()
            lines = output.take()
            report.log = lines if report.problems else []
            return report

        with ThreadPoolExecutor(max_workers=lanes) as executor:
            running = {executor.submit(live, number): number for number in numbers}
            for ended in as_completed(running):
                progress(ended.result())
        campaign.reports = [ended.result() for ended in running]
        campaign.passages = [passage for report in campaign.reports for passage in proxy.passages(report.name)]
        campaign.leaks = output.leaks
    return campaign
