"""The worked example of the page on TLS: its certificates, its configuration and its commands, on this machine."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sweeper.engine.dask.address import check_answers
from sweeper.errors import EngineError
from tests.clusters import dask_cluster
from tests.pages import HOW_TO, blocks
from tests.shell import shell

PAGE = HOW_TO / "dask-tls.md"
ANSWER_SECONDS = 60

PIPELINE = """
import luigi

from sweeper import MlflowTask


class Square(MlflowTask):
    number: int = luigi.IntParameter()

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"square": self.number**2})
"""
SPEC = 'task = "squares:Square"\nmetric = "square"\n\n[grid]\nnumber = [1, 2]\n'


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A cluster with TLS: its address, and the folder with the certificates and with Dask's configuration for them."""

    address: str
    folder: Path

    @property
    def settings(self) -> Path:
        """The folder that ``DASK_CONFIG`` names."""
        return self.folder / "dask"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    """A scheduler and a worker that find certificates and configuration as the page has them."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    (settings,) = blocks(PAGE, "yaml")
    (folder / "dask").mkdir()
    (folder / "dask" / "tls.yaml").write_text(settings.text.replace("/home/me/tls", str(folder)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched, contextlib.ExitStack() as running:
        patched.setenv("DASK_CONFIG", str(folder / "dask"))
        started = running.enter_context(dask_cluster(tmp_path_factory.mktemp("cluster")))
        started.add_worker("only", "--no-nanny")
        patched.undo()
        yield Encrypted(started.address, folder)


def make_certificates(folder: Path) -> None:
    """Run the commands of the page that do so."""
    (making,) = (block for block in blocks(PAGE, "sh") if "openssl" in block.text)
    subprocess.run(["bash", "-ec", making.text], cwd=folder, check=True, capture_output=True)


def test_a_sweep_runs_over_it(
    cluster: Encrypted, store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cluster.address.startswith("tls://")
    (tmp_path / "squares.py").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "squares.toml").write_text(SPEC, encoding="utf-8")
    monkeypatch.setenv("DASK_CONFIG", str(cluster.settings))
    printed = shell(f"sweeper run squares.toml --engine dask --address {cluster.address}", tmp_path)
    assert "2 computed; best square 4 at number=2" in printed, printed


def test_who_has_no_certificate_is_hung_up_on(cluster: Encrypted) -> None:
    caller = ssl.create_default_context(cafile=str(cluster.folder / "ca.pem"))
    caller.check_hostname = False
    assert _first_word(cluster.address, caller) == b""
    caller.load_cert_chain(cluster.folder / "dask.pem", cluster.folder / "dask.key")
    assert _first_word(cluster.address, caller) != b""


def _first_word(address: str, caller: ssl.SSLContext) -> bytes:
    """Return what a scheduler says to a caller before that has said anything; nothing if it is hung up on."""
    place = ("127.0.0.1", int(address.rpartition(":")[2]))
    with socket.create_connection(place, ANSWER_SECONDS) as connection, caller.wrap_socket(connection) as encrypted:
        try:
            return encrypted.recv(1)
        except (ssl.SSLError, ConnectionResetError):
            return b""


class TestAMismatchIsSaid:
    """What is wrong with the certificates is said in words that help, and at once."""

    def test_no_certificate(self, cluster: Encrypted) -> None:
        with pytest.raises(EngineError, match=re.escape(f"{cluster.address}: Dask has no certificate here")):
            check_answers(cluster.address)

    def test_no_encryption(self, cluster: Encrypted) -> None:
        with pytest.raises(EngineError, match=r"if it is one that is encrypted, begin the address with tls://"):
            check_answers(cluster.address.replace("tls:", "tcp:"))

    def test_encryption_required(self, cluster: Encrypted) -> None:
        with _configured(cluster.settings), pytest.raises(EngineError, match=r"begin the address with tls://"):
            check_answers(cluster.address.replace("tls:", "tcp:"))

    def test_a_file_that_is_not_there(self, cluster: Encrypted) -> None:
        (cluster.folder / "dask.key").rename(cluster.folder / "away.key")
        try:
            with _configured(cluster.settings), pytest.raises(EngineError, match=r"dask\.key, and there is no such"):
                check_answers(cluster.address)
        finally:
            (cluster.folder / "away.key").rename(cluster.folder / "dask.key")

    def test_another_authority(self, cluster: Encrypted, tmp_path: Path) -> None:
        make_certificates(tmp_path)
        theirs = {"distributed.comm.tls.ca-file": str(tmp_path / "ca.pem")}
        with _configured(cluster.settings, theirs), pytest.raises(EngineError, match="not of the authority"):
            check_answers(cluster.address)
        ours = {f"distributed.comm.tls.client.{one}": str(tmp_path / f"dask.{end}") for one, end in _CERTIFICATE}
        with _configured(cluster.settings, ours), pytest.raises(EngineError, match="does not take the certificate"):
            check_answers(cluster.address)


_CERTIFICATE = (("cert", "pem"), ("key", "key"))


@contextlib.contextmanager
def _configured(folder: Path, more: dict[str, str] | None = None) -> Iterator[None]:
    """Configure Dask in this process as a folder says, and then some."""
    import dask

    said = yaml.safe_load((folder / "tls.yaml").read_text(encoding="utf-8"))
    with dask.config.set(dask.config.merge(dask.config.config, said)), dask.config.set(more or {}):
        yield
