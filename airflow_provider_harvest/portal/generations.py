"""Everything that differs between udata generations, in one table; read by the client's modules only.

Measured on real releases from 9.2.4 to 17.18.0. No release returns its number over the API, so
:mod:`airflow_provider_harvest.portal.http.probe` detects the generation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """What the client must know about a udata generation.

    :param letter: its short name.
    :param releases: the udata releases that belong to it.
    :param slash: what ends the paths of actions and single objects.
    :param items_endpoint: whether a job's items are read page by page; before, they are embedded in the job.
    :param organization_filter: the query parameter that restricts the list of sources to an organization.
    :param unknown_source_is_500: whether the response to reading a source that does not exist is 500 instead of 404.
    :param unknown_job_is_500: whether the response to reading a job that does not exist is 500 instead of 404.
    :param partial_search: whether ``q`` may be unknown to the release (it came with 10.3) and so ignored.
    :param may_run_inactive: whether accepting an inactive source may start a harvest all the same (up to 10.0.5).
    """

    letter: str
    releases: str
    slash: str
    items_endpoint: bool
    organization_filter: str
    unknown_source_is_500: bool
    unknown_job_is_500: bool
    partial_search: bool
    may_run_inactive: bool

    def __str__(self) -> str:
        return f"generation {self.letter} (udata {self.releases})"


A = Generation("A", "9.2.4 to 10.8.1", "", False, "owner", True, True, True, True)
B = Generation("B", "10.8.2 to 16.x", "/", False, "owner", False, True, False, False)
# 17.4 to 17.7 respond like C in what the probe reads; the other changes of 17.4 affect no request made here.
C = Generation("C", "17.0 to 17.7", "/", True, "organization", False, True, False, False)
D = Generation("D", "17.8 or newer", "/", True, "organization", False, False, False, False)

GENERATIONS: dict[str, Generation] = {generation.letter: generation for generation in (A, B, C, D)}
