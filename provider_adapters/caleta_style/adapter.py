"""Joins the parts of this folder into the kit's port."""

from provider_adapters._kit.joined import JoinedAdapter
from provider_adapters._kit.ports import Adapter, AdapterParts
from provider_adapters.caleta_style.callbacks import Callbacks, refuse
from provider_adapters.caleta_style.client import Client
from provider_adapters.caleta_style.config import adapter_keys


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit, once."""
    keys = adapter_keys(parts.credentials)
    client = Client(keys, parts.outbound)
    return JoinedAdapter(client, Callbacks(keys, parts), refuse, granter=client, replayer=client)
