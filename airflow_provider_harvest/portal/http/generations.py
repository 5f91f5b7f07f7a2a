"""The families of udata releases whose API responds alike, as *Test connection* names them.

No request depends on them: what a release takes is learned from its responses (:mod:`.http.dialect`). No release
returns its number, so a generation is recognized by the responses that :mod:`.http.probe` requests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """A family of releases.

    :param letter: its short name.
    :param releases: the udata releases that belong to it.
    """

    letter: str
    releases: str

    def __str__(self) -> str:
        return f"generation {self.letter} (udata {self.releases})"


A = Generation("A", "9.2.4 to 10.8.1")
B = Generation("B", "10.8.2 to 16.x")
C = Generation("C", "17.0 to 17.7")  # 17.4 to 17.7 respond like 17.0 to the probe
D = Generation("D", "17.8 or newer")
