"""TLS on both sides, with every secret read through SDS so that a renewed file needs no restart."""

from __future__ import annotations

from pathlib import Path

from gateway.config import Files
from gateway.shapes import EXTENSIONS, Config

EDGE_CERTIFICATE = "edge_certificate"
GATEWAY_CERTIFICATE = "gateway_certificate"
MESH_AUTHORITY = "mesh_authority"

_MODERN: Config = {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"}

_INSIDE: Config = {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"}


def downstream(files: Files) -> Config:
    """What licensees and studios connect to."""
    return _socket(
        "DownstreamTlsContext",
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": _MODERN,
            "tls_certificate_sds_secret_configs": [_secret_reference(EDGE_CERTIFICATE, files)],
        },
    )


def upstream(files: Files, workload: str) -> Config:
    """A connection as `gateway` to one workload and no other."""
    return _socket(
        "UpstreamTlsContext",
        common_tls_context={
            "alpn_protocols": ["h2"],
            "tls_params": _INSIDE,
            "tls_certificate_sds_secret_configs": [_secret_reference(GATEWAY_CERTIFICATE, files)],
            "combined_validation_context": {
                "default_validation_context": {
                    "match_typed_subject_alt_names": [
                        {"san_type": "URI", "matcher": {"exact": f"spiffe://pitboss/{workload}"}}
                    ]
                },
                "validation_context_sds_secret_config": _secret_reference(MESH_AUTHORITY, files),
            },
        },
    )


def outside(host: str, authorities: Path) -> Config:
    """A connection to a server that is none of ours, whose certificate must be for this host."""
    return _socket(
        "UpstreamTlsContext",
        sni=host,
        common_tls_context={
            "tls_params": _MODERN,
            "validation_context": {
                "trusted_ca": {"filename": str(authorities)},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
            },
        },
    )


def secret_resources(files: Files) -> dict[Path, Config]:
    """The SDS files: each names a secret and points at the files of a certificate folder."""
    edge = _certificate(files.edge_tls)
    ours = _certificate(files.workload_tls)
    authority: Config = {
        "validation_context": {
            "trusted_ca": {"filename": str(files.workload_tls / "ca.pem")},
            "watched_directory": {"path": str(files.workload_tls)},
        }
    }
    bodies = {EDGE_CERTIFICATE: edge, GATEWAY_CERTIFICATE: ours, MESH_AUTHORITY: authority}
    return {_path(name, files): _resource(name, body) for name, body in bodies.items()}


def _certificate(folder: Path) -> Config:
    return {
        "tls_certificate": {
            "certificate_chain": {"filename": str(folder / "tls.pem")},
            "private_key": {"filename": str(folder / "tls.key")},
            "watched_directory": {"path": str(folder)},
        }
    }


def _resource(name: str, body: Config) -> Config:
    return {"resources": [{"@type": EXTENSIONS + "transport_sockets.tls.v3.Secret", "name": name, **body}]}


def _secret_reference(name: str, files: Files) -> Config:
    source = {"path": str(_path(name, files)), "watched_directory": {"path": str(files.sds)}}
    return {"name": name, "sds_config": {"path_config_source": source, "resource_api_version": "V3"}}


def _path(name: str, files: Files) -> Path:
    return files.sds / f"{name}.json"


def _socket(kind: str, **fields: object) -> Config:
    config = {"@type": f"{EXTENSIONS}transport_sockets.tls.v3.{kind}", **fields}
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}
