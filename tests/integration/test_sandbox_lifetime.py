"""The portal's process comes up or says why, ends in order, and outlives nobody who started it."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import RELEASES, Sandbox, SandboxError, environments

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.integration

_PATIENCE = 60.0  # seconds
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def test_stopping_leaves_nothing_behind() -> None:
    sandbox = Sandbox.start()
    state_dir = sandbox.log_path.parent
    assert state_dir.is_dir()
    sandbox.stop()
    assert not sandbox.alive
    assert not state_dir.exists()


def test_a_log_in_a_folder_of_ones_own_stays(tmp_path: Path) -> None:
    with Sandbox.start(log_dir=tmp_path) as sandbox:
        pass
    assert "celery" in sandbox.log_path.read_text()


def test_the_portal_ends_when_its_starter_is_killed(
    tmp_path: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    script = (
        "import sys, sandbox\n"
        "portal = sandbox.Sandbox.start(log_dir=sys.argv[1])\n"
        "print(portal.url, portal._state_dir, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=environments.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        url, state_dir = starter.stdout.readline().split()
        assert Path(state_dir).is_dir()
        assert _answers(url)
        starter.send_signal(signal.SIGKILL)
    eventually(lambda: not Path(state_dir).exists())
    eventually(lambda: not _answers(url))


def test_waiting_for_a_portal_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with Sandbox.start(log_dir=tmp_path) as sandbox:
        sandbox._process.kill()
        with pytest.raises(SandboxError, match=r"has died with status -9(.|\n)*celery"):
            sandbox.wait(_PATIENCE)


def test_a_portal_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "ensure", lambda name, log: Path(sys.executable))
    with pytest.raises(SandboxError, match=rf"udata {RELEASES[0]} did not come up(.|\n)*No module named"):
        Sandbox.start(log_dir=tmp_path)


def test_a_release_that_the_sandbox_does_not_run_is_refused() -> None:
    with pytest.raises(ValueError, match=r"does not run udata '1\.0'; it runs 17\.18\.0"):
        Sandbox.start("1.0")


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(f"{url}/api/1/harvest/sources/", timeout=_PATIENCE):
            return True
    except OSError:
        return False
