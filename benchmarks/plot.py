"""The picture of what waits cost: one panel for each figure, one curve for each trigger, by the number of waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contenders import CONTENDERS
from benchmarks.report import USUAL_INTERVAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.waits import Waits

_COLOURS = {"harvest": "#0b6e4f", "airbyte": "#c1666b", "http": "#4281a4", "dbt-cloud": "#d4a017"}
_MARKS = {"harvest": "o", "airbyte": "s", "http": "^", "dbt-cloud": "D"}


def _per_minute(figure: str) -> Callable[[Waits], float | None]:
    def read(seen: Waits) -> float | None:
        value: float | None = getattr(seen, figure)
        return None if value is None else value * seen.interval / USUAL_INTERVAL

    return read


_PANELS: tuple[tuple[str, Callable[[Waits], float | None]], ...] = (
    ("requests per minute", _per_minute("requests")),
    ("CPU seconds per minute", _per_minute("cpu")),
    (
        "memory per wait (kB)",
        lambda seen: None if seen.memory is None or seen.n < 100 else max(seen.memory, 100.0) / 1000,
    ),
    ("open connections, at most", lambda seen: seen.sockets if seen.requests is not None else None),
    ("longest stall of the event loop (ms)", lambda seen: None if seen.stall is None else seen.stall * 1000),
    ("longest delay of an event (poll intervals)", lambda seen: seen.delay[1] / seen.interval if seen.delay else None),
)


def draw(waits: Sequence[Waits], path: Path) -> None:
    """Draw the waits on a job system that is well.

    :param path: The PNG file to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(13, 7.5), layout="constrained")
    drawn = [seen for seen in waits if seen.case == "well"]
    for (title, read), panel in zip(_PANELS, axes.flat, strict=True):
        for name, contender in CONTENDERS.items():
            points = [(seen.n, read(seen)) for seen in drawn if seen.contender == name]
            shown = [(n, value) for n, value in points if value]  # a logarithm has no place for zero
            panel.plot(
                [n for n, _ in shown],
                [value for _, value in shown],
                color=_COLOURS[name],
                marker=_MARKS[name],
                linewidth=2.5 if name == "harvest" else 1.4,
                label=f"{contender.label} ({name})",
            )
        panel.set_title(title, fontsize=11)
        panel.set_xscale("log")
        if any(len(line.get_xdata()) for line in panel.lines):
            panel.set_yscale("log")
        panel.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    for panel in axes[1]:
        panel.set_xlabel("deferred waits on one event loop")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(CONTENDERS))
    figure.suptitle("What waiting costs, at a poll interval of 60 s (a curve that ends early was given up)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
