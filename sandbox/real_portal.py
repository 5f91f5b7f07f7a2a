"""`Sandbox`: a real udata portal in an environment of its own, and catalogues next to it; for tests and the demo."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import environments
from sandbox.catalogue import CatalogueServer
from sandbox.child_process import end_child
from sandbox.control_client import Control
from sandbox.releases import RELEASES, find_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START_TIMEOUT = 120.0  # seconds; on two idle cores it takes 1 to 3, and 8 for the first time in a new environment
_LOG_TAIL = 3000  # characters of udata's log in the message of a failed start
_FOREIGN_SETTINGS = ("UDATA_", "CELERY_", "FLASK_", "PYTHON")
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SandboxError(RuntimeError):
    """The portal could not be started; the message says why and holds the end of its log."""


@dataclass(frozen=True)
class Keys:
    """The API keys of the sandbox's people; they end with the portal."""

    admin: str = field(repr=False)
    org_admin: str = field(repr=False)
    org_editor: str = field(repr=False)
    user: str = field(repr=False)


@dataclass(frozen=True)
class UserIds:
    """The ids of the sandbox's people: a sysadmin, two members of the organization, and somebody else."""

    admin: str
    org_admin: str
    org_editor: str
    user: str


@dataclass(frozen=True)
class Organization:
    """The portal's one organization."""

    id: str
    slug: str
    name: str


@dataclass(frozen=True)
class Request:
    """One request that the portal got.

    :param n: Its number, from 1, in the order of arrival.
    :param at: When it came, in seconds since the epoch.
    :param status: The status of the response, or ``None`` until it is sent.
    :param length: The response's ``Content-Length``, if it had one.
    :param user: The role of the person whose key came with it, ``"unknown key"`` for another key, ``None`` without.
    :param cookies: Whether it brought any cookie.
    """

    n: int
    at: float
    method: str
    path: str
    query: str
    status: int | None
    length: int | None
    user: str | None
    user_agent: str
    cookies: bool


class Sandbox:
    """A running portal with its people, and a catalogue server; made by `Sandbox.start()`, ended by `stop()`.

    The portal's process ends by itself when the process that started it is gone, and after its longest lifetime.
    """

    def __init__(self, release: str, process: subprocess.Popen[bytes], ready: dict[str, Any], log_path: Path) -> None:
        self.release = release
        self.generation = find_release(release).generation
        self.url: str = ready["url"]
        self.keys = Keys(**ready["keys"])
        self.user_ids = UserIds(**ready["user_ids"])
        self.organization = Organization(**ready["organization"])
        self.control = Control(ready["control_url"])
        self.catalogue = CatalogueServer()
        self.log_path = log_path
        self._process = process
        self._state_dir = Path(ready["state_dir"])

    @classmethod
    def start(
        cls,
        release: str = RELEASES[0],
        *,
        manual_run: bool = True,
        log_dir: Path | str | None = None,
        max_lifetime: float = 7200.0,
        progress: Callable[[str], object] = lambda line: None,
    ) -> Sandbox:
        """Start a portal, and return when it responds.

        :param release: One of ``RELEASES``; its environment is built if it does not stand yet.
        :param manual_run: udata's ``HARVEST_ENABLE_MANUAL_RUN``: whether others than sysadmins may start harvests.
            udata's own default is ``False``, and the public portals keep it so.
        :param log_dir: The folder for udata's log; by default a temporary one that goes with the portal.
        :param max_lifetime: Seconds after which the portal ends by itself.
        :param progress: Takes the lines about the environment being built.
        :raises ValueError: The sandbox does not run this release.
        :raises SandboxError: The portal did not come up.
        """
        python = environments.ensure(find_release(release).environment, progress)
        state_dir = Path(tempfile.mkdtemp(prefix=f"sandbox-udata-{release}-"))
        log_path = Path(log_dir or state_dir) / f"udata-{release}-{state_dir.name[-8:]}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        process = _launch(python, release, manual_run, max_lifetime, state_dir, log_path)
        try:
            ready = _wait_until_ready(process, release, log_path)
        except BaseException:
            _end(process, state_dir)
            raise
        return cls(release, process, {**ready, "state_dir": str(state_dir)}, log_path)

    def stop(self) -> None:
        """End the portal and the catalogues; nothing of them stays but a log in a folder of your own."""
        self.catalogue.close()
        _end(self._process, self._state_dir)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the portal's process still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Let the portal run for so long, or until its own time is over.

        :raises SandboxError: It ended otherwise.
        """
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        if status != 0:
            raise SandboxError(
                f"udata {self.release} has died with status {status}. The end of its log:\n{_log_end(self.log_path)}"
            )

    def wait_for_next_second(self) -> None:
        """Wait until what is harvested from now on counts as made after what was harvested before.

        A record's id has the second in which the portal made it, and nothing else in the API says whether a harvest
        made a record or found it: call this between two harvests that the guard compares.
        """
        time.sleep(1 - time.time() % 1)

    def mark(self) -> int:
        """The number of the newest request; give it to `requests()` to see only what comes after."""
        return len(self.requests())

    def requests(self, since: int = 0) -> list[Request]:
        """The requests that the portal got, in the order of arrival; reading them here leaves no record.

        :param since: Leave out those up to this number.
        """
        return [Request(**record) for record in self.control.requests(since)]

    def datasets(self, *, organization: str | None = None, source_id: str | None = None) -> list[dict[str, Any]]:
        """The data sets that the portal's public API lists; archived and deleted ones are not among them.

        :param organization: Only those of the organization with this id.
        :param source_id: Only those harvested from this source.
        :returns: The API's own objects; ``["harvest"]["remote_id"]`` is the identifier in the catalogue.
        """
        listed = list(self._walk("/api/1/datasets/", {"organization": organization} if organization else {}))
        if source_id is None:
            return listed
        return [dataset for dataset in listed if (dataset.get("harvest") or {}).get("source_id") == source_id]

    def _walk(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            arguments = urllib.parse.urlencode({**query, "page": page, "page_size": 100})
            with _NO_PROXY.open(f"{self.url}{path}?{arguments}", timeout=60) as response:
                answer = json.load(response)
            yield from answer["data"]
            if not answer["next_page"]:
                return
            page += 1


def _launch(
    python: Path, release: str, manual_run: bool, max_lifetime: float, state_dir: Path, log_path: Path
) -> subprocess.Popen[bytes]:
    command = [str(python), "-m", "sandbox.udata_process"]
    command += ["--release", release, "--state-dir", str(state_dir), "--max-lifetime", str(max_lifetime)]
    if manual_run:
        command.append("--manual-run")
    # Settings of the machine must not reach udata, and its harvesters must not ask a proxy for the loopback.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_SETTINGS)}
    environment |= {"PYTHONPATH": str(environments.ROOT), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with log_path.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=state_dir,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for the process that started it, which then ends it in order
        )


def _wait_until_ready(process: subprocess.Popen[bytes], release: str, log_path: Path) -> dict[str, Any]:
    """Read the one line on the process's stdout that says where the portal is."""
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    began = time.monotonic()
    readable, _, _ = select.select([process.stdout], [], [], _START_TIMEOUT)
    line = process.stdout.readline() if readable else b""
    if not line:
        waited = time.monotonic() - began
        raise SandboxError(
            f"udata {release} did not come up; given up after {waited:.0f} s. The end of its log:\n{_log_end(log_path)}"
        )
    return dict(json.loads(line))


def _log_end(log_path: Path) -> str:
    return log_path.read_text(errors="replace")[-_LOG_TAIL:]


def _end(process: subprocess.Popen[bytes], state_dir: Path) -> None:
    """End the portal, and remove its data."""
    end_child(process)
    shutil.rmtree(state_dir, ignore_errors=True)
