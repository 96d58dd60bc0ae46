"""What surrounds the pods: identities, doors, addresses, images."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from compliance_svc.kernel.loading import load_keys
from mesh.tooling.kustomize import Document
from mesh.tooling.manifests import ROOT, applicable
from tests.unit.k8s.manifests import WORKLOADS, containers, environment, everything, in_overlay, of_kind, pod, rendered

PROCESSES = ("wallet-svc", "session-svc", "compliance-svc", "audit-svc", "witness", "second-opinion", "gateway")
SOURCES = {
    f"source-{name.replace('_', '-')}": f"fact_sources/{name}"
    for name in ("register", "kyc", "geolocation", "sanctions", "limit_file", "activity_file")
}
"""The component of an overlay that asks sources outside, with the names by which others know them."""
OVERLAYS = [folder.name for folder in applicable() if folder.parent.name == "overlays"]


def adapters() -> dict[str, str]:
    """Each provider with the name of its objects."""
    manifests = sorted((ROOT / "provider_adapters").glob("[!_]*/manifest.toml"))
    names = [tomllib.loads(path.read_text())["name"] for path in manifests]
    return {name: "adapter-" + name.replace("_", "-") for name in names}


def sources(overlay: str) -> dict[str, str]:
    return SOURCES if overlay == "production" else {}


def workloads(overlay: str) -> dict[str, Document]:
    return {name: each for (kind, name), each in in_overlay(overlay).items() if kind in WORKLOADS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_and_every_provider_is_deployed(overlay: str) -> None:
    assert workloads(overlay).keys() == {*PROCESSES, *sources(overlay), *adapters().values()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_process_has_its_own_account_door_policy_and_budget(overlay: str) -> None:
    objects = in_overlay(overlay)
    for name, workload in workloads(overlay).items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert pod(workload)["serviceAccountName"] == name
        assert objects["ServiceAccount", name]["automountServiceAccountToken"] is False
        assert objects["Service", name]["spec"]["selector"].items() <= labels.items()
        assert objects["NetworkPolicy", name]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        assert objects["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_certificate_names_the_workload_by_which_others_know_it(overlay: str) -> None:
    objects = in_overlay(overlay)
    # A witness has no certificate: what it is shown is signed, and it asks nobody.
    identities = {name: name.replace("-", "_") for name in PROCESSES if name != "witness"}
    identities |= sources(overlay)
    identities |= {name: f"provider_adapters/{provider}" for provider, name in adapters().items()}
    for name, identity in identities.items():
        spec = objects["Certificate", name]["spec"]
        assert spec["uris"] == [f"spiffe://pitboss/{identity}"]
        assert name in spec["dnsNames"]
        assert spec["secretName"] in {
            volume["secret"]["secretName"] for volume in pod(workloads(overlay)[name])["volumes"] if "secret" in volume
        }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_wallet_addresses_are_exactly_its_replicas(overlay: str) -> None:
    addresses = in_overlay(overlay)["ConfigMap", "mesh"]["data"]["PITBOSS_WALLET_ADDRESSES"].split(",")
    replicas = workloads(overlay)["wallet-svc"]["spec"]["replicas"]
    assert addresses == [f"wallet-svc-{number}.wallet-svc:8443" for number in range(replicas)]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", ["wallet-svc", "compliance-svc"])
def test_who_decides_by_packs_reads_one_register_of_keys(overlay: str, name: str, tmp_path: Path) -> None:
    workload = workloads(overlay)[name]
    told = Path(environment(workload, overlay)["PITBOSS_PACK_KEYS"])
    (mount,) = [each for each in pod(workload)["containers"][0]["volumeMounts"] if each["name"] == "pack-keys"]
    # The whole folder: a single file that is mounted stays as it was when the map changes.
    assert (Path(mount["mountPath"]), mount["readOnly"], "subPath" in mount) == (told.parent, True, False)
    (volume,) = [each for each in pod(workload)["volumes"] if each["name"] == "pack-keys"]
    shown = in_overlay(overlay)["ConfigMap", volume["configMap"]["name"]]["data"][told.name]
    (tmp_path / told.name).write_text(shown)
    assert load_keys(tmp_path / told.name) == {}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_wallet_reads_the_report_of_whoever_measures_the_clock_beside_it(overlay: str) -> None:
    workload = workloads(overlay)["wallet-svc"]
    (measurer,) = [each for each in pod(workload)["initContainers"] if each["name"] == "clock"]
    # With this policy it is started before the wallet, and lives as long.
    assert measurer["restartPolicy"] == "Always"
    written = {each["name"]: each.get("value") for each in measurer["env"]}["PITBOSS_CLOCK_REPORT"]
    assert environment(workload, overlay)["PITBOSS_CLOCK_REPORT"] == written
    for container, read_only in ((measurer, None), (pod(workload)["containers"][0], True)):
        (mount,) = [each for each in container["volumeMounts"] if each["name"] == "clock"]
        assert (mount["mountPath"], mount.get("readOnly")) == (str(Path(written).parent), read_only)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_may_talk_unless_a_policy_says_so(overlay: str) -> None:
    spec = in_overlay(overlay)["NetworkPolicy", "default-deny"]["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec


@pytest.mark.parametrize("policy", of_kind("NetworkPolicy"))
def test_a_policy_opens_named_ports_only(policy: Document) -> None:
    for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
        assert rule["ports"]
        assert all("port" in port for port in rule["ports"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_gateway_is_reachable_from_outside(overlay: str) -> None:
    for (kind, name), document in in_overlay(overlay).items():
        assert kind not in {"Ingress", "Gateway", "HTTPRoute", "GRPCRoute"}
        if kind == "Service" and name != "gateway":
            assert document["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_policy_lets_in_only_workloads_that_exist(overlay: str) -> None:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in workloads(overlay).values()]
    for (kind, name), document in in_overlay(overlay).items():
        if kind != "NetworkPolicy":
            continue
        for selector in peers(document):
            # Platform pods (an operator's shell, a drill) are started by hand.
            if selector.get("app.kubernetes.io/component") != "platform":
                assert any(selector.items() <= each.items() for each in labels), (name, selector)


def peers(policy: Document) -> list[dict[str, str]]:
    """The labels of every pod that a policy speaks about."""
    spec = policy["spec"]
    sides = [
        *(rule.get("from", []) for rule in spec.get("ingress", [])),
        *(r.get("to", []) for r in spec.get("egress", [])),
    ]
    return [peer["podSelector"]["matchLabels"] for side in sides for peer in side if "podSelector" in peer]


@pytest.mark.parametrize(
    "folder", [folder for folder in applicable() if folder.name != "small"], ids=lambda each: each.name
)
def test_what_goes_to_production_names_a_version(folder: Path) -> None:
    for document in rendered(folder):
        if document["kind"] in {*WORKLOADS, "Job"}:
            for container in containers(document):
                _, _, tag = container["image"].rpartition("/")[2].partition(":")
                assert tag not in {"", "latest"}


def test_every_object_lives_in_the_namespace_of_the_mesh() -> None:
    for name, document in everything():
        if document["kind"] == "Namespace":
            assert document["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        else:
            assert document["metadata"]["namespace"] == "pitboss", name
