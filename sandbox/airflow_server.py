"""An Airflow 3 that runs on loopback with its pages: for the demo and the tests of this provider's pages."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.child_process import GuardedProcess, free_port
from sandbox.loaded_airflow import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 240.0
_STOP_SECONDS = 30.0
_LONGEST_REQUEST = 60.0
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
#: A triggerer and a scheduler would serve their logs on all interfaces; the api-server reads the files.
_COMPONENTS: dict[str, tuple[str, ...]] = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class AirflowServerError(RuntimeError):
    """Airflow did not start, or refused a request; the message says which log to read."""


class AirflowServer:
    """A running Airflow 3 with SQLite and the LocalExecutor; a context manager.

    :param python: the Python of an Airflow environment.
    :param home: its ``AIRFLOW_HOME``; an existing database is used.
    :param dags: the folder of its DAGs.
    :param settings: environment variables, such as connections.
    :param users: name and role (``admin``, ``op``, ``user``, ``viewer``) of the people who may log in; the password is
        the name. None: everybody is an admin and nobody logs in.
    :param seconds: how long it may run.
    :param pages_only: whether the api-server runs alone, on what the home holds; no DAG runs then.
    """

    def __init__(
        self,
        python: Path,
        home: Path,
        dags: Path,
        settings: Mapping[str, str],
        *,
        users: Mapping[str, str] | None = None,
        seconds: float = 3600.0,
        pages_only: bool = False,
    ) -> None:
        self._python = python
        self.home = home
        self._users = dict(users or {})
        self._seconds = seconds
        self._others = {} if pages_only else _COMPONENTS
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._processes: dict[str, GuardedProcess] = {}
        self._environment = self._make_environment(dags, settings)
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> AirflowServer:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the database if it is missing, start the components, and wait until all are healthy.

        :raises AirflowServerError: it did not come up in time.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        passwords = {name: name for name in self._users}
        (self.home / "simple_auth_manager_passwords.json.generated").write_text(json.dumps(passwords))
        self.command("db", "migrate")
        components = {"api-server": ("api-server", "--host", "127.0.0.1", "--port", str(self._port)), **self._others}
        for name, arguments in components.items():
            command = [str(self._python), "-m", "airflow", *arguments]
            log_path = self.home / f"{name}.log"
            self._processes[name] = GuardedProcess(command, log_path, self._seconds, environment=self._environment)
        end = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            ended = [name for name, process in self._processes.items() if not process.is_running]
            if ended or time.monotonic() > end:
                what = f"{', '.join(ended)} ended" if ended else f"it was not healthy after {_START_SECONDS:g} s"
                raise AirflowServerError(f"Airflow did not start: {what}; its logs are in {self.home}.")
            time.sleep(0.5)

    def stop(self) -> None:
        """End all components and their children."""
        for process in self._processes.values():
            process.request_end()
        for process in self._processes.values():
            process.end(_STOP_SECONDS)
        self._processes.clear()

    def command(self, *arguments: str) -> None:
        """Run an ``airflow`` command in this home.

        :raises AirflowServerError: it failed.
        """
        log_path = self.home / f"command-{arguments[0]}.log"
        with log_path.open("ab") as log:
            command = [str(self._python), "-m", "airflow", *arguments]
            status = subprocess.run(
                command,
                env=self._environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                timeout=_START_SECONDS,
                check=False,
            ).returncode
        if status:
            raise AirflowServerError(f"airflow {' '.join(arguments)} failed; its output is in {log_path}.")

    def api(self, method: str, path: str, body: Any = None, user: str = "") -> Any:
        """Call the REST API; return the response.

        :param path: below ``/api/v2/``.
        :param user: as whom; default: the first user, or the admin that everybody is.
        :raises urllib.error.HTTPError: Airflow refuses.
        """
        who = user or next(iter(self._users), "")
        if who not in self._tokens:
            self._tokens[who] = self._token(who)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._tokens[who]}"}
        return self._request(method, f"/api/v2/{path}", body, headers)

    def _token(self, user: str) -> str:
        if user:
            answer = self._request("POST", "/auth/token", {"username": user, "password": user})
        else:
            answer = self._request("GET", "/auth/token")
        return str(answer["access_token"])

    def _request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, dict(headers or {"Content-Type": "application/json"}), method=method
        )
        with _NO_PROXY.open(request, timeout=_LONGEST_REQUEST) as response:
            text = response.read()
        return json.loads(text) if text else None

    def _is_healthy(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            health = self._request("GET", "/api/v2/monitor/health")
            return all(health[part.replace("-", "_")]["status"] == "healthy" for part in self._others)
        return False

    def _make_environment(self, dags: Path, settings: Mapping[str, str]) -> dict[str, str]:
        options = {
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "CORE__DAGBAG_IMPORT_TIMEOUT": "120",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__DAGS_FOLDER": str(dags),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": "2",
            # Its components write to one SQLite at once; what finds it locked waits, by default for 5 s.
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=60",
            "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "180",
            "DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        if self._users:
            options["CORE__SIMPLE_AUTH_MANAGER_USERS"] = ",".join(
                f"{name}:{role}" for name, role in self._users.items()
            )
        else:
            options["CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
        return {
            **inherited_environment(),
            "AIRFLOW_HOME": str(self.home),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONPATH": str(_ROOT),
            "PYTHONWARNINGS": "ignore",
            **{f"AIRFLOW__{name}": value for name, value in options.items()},
            **settings,
        }
