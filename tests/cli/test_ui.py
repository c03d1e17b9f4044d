"""``sweeper ui``: MLflow's own pages, for this machine alone."""

from __future__ import annotations

import http.client
import re
import signal
import socket
from contextlib import closing

import psutil
import pytest
from click.testing import CliRunner

from sweeper.cli import main
from sweeper.housekeeping import ui
from tests.cli.conftest import Project


def asked(port: int, path: str, host: str) -> int:
    """Return the status that a request gets whose header names a host."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status


def test_it_listens_on_loopback_alone_and_leaves_nothing(project: Project) -> None:
    started = project.start("ui")
    started.wait_for("Ctrl-C ends it")
    (port,) = map(int, re.findall(r"http://127\.0\.0\.1:(\d+) ", started.text()))
    family = [started.process, *psutil.Process(started.process.pid).children(recursive=True)]
    listening = [
        one.laddr
        for process in family[1:]
        for one in psutil.Process(process.pid).net_connections()
        if one.status == psutil.CONN_LISTEN
    ]
    assert {(one.ip, one.port) for one in listening} == {("127.0.0.1", port)}
    search = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert [asked(port, search, f"{host}:{port}") for host in ("127.0.0.1", "localhost")] == [200, 200]
    assert asked(port, search, "evil.example.org") == 403
    started.process.send_signal(signal.SIGINT)
    code, text = started.wait()
    assert (code, "Traceback" in text) == (0, False), text
    assert not [process for process in family[1:] if psutil.pid_exists(process.pid)]


def test_a_port_that_is_taken_is_said_to_be_and_the_default_gives_way(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["ui", "--port", str(port), "--tracking-uri", store_uri])
        assert (done.exit_code, f"port {port} at 127.0.0.1 is taken" in done.output) == (2, True)
        monkeypatch.setattr(ui, "PORT", port)
        assert ui._port("127.0.0.1", None) not in (port, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_an_address_that_others_reach_is_refused(host: str, store_uri: str) -> None:
    done = CliRunner().invoke(main, ["ui", "--host", host, "--tracking-uri", store_uri])
    assert done.exit_code == 2
    assert "can be reached from other machines" in done.output
    assert "ssh -L 5000:127.0.0.1:5000" in done.output
    assert "starting" not in done.output


def test_of_a_tracking_server_it_only_says_where_it_is() -> None:
    done = CliRunner().invoke(main, ["ui", "--tracking-uri", "https://me:secret@mlflow.example.org"])
    assert (done.exit_code, "https://me:***@mlflow.example.org" in done.output) == (0, True)


def test_without_a_store_there_are_no_pages(tmp_path: object) -> None:
    done = CliRunner().invoke(main, ["ui", "--tracking-uri", f"sqlite:///{tmp_path}/none.db"])
    assert (done.exit_code, "there is no store yet" in done.output) == (3, True)
