"""Joins the parts of this folder into the kit's port."""

from provider_adapters._kit.joined import JoinedAdapter
from provider_adapters._kit.ports import Adapter, AdapterParts
from provider_adapters.evolution_style import config
from provider_adapters.evolution_style.callbacks import Callbacks, refuse
from provider_adapters.evolution_style.client import Client


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit, once."""
    settings = config.read(parts.credentials)
    client = Client(settings, parts.outbound)
    return JoinedAdapter(client, Callbacks(settings, parts), refuse, replayer=client)
