"""Values that are made for every decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Return a decorator: a frozen dataclass, as the type checker sees it.

    The freeze is not enforced at run time: that would make the constructor four times slower,
    and a bet builds four of these.
    """

    def make(cls: type[T]) -> type[T]:
        return dataclass(slots=True, kw_only=kw_only, unsafe_hash=True)(cls)

    return make
