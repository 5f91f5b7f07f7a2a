"""Synthetic histories of catalogues: days of ids, as real ones come and go; for tests of the guard."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def ordinary_days(seed: int, days: int, size: int) -> Iterator[set[str]]:
    """Yield a catalogue day by day: it grows slowly, loses a record now and then, and some go for a day or two.

    The rates are those of a public catalogue kept in git for eight years: a loss on 3 % of the days, of one record
    mostly and 4 % of the catalogue at most.
    """
    chance = random.Random(seed)
    made = size
    catalogue = {f"id-{number}" for number in range(size)}
    away: dict[str, int] = {}
    for day in range(days):
        back = {ident for ident, until in away.items() if until <= day}
        catalogue |= back
        away = {ident: until for ident, until in away.items() if ident not in back}
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
            catalogue.add(f"id-{made}")
            made += 1
        if chance.random() < 0.03:
            most = max(1, int(len(catalogue) * 0.04))
            gone = chance.sample(sorted(catalogue), chance.choice((1, 1, 1, min(2, most), most)))
            catalogue -= set(gone)
            if chance.random() < 0.5:
                away |= dict.fromkeys(gone, day + chance.randint(1, 2))
        yield set(catalogue)


def live_on_portal(days: Iterator[set[str]], grace: int = 7) -> Iterator[tuple[dict[str, int], set[str]]]:
    """Yield, for each day, what lives on the portal (id: day when it was last seen) and what the harvest found."""
    last_seen: dict[str, int] = {}
    for day, found in enumerate(days):
        before = {ident: seen for ident, seen in last_seen.items() if seen > day - grace - 1}
        yield before, found
        last_seen = {**before, **dict.fromkeys(found, day)}
