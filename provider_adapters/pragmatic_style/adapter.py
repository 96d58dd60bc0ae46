"""Joins the parts of this folder into the kit's port."""

from provider_adapters._kit.joined import JoinedAdapter
from provider_adapters._kit.ports import Adapter, AdapterParts
from provider_adapters.pragmatic_style.callbacks import Callbacks, refuse
from provider_adapters.pragmatic_style.client import Client
from provider_adapters.pragmatic_style.config import Config


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit, once."""
    config = Config.from_credentials(parts.credentials)
    client = Client(parts.outbound, config)
    return JoinedAdapter(client, Callbacks(parts, config), refuse, client)
