"""What commands say of a source or job that does not exist, on every generation of udata: a sentence."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.cli.main import main
from tests.support.fake_portal.server import InProcess
from tests.support.fake_portal.state import KEY, USER

UNKNOWN = "0" * 24
COMMANDS = ["report", "watch", "compare", "jobs", "zombies", "run"]


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
@pytest.mark.parametrize("ident", ["nonsense", UNKNOWN])
@pytest.mark.parametrize("command", COMMANDS)
def test_is_a_sentence(
    command: str, ident: str, generation: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with InProcess(generation) as server:
        server.portal.keys[KEY] = {**USER, "roles": ["admin"]}
        job = server.portal.add_job(server.portal.add_source("Towns"))
        server.portal.end_job(job)
        monkeypatch.setenv("HARVEST_API_KEY", KEY)
        code = main([command, ident, "--portal", server.url])
        said = capsys.readouterr().err
        asked = [request.path for request in server.requests]
    assert code == 1
    assert ident in said
    assert said.startswith("airflow-harvest: There is no")
    assert said.count("\n") == 1
    if ident == "nonsense":
        assert [path for path in asked if "/job/nonsense" in path] == [], "releases respond to it with 400, 404 or 500"


def test_a_job_that_runs_cannot_be_reported_yet(capsys: pytest.CaptureFixture[str]) -> None:
    with InProcess("D") as server:
        job = server.portal.add_job(server.portal.add_source("Towns"))
        assert main(["report", job, "--portal", server.url]) == 1
    assert "has not ended yet" in capsys.readouterr().err
