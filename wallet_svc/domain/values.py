"""Values that are made by the thousand a second."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """A frozen dataclass, as the type checker sees it.

    The freeze is not enforced at run time: that would make the constructor four times slower,
    and every request builds several of these.
    """

    def make(cls: type[T]) -> type[T]:
        return dataclass(slots=True, kw_only=kw_only, unsafe_hash=True)(cls)

    return make
