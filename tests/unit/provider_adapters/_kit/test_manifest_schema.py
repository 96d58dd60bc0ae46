from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_adapters._kit import manifest
from provider_adapters._kit.manifest import Capability, ManifestError
from provider_adapters._kit.manifest_schema import schema

FOLDER = Path("provider_adapters")
SHIPPED = sorted(path.parent for path in FOLDER.glob("*/manifest.toml"))
GOOD = tomllib.loads((FOLDER / "hub88_style" / "manifest.toml").read_text())
VALIDATOR = jsonschema.Draft202012Validator(schema())

# Not whole floats: for JSON 2.0 is a whole number, for a manifest it is none.
ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**64),
    st.sampled_from([0.5, "", "EUR", "euro", "bet", "R2", "gold", "global", [], ["EUR"], ["EUR", "EUR"], ["bet"], {}]),
    st.lists(st.sampled_from([*(each.value for each in Capability), "EUR", "USDT", "eur", "teleport", 7])),
)
CHANGES = st.dictionaries(st.sampled_from([*schema()["properties"], "surprise"]), ODD_VALUES, max_size=4)
FORGOTTEN = st.sets(st.sampled_from(sorted(GOOD)), max_size=1)

BEYOND_A_SCHEMA = ("name must be the folder's name", "margin_ms must be below provider_timeout_ms")


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    written = json.loads((FOLDER / "_kit" / "manifest.schema.json").read_text())
    assert written == schema()


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_manifest_names_the_schema_and_holds_it(folder: Path) -> None:
    text = (folder / "manifest.toml").read_text()
    named = text.splitlines()[0].removeprefix("#:schema ")
    assert (folder / named).resolve() == (FOLDER / "_kit" / "manifest.schema.json").resolve()
    VALIDATOR.validate(tomllib.loads(text))


@given(changes=CHANGES, forgotten=FORGOTTEN)
def test_the_schema_and_the_reader_say_the_same_of_any_manifest(changes: dict[str, Any], forgotten: set[str]) -> None:
    content = {key: value for key, value in {**GOOD, **changes}.items() if key not in forgotten}
    assert VALIDATOR.is_valid(content) == is_read(content), content


def is_read(content: dict[str, Any]) -> bool:
    """Whether the reader takes it, but for what no schema can say."""
    try:
        manifest.parse(content, "hub88_style")
    except ManifestError as error:
        problems = str(error).partition(": ")[2].split("; ")
        return all(any(problem.startswith(known) for known in BEYOND_A_SCHEMA) for problem in problems)
    return True


def test_every_key_is_explained() -> None:
    told = schema()["properties"]
    assert [key for key, shape in told.items() if "description" not in shape] == []
