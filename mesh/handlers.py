"""Every method of a server in one table, so that finding one costs the same however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import grpc

from mesh.calls import Handler, Method
from mesh.desk import Desk

Details = Any
"""What gRPC knows of a call before it has a handler: its method and its metadata."""


class HandlerTable(grpc.GenericRpcHandler):
    """Looks like a server to the generated `add_..._to_server` functions, and collects what they register."""

    def __init__(self, wrap: Callable[[str, str, Handler], Handler] | None = None) -> None:
        self.paths: dict[str, Handler] = {}
        self._wrap = wrap
        self.services: set[str] = set()

    @classmethod
    def guarded(cls, desk: Desk) -> HandlerTable:
        """A table whose methods are served through the interceptor."""
        return cls(partial(_guard, desk))

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Called by generated code."""
        self.services.add(service)
        for name, handler in handlers.items():
            self.paths[f"/{service}/{name}"] = self._wrap(service, name, handler) if self._wrap else handler

    def add_generic_rpc_handlers(self, handlers: Iterable[Handler]) -> None:
        """Called by generated code as well, with what the call above has told already."""

    def service(self, details: Details) -> Handler | None:
        """The handler for one call; None lets gRPC answer UNIMPLEMENTED."""
        found = self.paths.get(details.method)
        return found(details.invocation_metadata) if isinstance(found, partial) else found


def _guard(desk: Desk, service: str, name: str, handler: Handler) -> Handler:
    method = Method(desk, service, name, handler)
    return partial(method.call, method)
