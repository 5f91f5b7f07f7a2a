"""How lengths of time and times are written where people or programs read them; a leaf that everything may call."""

from __future__ import annotations

from datetime import datetime, timezone


def spell(seconds: float) -> str:
    """Return a length of time as a person would say it: ``45 s``, ``12 min``, ``2 h``, ``21 h 55 min``, ``3 d 4 h``."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(epoch: float, now: float | None = None) -> str:
    """Return a time as ``03:00 UTC``, with the day where it is not the day of ``now``."""
    when = datetime.fromtimestamp(epoch, tz=timezone.utc)
    if now is not None and datetime.fromtimestamp(now, tz=timezone.utc).date() == when.date():
        return when.strftime("%H:%M UTC")
    return when.strftime("%a %d %b %H:%M UTC") if now is not None else when.strftime("%Y-%m-%d %H:%M UTC")


def day(when: datetime) -> str:
    """Return the day of a time, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d")


def iso(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, None for none."""
    return None if when is None else when.astimezone(timezone.utc).isoformat()
