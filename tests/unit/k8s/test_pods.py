"""What a pod may do, and how it comes and goes."""

from __future__ import annotations

import pytest

from mesh.tooling.kustomize import Document
from tests.unit.k8s.manifests import WORKLOADS, containers, of_kind, pod

PODS = of_kind(*WORKLOADS, "Job")
SERVING = of_kind(*WORKLOADS)


@pytest.mark.parametrize("workload", PODS)
def test_a_pod_runs_without_root_and_without_a_token_of_the_cluster(workload: Document) -> None:
    spec = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] >= 10_000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}


@pytest.mark.parametrize("workload", PODS)
def test_a_container_can_neither_gain_rights_nor_write_its_own_files(workload: Document) -> None:
    for container in containers(workload):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("workload", PODS)
def test_a_container_says_what_it_needs_and_what_it_may_take(workload: Document) -> None:
    for container in containers(workload):
        for part in ("requests", "limits"):
            assert container["resources"][part].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("workload", PODS)
def test_no_secret_stands_in_a_manifest(workload: Document) -> None:
    for container in containers(workload):
        for variable in container.get("env", []):
            if any(word in variable["name"] for word in ("DATABASE_URL", "CACHE_URL", "PASSWORD", "TOKEN", "SECRET")):
                assert "value" not in variable
                assert "secretKeyRef" in variable["valueFrom"]


@pytest.mark.parametrize("workload", SERVING)
def test_a_process_is_probed_on_a_port_that_needs_no_certificate(workload: Document) -> None:
    container = pod(workload)["containers"][0]
    edge = workload["metadata"]["name"] == "gateway"
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container[name]
        if edge:
            assert (probe.get("httpGet") or probe["tcpSocket"])["port"] == "operations"
        elif "grpc" in probe:
            assert probe["grpc"]["port"] == 8081
        else:
            assert probe["httpGet"] == {"path": "/healthz", "port": "http"}
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    if "http" in ports:
        assert f"0.0.0.0:{ports['http']}" in {value for name, value in variables.items() if name.endswith("_LISTEN")}
    else:
        assert edge or variables["PITBOSS_HEALTH_LISTEN"] == "0.0.0.0:8081"


@pytest.mark.parametrize("workload", SERVING)
def test_the_grace_period_is_longer_than_everything_that_happens_in_it(workload: Document) -> None:
    container = pod(workload)["containers"][0]
    before = container["lifecycle"]["preStop"].get("sleep", {}).get("seconds", 15 + 2 * 2)
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    drain = float(variables.get("PITBOSS_DRAIN_SECONDS", 5))
    notice = float(variables.get("PITBOSS_NOTICE_SECONDS", 0.2))
    assert pod(workload)["terminationGracePeriodSeconds"] >= before + notice + drain + 5


@pytest.mark.parametrize("workload", SERVING)
def test_a_rollout_takes_no_serving_pod_away_before_its_successor_is_ready(workload: Document) -> None:
    if workload["kind"] == "Deployment":
        assert workload["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    else:
        assert workload["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"
