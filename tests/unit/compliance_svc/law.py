"""The law as a service has it that has released nothing."""

from collections.abc import Mapping
from functools import cache

from compliance_svc.kernel import Pack, PackLibrary
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.statute import Statute


@cache
def _statute() -> Statute:
    return Statute(load_documents())


class ShippedLaw:
    """Implements `compliance_svc.ports.Law`."""

    async def library(self) -> PackLibrary:
        return _statute().library()

    async def everything(self) -> Mapping[str, Pack]:
        return _statute().everything()
