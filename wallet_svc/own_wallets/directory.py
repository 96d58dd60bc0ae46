"""The licensees that have a wallet of their own, and a client for each."""

from pathlib import Path

from wallet_svc.domain.state import Licensee, Registry
from wallet_svc.own_wallets.client import Client
from wallet_svc.store.reading import Reader


class Directory:
    """Follows the registry, a second behind: who has a wallet of its own is fixed before the first player."""

    def __init__(self, reader: Reader, folder: Path | None) -> None:
        self._reader, self._folder = reader, folder
        self._clients: dict[str, Client] = {}
        self._leaving: list[Client] = []
        self._registry: Registry | None = None
        self.names: frozenset[str] = frozenset()
        """Licensees with a wallet of their own, as of a moment ago."""
        self.ill: set[str] = set()
        """Licensees whose wallet is known not to answer."""

    async def refresh(self) -> list[Licensee]:
        """Read the registry again; every licensee with a wallet of its own."""
        self._registry = await self._reader.registry()
        found = [tenant for tenant in self._registry.licensees.values() if tenant.wallet is not None]
        self.names = frozenset(tenant.name for tenant in found)
        return found

    async def _known(self) -> Registry:
        if self._registry is None:
            await self.refresh()
        assert self._registry is not None
        return self._registry

    async def licensee(self, name: str) -> Licensee:
        """A licensee by name."""
        if name not in (await self._known()).licensees:
            await self.refresh()
        return (await self._known()).licensees[name]

    async def source_name(self, source_id: int) -> str:
        """Who sends actions, by number."""
        if source_id not in (await self._known()).source_names:
            await self.refresh()
        return (await self._known()).source_names[source_id]

    async def client(self, name: str) -> Client | None:
        """The client of a licensee; None for one that has no wallet of its own."""
        tenant = await self.licensee(name)
        if tenant.wallet is None:
            await self.refresh()
            tenant = await self.licensee(name)
        if tenant.wallet is None:
            return None
        known = self._clients.get(name)
        if known is None or known.wallet != tenant.wallet:
            if known is not None:
                # Calls may be under way; the connections end with the process.
                self._leaving.append(known)
            known = self._clients[name] = Client(name, tenant.wallet, self._folder)
        return known

    def note(self, client: Client) -> bool:
        """See how a wallet is after a call; true if it has just recovered."""
        if client.is_ill:
            self.ill.add(client.licensee)
            return False
        if client.licensee not in self.ill:
            return False
        self.ill.discard(client.licensee)
        return True

    async def close(self) -> None:
        """Give all connections back."""
        for client in [*self._clients.values(), *self._leaving]:
            await client.close()
