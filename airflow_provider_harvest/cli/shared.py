"""Shared by all commands: exit codes, the chosen portal, output."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound

if TYPE_CHECKING:
    import argparse

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.places import Places
    from airflow_provider_harvest.portal.models import HarvestSource

#: Exit codes of every command; ATTENTION: something needs attention.
FINE, ERROR, ATTENTION = 0, 1, 2
#: Exit code of a command that Ctrl-C ended, as shells expect it.
INTERRUPTED = 130
#: Exit code if the reader of the output has closed the pipe, such as head.
PIPE_CLOSED = 141
PORTAL_VARIABLE, KEY_VARIABLE = "HARVEST_PORTAL", "HARVEST_API_KEY"


def places(portal: str = "--portal") -> Places:
    """Return where a person sets what a client needs, for its messages.

    :param portal: what names the portal.
    """
    from airflow_provider_harvest.portal.http.places import Places

    return Places(portal, KEY_VARIABLE, "REQUESTS_CA_BUNDLE")


def open_client(arguments: argparse.Namespace, said: str | None, *, keyed: bool) -> HarvestClient:
    """Return a client of the chosen portal.

    :param said: portal that a file names. A key is not sent there because of a file alone: anyone who may propose a
        change of a file could have it sent to their own host.
    :param keyed: whether the command uses a key.
    """
    # Loaded here, since help and complaints about arguments need no client.
    from airflow_provider_harvest.portal.client import HarvestClient

    chosen = arguments.portal or (os.environ.get(PORTAL_VARIABLE) or "").strip()
    key = (os.environ.get(KEY_VARIABLE) or "").strip() or None
    if not chosen and not said:
        raise HarvestInvalidInput(f"The portal is missing: give --portal, or set {PORTAL_VARIABLE}.")
    if keyed and key and not chosen:
        raise HarvestInvalidInput(
            f"{KEY_VARIABLE} is set, but only a file names the portal: give --portal, or set {PORTAL_VARIABLE}. "
            "Otherwise a change of the file could send the key elsewhere."
        )
    named_by = "--portal" if arguments.portal else PORTAL_VARIABLE if chosen else "the portal in the file"
    return HarvestClient(chosen or said or "", key if keyed else None, places=places(named_by))


def source_of(client: HarvestClient, ident: str, *, keyed: bool = False) -> HarvestSource:
    """Return a source by its id or slug.

    :raises HarvestNotFound: if there is none, in a sentence without the request.
    """
    from airflow_provider_harvest.portal.inputs import check_id

    ident = check_id(ident, "SOURCE")
    try:
        return client.get_source(ident, keyed=keyed)
    except HarvestNotFound as error:
        if error.is_page:  # the response is not from the portal's API
            raise
        raise HarvestNotFound(f"There is no harvest source {ident!r} on {client.site}.") from None


def again(arguments: argparse.Namespace, *words: str) -> str:
    """Return a command for the same portal, for a person to copy.

    :param arguments: of the command that was called.
    :param words: of the command to call.
    """
    portal = ["--portal", arguments.portal] if arguments.portal else []
    return shlex.join(["airflow-harvest", *words, *portal])


def write_out(text: str, output: str | None) -> None:
    """Write output to a file, or to standard output."""
    if output:
        Path(output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def say(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)
