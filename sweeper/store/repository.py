"""The way to artifacts that lie elsewhere, without handing what opens the store to anybody else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from sweeper.errors import StoreError
from sweeper.store.locate import shown_uri

HOSTS_VARIABLE = "SWEEPER_ARTIFACT_HOSTS"
_PORTS = {"http": 80, "https": 443}


def artifact_repository(artifact_uri: str, tracking_uri: str) -> ArtifactRepository:
    """Return MLflow's access to a place of artifacts.

    Raises ``StoreError`` for a host other than the tracking server's: MLflow sends it the server's password or token,
    and where artifacts lie is for everybody to say who writes to the store. The environment can name further hosts.
    """
    parts = urlsplit(artifact_uri)
    if parts.scheme in ("http", "https", "mlflow-artifacts") and parts.netloc:
        host = _host(artifact_uri, urlsplit(tracking_uri).scheme)
        if host not in (_host(tracking_uri), *os.environ.get(HOSTS_VARIABLE, "").split(",")):
            raise StoreError(
                f"{shown_uri(artifact_uri)}: these artifacts lie on another host than the tracking server, which would "
                f"be sent the server's password; if it may know that, set {HOSTS_VARIABLE}={host}"
            )
    return get_artifact_repository(artifact_uri, tracking_uri=tracking_uri)


def _host(uri: str, scheme: str = "") -> str:
    """Return the host and port of an address; ``scheme`` is the one that counts where it has none of its own."""
    parts = urlsplit(uri)
    try:
        port = parts.port or _PORTS.get(parts.scheme) or _PORTS.get(scheme)
    except ValueError as error:
        raise StoreError(f"{shown_uri(uri)}: no address: {error}") from error
    return f"{parts.hostname}:{port}"
