"""What a running stack tells its users: the content of `build/mesh.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesh.dev.processes import AUDIT_LOG, HOST, TOKEN_NAME, WITNESS_NAME
from mesh.notes import Cosigner, Signer

if TYPE_CHECKING:
    from mesh.dev.stack import Stack


def describe(stack: Stack) -> dict[str, Any]:
    """Endpoints, demo credentials and processes."""
    return {
        "gateway": _gateway(stack),
        "licensees": [_licensee(stack, index) for index in range(len(stack.options.licensees))],
        "providers": [_provider(stack, name) for name in stack.around.providers],
        "processes": [_process(stack, name) for name in stack.names],
        "postgres": _postgres(stack),
        "valkey": {"url": stack.valkey.url},
        "internal": _internal(stack),
        "run_directory": str(stack.run),
        "ready_after_s": round(stack.ready_after_s, 2),
    }


def _gateway(stack: Stack) -> dict[str, str]:
    ports = stack.around.ports
    return {
        "grpc": f"localhost:{ports.licensee}",
        "json": f"https://localhost:{ports.licensee}",
        "ca": str(stack.around.edge_tls / "ca.pem"),
        "studio": f"http://{HOST}:{ports.studio}",
        "operations": f"http://{HOST}:{ports.operations}",
    }


def _licensee(stack: Stack, index: int) -> dict[str, str]:
    licensee = stack.options.licensees[index]
    return {
        "id": licensee.id,
        "token": stack.token(licensee.id),
        "pack": licensee.pack,
        "currency": licensee.currency,
    }


def _provider(stack: Stack, name: str) -> dict[str, Any]:
    around = stack.around
    return {
        "name": name,
        "callback_url": around.callback_url(name),
        "studio_url": around.studio_url(name),
        "credentials": dict(stack.vault.credentials[name].studio),
    }


def _process(stack: Stack, name: str) -> dict[str, Any]:
    child = stack.child(name)
    process = stack.process_list.get(name)
    servers = {"postgres": f"{HOST}:{stack.postgres.port}", "valkey": f"{HOST}:{stack.valkey.port}"}
    return {
        "name": name,
        "pid": child.pid,
        "address": process.address if process else servers[name],
        "workload": process.workload if process else "",
        "log": str(child.command.log),
    }


def _postgres(stack: Stack) -> dict[str, Any]:
    databases = {}
    for service in stack.around.service_urls:
        found = stack.postgres.database(f"pitboss_{service.removesuffix('_svc')}")
        databases[service] = {
            "name": found.name,
            "service_url": found.service_url,
            "reader_url": found.reader_url,
            "owner_url": found.owner_url,
        }
    return {"host": HOST, "port": stack.postgres.port, "admin_url": stack.postgres.admin_url, "databases": databases}


def _internal(stack: Stack) -> dict[str, Any]:
    """For the platform's own tools, which call services directly with their own certificate."""
    ports = stack.around.ports
    return {
        "wallet": [f"{HOST}:{port}" for port in ports.wallets],
        "session": f"{HOST}:{ports.session}",
        "compliance": f"{HOST}:{ports.compliance}",
        "second_opinion": f"{HOST}:{ports.second_opinion}" if "second_opinion" in stack.names else "",
        "audit": f"{HOST}:{ports.audit}" if "audit_svc" in stack.names else "",
        "audit_key": Signer.load(AUDIT_LOG, stack.vault.audit_keys.signing).verifier_key,
        "witness_key": Cosigner.load(WITNESS_NAME, stack.vault.audit_keys.witness).verifier_key,
        "token_key": Signer.load(TOKEN_NAME, stack.vault.audit_keys.token).verifier_key,
        "witness": f"{HOST}:{ports.witness}" if "witness" in stack.names else "",
        "adapters": {name: f"{HOST}:{port}" for name, port in ports.adapters.items()},
        "tls": str(stack.around.tls / "platform"),
        "signer": str(stack.vault.signer_file),
        "pack_signers": str(stack.vault.pack_signers),
        "clock_file": str(stack.around.clock_file),
    }
