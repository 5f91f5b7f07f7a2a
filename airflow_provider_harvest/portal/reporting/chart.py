"""The coordinates of a small chart of a source's last jobs; drawn by the template of the report."""

from __future__ import annotations

from typing import Any

WIDTH, HEIGHT, LENGTHS = 600, 120, 36
_GAP = 2


def chart(history: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the bars of a chart: done, failed and archived items of each job, and below it how long it took.

    :param history: jobs, the oldest first, as a report has them.
    :returns: None for fewer than two jobs: a chart would show less than the text.
    """
    if len(history) < 2:
        return None
    most = max([sum(_counts(point)) for point in history] + [1])
    longest = max([point["duration"] or 0 for point in history] + [1])
    step = WIDTH / max(len(history), 10)
    bars = []
    for place, point in enumerate(history):
        done, failed, archived = _counts(point)
        top = float(HEIGHT)
        parts = []
        for name, count in (("done", done), ("failed", failed), ("archived", archived)):
            height = round(count / most * HEIGHT, 1)
            top = round(top - height, 1)
            if height:
                parts.append({"name": name, "y": top, "height": height})
        bars.append(
            {
                "x": round(place * step, 1),
                "width": round(step - _GAP, 1),
                "parts": parts,
                "has_failed": point["status"] == "failed",
                "length": round((point["duration"] or 0) / longest * LENGTHS, 1),
                "point": point,
            }
        )
    return {"bars": bars, "most": most, "longest": longest, "width": WIDTH, "height": HEIGHT, "lengths": LENGTHS}


def _counts(point: dict[str, Any]) -> tuple[int, int, int]:
    return point["done"] or 0, point["failed"] or 0, point["archived"] or 0
