"""The manifest that the page on Kubernetes shows, held against what the operator of Dask and Kubernetes call things."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.pages import HOW_TO, blocks

OPERATOR_SETS = {"$(DASK_SCHEDULER_ADDRESS)", "$(DASK_WORKER_NAME)"}

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def job() -> Manifest:
    (block,) = blocks(HOW_TO / "kubernetes.md", "yaml")
    manifest: Manifest = yaml.safe_load(block.text)
    return manifest


@pytest.fixture(scope="module")
def containers(job: Manifest) -> dict[str, Manifest]:
    """The containers of the manifest, by name; each pod has one."""
    cluster = job["spec"]["cluster"]["spec"]
    pods = [job["spec"]["job"]["spec"], cluster["worker"]["spec"], cluster["scheduler"]["spec"]]
    return {container["name"]: container for pod in pods for container in pod["containers"]}


def test_it_is_a_job_of_the_operator(job: Manifest) -> None:
    assert (job["apiVersion"], job["kind"]) == ("kubernetes.dask.org/v1", "DaskJob")
    assert job.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert job["spec"].keys() == {"job", "cluster"}
    assert job["spec"]["cluster"]["spec"].keys() == {"worker", "scheduler"}
    assert job["spec"]["cluster"]["spec"]["worker"].keys() == {"replicas", "spec"}
    assert job["spec"]["cluster"]["spec"]["scheduler"].keys() == {"spec", "service"}


def test_all_its_pods_have_one_image_and_the_secrets_of_the_store_where_it_is_needed(
    containers: dict[str, Manifest],
) -> None:
    assert containers.keys() == {"job", "worker", "scheduler"}
    assert len({container["image"] for container in containers.values()}) == 1
    for name in ("job", "worker"):
        assert containers[name]["envFrom"] == [{"secretRef": {"name": "mlflow"}}]
    assert "env" not in containers["worker"], "the operator adds its own to what is there"


def test_it_refers_to_no_variable_but_those_that_the_operator_sets(containers: dict[str, Manifest]) -> None:
    words = {word for container in containers.values() for word in container["args"]}
    assert {word for word in words if "$" in word} == OPERATOR_SETS
    assert all(isinstance(word, str) for word in words), "Kubernetes takes arguments that are strings only"


def test_the_service_leads_to_the_scheduler(job: Manifest, containers: dict[str, Manifest]) -> None:
    service = job["spec"]["cluster"]["spec"]["scheduler"]["service"]
    assert service["selector"] == {
        "dask.org/cluster-name": job["metadata"]["name"],
        "dask.org/component": "scheduler",
    }
    listening = {port["name"]: port["containerPort"] for port in containers["scheduler"]["ports"]}
    assert listening == {"tcp-comm": 8786, "http-dashboard": 8787}
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == listening


def test_a_worker_says_that_it_has_the_gpu_that_its_pod_is_given(containers: dict[str, Manifest]) -> None:
    worker = containers["worker"]
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert worker["args"][worker["args"].index("--resources") + 1] == "gpu=1"
