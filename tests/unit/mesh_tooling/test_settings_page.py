"""The page of settings says what the classes say."""

from __future__ import annotations

from mesh.settings import Variable, describe
from mesh.tooling.settings_page import page, row
from wallet_svc.config import WalletSettings


def variable(*, required: bool = False, default: str = "") -> Variable:
    return Variable(name="PITBOSS_PORT", required=required, default=default, help="Where to listen.")


def test_a_variable_without_a_default_is_required() -> None:
    assert row(variable(required=True)) == "| `PITBOSS_PORT` | **required** | Where to listen. |"


def test_defaults_are_written_as_an_environment_writes_them() -> None:
    cells = [row(variable(default=text)).split(" | ")[1] for text in ("", "None", "False", "True", "5.0")]
    assert cells == ["", "", "`0`", "`1`", "`5.0`"]


def test_every_variable_of_a_process_stands_on_the_page() -> None:
    text = "\n".join(page())
    assert all(f"| `{each.name}` |" in text for each in describe(WalletSettings))


def test_what_all_processes_share_is_said_once() -> None:
    assert "\n".join(page()).count("`PITBOSS_DRAIN_SECONDS`") == 1
