"""Every new checkpoint is shown to the witnesses, with the proof that it continues what they have seen."""

import asyncio
from collections.abc import Sequence

from audit_svc.ports import Tree, Witness
from mesh import logs, metrics
from mesh.failures import understand
from mesh.verify.cosignatures import CosignatureError, WitnessKey, check_line

_log = logs.get("audit_svc.witnessing")

_TRIES = 3
_PAUSE_S = 1.0


class Witnessing:
    """Collects cosignatures. A witness that refuses is told aloud, and asked again: it does not change its mind."""

    def __init__(self, tree: Tree, witnesses: Sequence[Witness], keys: Sequence[WitnessKey], *, every_s: float) -> None:
        self._tree = tree
        self._witnesses = witnesses
        self._keys = keys
        self._every_s = every_s
        self._seen: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._refusals = metrics.registry.counter("audit.witness.refusals")
        self._cosigned = metrics.registry.counter("audit.witness.cosignatures")

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            for witness in self._witnesses:
                try:
                    await self.show(witness)
                except Exception as error:  # noqa: BLE001 - told, then asked again
                    _log.debug("a witness was not asked", witness=witness.url, cause=repr(understand(error)))
                    await asyncio.sleep(_PAUSE_S)
            await asyncio.sleep(self._every_s)

    async def show(self, witness: Witness) -> None:
        """Show the newest checkpoint to a witness, unless it has seen it. Errors: DependencyDownError."""
        newest = await self._tree.checkpoint()
        if newest is None or self._seen.get(witness.url) == newest.size:
            return
        for _ in range(_TRIES):
            old = self._seen.get(witness.url, 0)
            if old > newest.size:
                self._refuse(witness, f"it has seen {old} entries, and the log has {newest.size}")
                return
            path = await self._tree.consistency(old, newest.size) if old else []
            answer = await witness.cosign(old=old, path=path, checkpoint=newest.note)
            if answer.seen is not None and answer.seen != old:
                self._seen[witness.url] = answer.seen
                continue
            if not answer.line:
                self._refuse(witness, answer.refusal)
                return
            await self._keep(witness, newest.size, newest.note.partition("\n\n")[0] + "\n", answer.line)
            return

    async def _keep(self, witness: Witness, size: int, text: str, line: str) -> None:
        try:
            name, _ = check_line(line, text, self._keys)
        except CosignatureError as error:
            self._refuse(witness, str(error))
            return
        await self._tree.keep_cosignature(size, name, line)
        self._seen[witness.url] = size
        self._refused.pop(witness.url, None)
        self._cosigned.add()

    def _refuse(self, witness: Witness, why: str) -> None:
        self._refusals.add()
        if self._refused.get(witness.url) != why:
            self._refused[witness.url] = why
            _log.security("a witness refuses the audit log", witness=witness.url, why=why)
