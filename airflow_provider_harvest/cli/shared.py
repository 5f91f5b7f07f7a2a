"""What all commands share: exit codes, the portal that is meant, where output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.address import site_url

if TYPE_CHECKING:
    import argparse

#: Exit codes of every command; ATTENTION: there is something to look at.
FINE, ERROR, ATTENTION = 0, 1, 2
#: Exit code of a command that Ctrl-C ended, as shells expect it.
INTERRUPTED = 130
PORTAL_VARIABLE, KEY_VARIABLE = "HARVEST_PORTAL", "HARVEST_API_KEY"


def open_client(arguments: argparse.Namespace, said: str | None, *, keyed: bool) -> HarvestClient:
    """Return a client of the portal that is meant.

    :param said: portal that a file names. A key is not sent there on that word alone: whoever may propose a change of
        a file could have it sent to a host of their own.
    :param keyed: whether the key is of use.
    """
    chosen = arguments.portal or os.environ.get(PORTAL_VARIABLE)
    key = (os.environ.get(KEY_VARIABLE) or "").strip() or None
    if not chosen and not said:
        raise HarvestInvalidInput(f"No portal is named: give --portal, or set {PORTAL_VARIABLE}.")
    if keyed and key and not chosen:
        raise HarvestInvalidInput(
            f"{KEY_VARIABLE} is set, but only a file says for which portal: name it: --portal or {PORTAL_VARIABLE}. "
            "Else a change of the file could have the key sent elsewhere."
        )
    return HarvestClient(site_url(chosen or said), key if keyed else None)


def write_out(text: str, output: str | None) -> None:
    """Write the output proper to a file, or to standard output."""
    if output:
        Path(output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def say(text: str) -> None:
    """Say how far it is, beside the output proper."""
    print(text, file=sys.stderr, flush=True)
