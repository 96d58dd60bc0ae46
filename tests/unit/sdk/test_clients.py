from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from pitboss_sdk import AsyncClient, Client, Launch
from pitboss_sdk import errors as errors_module
from pitboss_sdk._channel import OPTIONS, Endpoint, call_metadata
from pitboss_sdk._reading import session
from pitboss_sdk._stubs.pitboss.session.v1.session_service_pb2 import Session


def public(kind: type) -> dict[str, inspect.Signature]:
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


def test_both_clients_offer_the_same_calls_with_the_same_arguments() -> None:
    plain, concurrent = public(Client), public(AsyncClient)
    assert plain.keys() == concurrent.keys()
    for name in plain:
        assert plain[name].parameters == concurrent[name].parameters, name


def test_lists_and_watches_are_iterators_and_everything_else_is_one_answer() -> None:
    for name, signature in public(Client).items():
        is_many = name.startswith(("list_", "watch_"))
        assert str(signature.return_annotation).startswith("Iterator") is is_many, name
        assert inspect.iscoroutinefunction(getattr(AsyncClient, name)) is not is_many, name


def test_a_token_never_goes_over_a_network_in_the_clear() -> None:
    for target in ("pitboss.example:443", "10.0.0.7:80", "localhost.example:80", "127.0.0.1.example:80"):
        with pytest.raises(ValueError, match="loopback"):
            Endpoint(target=target, ca_file=None, plaintext=True)
    for target in ("localhost:80", "127.0.0.1:80", "[::1]:80"):
        assert Endpoint(target=target, ca_file=None, plaintext=True).credentials() is None


def test_a_url_is_no_target() -> None:
    with pytest.raises(ValueError, match="host:port"):
        Client("https://pitboss.example", token="t")


def test_a_ca_file_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        Client("pitboss.example:443", token="t", ca_file=Path("/nowhere/ca.pem"))


def test_idle_connections_are_kept_alive_and_grpc_repeats_nothing_by_itself() -> None:
    options = dict(OPTIONS)
    assert (options["grpc.keepalive_time_ms"], options["grpc.keepalive_timeout_ms"]) == (30_000, 15_000)
    assert options["grpc.enable_retries"] == 0


def test_every_call_carries_token_and_request_id() -> None:
    assert call_metadata("abc", "r-1") == (("authorization", "Bearer abc"), ("x-request-id", "r-1"))


def test_every_exception_can_be_caught_as_one_and_says_what_it_is() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors_module, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) > 30
    assert all(issubclass(kind, errors_module.PitbossError) for kind in kinds)
    assert all(kind.__doc__ and kind.__name__.endswith("Error") for kind in kinds)


def test_no_launch_address_stands_in_a_repr() -> None:
    launch = Launch(session=session(Session(session_id="s-1")), launch_url="https://secret.example/launch")
    assert "s-1" in repr(launch)
    assert "secret" not in repr(launch)
