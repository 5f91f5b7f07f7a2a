"""One process that is a whole portal: udata's site, its queue, its worker and the control server; run by ``Sandbox``.

It runs in the release's own environment: of the repository it imports only what needs nothing installed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from celery.signals import worker_ready
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.releases import find_release
from sandbox.udata_process import lifetime
from sandbox.udata_process.access_log import AccessLog
from sandbox.udata_process.application import make_application, settle
from sandbox.udata_process.control_server import ControlServer
from sandbox.udata_process.isolation import isolate
from sandbox.udata_process.steering import Steering

_WORKER_THREADS = 8  # held and frozen harvests each keep one


class _PlainRequestHandler(WSGIRequestHandler):  # type: ignore[misc]
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Log without the colours that werkzeug's own line has."""
        self.log("info", '"%s" %s', self.requestline, getattr(code, "value", code))


def main() -> None:
    """Serve until the parent goes away; the first line on stdout says at which address, and with which keys."""
    arguments = _parse()
    tell_parent = _take_stdout()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    lifetime.end_with_parent(arguments.state_dir, arguments.max_lifetime)
    isolate()
    try:
        _serve(arguments, tell_parent)
    except Exception:
        logging.getLogger("sandbox").exception("The portal could not be started")
    finally:
        lifetime.end(arguments.state_dir, status=1)  # in order it ends by `lifetime`'s own watch


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.udata_process", description=__doc__)
    parser.add_argument("--release", required=True)
    parser.add_argument("--state-dir", required=True, type=Path)
    parser.add_argument("--max-lifetime", required=True, type=float)
    parser.add_argument("--manual-run", action="store_true")
    return parser.parse_args()


def _take_stdout() -> Any:
    """Keep stdout for the ready message; whatever udata prints goes to the log with stderr."""
    private = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return private


def _serve(arguments: argparse.Namespace, tell_parent: Any) -> None:
    release = find_release(arguments.release)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = make_application(release, port, arguments.manual_run, arguments.state_dir / "storage")
    inhabitants = settle(app, release)
    access_log = AccessLog(app, {key: role for role, key in inhabitants.keys.items()})
    control = ControlServer(app, Steering(app, release, access_log))
    control.start()
    site = make_server(
        "127.0.0.1", port, access_log, threaded=True, fd=listener.fileno(), request_handler=_PlainRequestHandler
    )
    threading.Thread(target=site.serve_forever, name="site", daemon=True).start()

    def on_ready(**_: Any) -> None:
        ready = {"url": f"http://127.0.0.1:{port}", "control_url": control.url, **asdict(inhabitants)}
        print(json.dumps(ready), file=tell_parent, flush=True)

    worker_ready.connect(on_ready)
    _work()


def _work() -> None:
    """Be the Celery worker; does not return while it works."""
    from udata.tasks import celery

    os.environ["C_FORCE_ROOT"] = "1"  # the tasks are pickled, which Celery refuses as root otherwise
    celery.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={_WORKER_THREADS}",
            "--queues=default,high,low",
            "--loglevel=INFO",
            "--without-heartbeat",
            "--without-mingle",
            "--without-gossip",
        ]
    )


if __name__ == "__main__":
    main()
