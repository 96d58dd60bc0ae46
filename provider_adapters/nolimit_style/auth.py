"""Who speaks: a name and a key inside each call. There is no signature, so everything rests on TLS."""

from collections.abc import Sequence

from provider_adapters._kit.shared_secrets import is_one_of

FIELD = "identification"


def identification(operator: str, key: str) -> dict[str, str]:
    """What goes into the params of a call."""
    return {"name": operator, "key": key}


def verify(given: object, operator: str, keys: Sequence[str]) -> bool:
    """Whether this is the name and one of the keys. Both are always compared."""
    told = given if isinstance(given, dict) else {}
    is_name, is_key = is_one_of(told.get("name"), [operator]), is_one_of(told.get("key"), keys)
    return is_name and is_key
