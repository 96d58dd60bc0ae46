"""Joins the parts of this folder into the kit's port."""

from provider_adapters._kit.joined import JoinedAdapter
from provider_adapters._kit.ports import Adapter, AdapterParts
from provider_adapters.hub88_style.callbacks import Callbacks, refuse
from provider_adapters.hub88_style.client import Client
from provider_adapters.hub88_style.config import adapter_keys


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit, once."""
    keys = adapter_keys(parts.credentials)
    callbacks = Callbacks(keys=keys, wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
    client = Client(keys=keys, outbound=parts.outbound)
    return JoinedAdapter(client, callbacks, refuse, granter=client, replayer=client)
