"""The digest is that of the format, byte for byte."""

from __future__ import annotations

from mesh.verify.chain import canonical
from mesh.verify.tables import Transfer
from tests.unit.mesh_verify.bookkeeper import good_world


def test_an_entry_is_a_json_array_of_28_elements_in_the_order_of_the_format() -> None:
    entry = good_world().transfers[2]
    assert canonical(entry) == (
        b'[3,3,2,1027,5,2,"win-1","00ff",1,7,50,13315,10243,50,"-20","120",120,"r-1",null,null,"bet-1",'
        b'null,null,null,"{\\"close\\":true}",null,null,1700000000000003]'
    )  # fmt: skip
    assert len(Transfer._fields) - 1 == 28


def test_only_quotes_backslashes_and_control_characters_are_escaped() -> None:
    entry = good_world().transfers[0]._replace(game='é/"\\\n\x01😀')
    assert '"é/\\"\\\\\\n\\u0001😀"'.encode() in canonical(entry)
