"""Reading the fields of a pack: closed, typed, and with the place in every error."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.local_time import Term

_ABSENT: Final = object()
_Value = TypeVar("_Value")


class PackError(ValueError):
    """A pack that must not be loaded. The message says where and why."""


class Fields:
    """A mapping of which every field is read exactly once; `done` refuses the rest."""

    def __init__(self, value: object, where: str) -> None:
        """Take the mapping; `where` names it in errors."""
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            message = f"{where}: must be a mapping"
            raise PackError(message)
        self._left: dict[str, Any] = dict(value)
        self.where = where

    def error(self, message: str) -> PackError:
        """Return an error about this mapping."""
        return PackError(f"{self.where}: {message}")

    def done(self) -> None:
        """Refuse fields that nobody has read."""
        if self._left:
            raise self.error(f"unknown field {min(self._left)!r}")

    def has(self, name: str) -> bool:
        """Say whether a field is there and not yet read."""
        return name in self._left

    def text(self, name: str, *choices: str, default: str | None = None) -> str:
        """Read a text, one of the choices if there are any."""
        value = self._take(name, _ABSENT if default is None else default)
        if not isinstance(value, str) or not value.strip() or (choices and value not in choices):
            raise self.error(f"{name} must be {' or '.join(choices) if choices else 'a text'}, not {value!r}")
        return value

    def whole(self, name: str, *, at_least: int = 0, default: int | None = None) -> int:
        """Read a whole number."""
        value = self._take(name, _ABSENT if default is None else default)
        if type(value) is not int or value < at_least:
            raise self.error(f"{name} must be a whole number of at least {at_least}, not {value!r}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._take(name, default)
        if type(value) is not bool:
            raise self.error(f"{name} must be true or false, not {value!r}")
        return value

    def list_of(
        self, name: str, read: Callable[[Any], _Value], *, default: Iterable[_Value] | None = None
    ) -> tuple[_Value, ...]:
        """Read a list that is not empty; `read` raises ValueError for a bad item."""
        if default is not None and not self.has(name):
            return tuple(default)
        value = self._take(name, _ABSENT)
        if not isinstance(value, list) or not value:
            raise self.error(f"{name} must be a list that is not empty")
        try:
            return tuple(read(item) for item in value)
        except ValueError as problem:
            raise self.error(f"{name}: {problem}") from problem

    def texts(self, name: str, *choices: str) -> tuple[str, ...]:
        """Read a list of different texts, each one of the choices if there are any."""
        values = self.list_of(name, _text)
        if len(set(values)) < len(values) or (choices and not set(values) <= set(choices)):
            raise self.error(f"{name} must be different ones of {', '.join(choices) or 'texts'}")
        return values

    def amounts(self, name: str) -> dict[str, Amount]:
        """Read a list of amounts in different currencies."""
        values = self.list_of(name, lambda item: Amount.parse(_text(item)))
        by_currency = {amount.currency: amount for amount in values}
        if len(by_currency) < len(values):
            raise self.error(f"{name} names a currency twice")
        return by_currency

    def terms(self, name: str, *, endless: Iterable[str] = ()) -> tuple[str, ...]:
        """Read a list of terms; the endless ones are allowed by name."""
        values = self.texts(name)
        for value in values:
            if value not in endless:
                self.check_term(name, value)
        return values

    def check_term(self, name: str, value: str) -> None:
        """Refuse a text that is no term."""
        try:
            Term.parse(value)
        except ValueError as problem:
            raise self.error(f"{name}: {problem}") from problem

    def mapping(self, name: str, *, default: Mapping[str, Any] | None = None) -> "Fields":
        """Read a mapping."""
        return Fields(self._take(name, _ABSENT if default is None else default), f"{self.where}.{name}")

    def mappings(self, name: str, *, default: Iterable[Any] | None = None) -> tuple["Fields", ...]:
        """Read a list of mappings."""
        values = self.list_of(name, _same, default=default)
        return tuple(Fields(value, f"{self.where}.{name}[{index}]") for index, value in enumerate(values))

    def _take(self, name: str, default: object) -> Any:  # noqa: ANN401 - not checked yet: that is the caller's job
        value = self._left.pop(name, default)
        if value is _ABSENT:
            raise self.error(f"{name} is missing")
        return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"not a text: {value!r}"
        raise ValueError(message)
    return value


def _same(value: _Value) -> _Value:
    return value
