"""A portal of your own on the command line: `python -m sandbox` starts one and says how to use it, until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path

from sandbox.connect import airflow_settings
from sandbox.environments import ROOT
from sandbox.installer import InstallFailed
from sandbox.interpreters import NoInterpreter
from sandbox.real_portal import Sandbox, SandboxError
from sandbox.releases import RELEASES
from sandbox.tables import table

#: The catalogues served, with the arguments of `CatalogueServer.put` and the outcome of a harvest of each.
_CATALOGUES: tuple[tuple[str, dict[str, int | float], str], ...] = (
    ("cities", {"datasets": 8}, "8 datasets without faults"),
    ("mixed", {"datasets": 6, "failing": 2, "missing_id": 1, "duplicate": 1}, "items fail, are skipped, come twice"),
    ("empty", {"datasets": 0}, "no dataset: the job is done all the same"),
    ("slow", {"datasets": 4, "delay": 20.0}, "4 datasets; takes 20 s to respond"),
)
_GRACE = 300.0  # seconds that the portal lives longer than the command, in case that is killed; covers the start
#: What each person may do with sources of the organization, on a portal of today.
_PEOPLE = {
    "admin": "sysadmin: everything; the only one who accepts and schedules sources",
    "org_admin": "admin of the organization: creates, changes and runs its sources",
    "org_editor": "editor of the organization: may look and preview (and more until 14.2)",
    "user": "an account without any organization: has sources of its own",
}


def main() -> int:
    """Run a portal until Ctrl-C or the end of its time; return the exit status."""
    arguments = _parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in the background
    began = time.monotonic()
    seconds = arguments.minutes * 60
    try:
        with Sandbox.start(
            arguments.release,
            manual_run=not arguments.no_manual_run,
            log_dir=arguments.log_dir,
            max_lifetime=seconds + _GRACE,
            progress=lambda line: print(line, flush=True),
        ) as sandbox:
            for name, contents, _ in _CATALOGUES:
                sandbox.catalogue.put(name, **contents)  # type: ignore[arg-type]
            exports = _exports(sandbox)
            if arguments.env_file is not None:
                _write_private(arguments.env_file, exports)
            _explain(sandbox, exports, arguments, time.monotonic() - began)
            sandbox.wait(seconds)
    except KeyboardInterrupt:
        print("\nThe portal has ended; its data is gone.")
    except (InstallFailed, NoInterpreter, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1
    else:
        print("The portal's time is over; its data is gone.")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--release", default=RELEASES[0], choices=RELEASES, help="udata release (default: %(default)s)")
    parser.add_argument(
        "--no-manual-run",
        action="store_true",
        help="let only sysadmins start harvests, as the public portals do (HARVEST_ENABLE_MANUAL_RUN = False)",
    )
    parser.add_argument("--minutes", type=float, default=60, help="end by itself after so many (default: %(default)s)")
    parser.add_argument("--log-dir", type=Path, default=ROOT / "logs", help="folder of udata's log (default: logs/)")
    parser.add_argument("--env-file", type=Path, help="also write the exports into this file, to be sourced")
    return parser.parse_args()


def _exports(sandbox: Sandbox) -> str:
    # The first two are for the command airflow-harvest, the others for Airflow and the example DAGs.
    settings = {"HARVEST_PORTAL": sandbox.url, "HARVEST_API_KEY": sandbox.keys.admin, **airflow_settings(sandbox)}
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())


def _write_private(path: Path, content: str) -> None:
    """Write a file that nobody else may read: there is a key in it."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(content)


def _explain(sandbox: Sandbox, exports: str, arguments: argparse.Namespace, took: float) -> None:
    print(f"\nudata {sandbox.release} (API generation {sandbox.generation}) responds after {took:.0f} s.\n")
    print(f"  portal        {sandbox.url}")
    print(f"  API           {sandbox.url}/api/1/")
    print(
        f"  organization  {sandbox.organization.name} (slug {sandbox.organization.slug}, id {sandbox.organization.id})"
    )
    print(f"  manual runs   {'off' if arguments.no_manual_run else 'on'}")
    print(f"  log           {sandbox.log_path}")
    print("\nAPI keys, good for this portal only")
    print(table(["role", "key", "is"], [[role, getattr(sandbox.keys, role), what] for role, what in _PEOPLE.items()]))
    print("\nCatalogues to harvest, backend dcat")
    print(table(["catalogue", "harvested"], [[sandbox.catalogue.url(name), what] for name, _, what in _CATALOGUES]))
    print("\nVariables for airflow-harvest, Airflow and the example DAGs, as the sysadmin")
    print(exports)
    if arguments.env_file is not None:
        print(f"They are in {arguments.env_file} too: source {shlex.quote(str(arguments.env_file))}\n")
    print(f"Ctrl-C ends it; so do {arguments.minutes:g} minutes.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
