"""What the documentation shows is executed, in the order in which it is read, against one running mesh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.dev.paths import ROOT
from tests.integration.docs.page import Block, PageError, blocks
from tests.integration.docs.reader import Reader

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted((DOCS / "compliance").glob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
TYPED = [block for block in BLOCKS if block.kind != "sh up"]
SAID = "```text output\n{}```\n"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("reader"))
    (start,) = [block for block in BLOCKS if block.kind == "sh up"]
    started = reader.does(start)
    assert started.returncode == 0, started.stdout
    yield reader
    stopped = reader.does(Block(page=start.page, line=0, kind="sh run", code="make down"))
    assert stopped.returncode == 0, stopped.stdout


@pytest.mark.parametrize("block", TYPED, ids=lambda block: f"{block.page.name}:{block.line}")
def test_a_block_does_what_the_page_says(reader: Reader, block: Block) -> None:
    done = reader.does(block)
    assert done.returncode == 0, done.stdout
    assert block.prints(done.stdout), f"the page says:\n{block.output}\nit printed:\n{done.stdout}"


def test_the_first_page_has_something_to_type() -> None:
    assert {"README.md", "operations.md", "security.md"} <= {block.page.name for block in TYPED}


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_a_block_that_fails_or_prints_something_else_is_noticed(tmp_path: Path) -> None:
    text = "```sh run\nNAME=pitboss\necho $NAME 7\n```\n" + SAID.format("pitboss 8\n") + "```sh run\nfalse\ntrue\n```\n"
    first, second = blocks(page(tmp_path, text))
    reader = Reader(tmp_path)
    assert not first.prints(reader.does(first).stdout)
    assert reader.does(second).returncode != 0


def test_variables_live_on_and_dots_stand_for_anything(tmp_path: Path) -> None:
    text = "```sh run\nNAME=pitboss\n```\n```python run\nimport os\nprint('it is', os.environ['NAME'], 7)\n```\n"
    first, second = blocks(page(tmp_path, text + SAID.format("it is pitboss ...\n")))
    reader = Reader(tmp_path)
    assert reader.does(first).returncode == 0
    assert second.prints(reader.does(second).stdout)


def test_blocks_without_a_mark_are_only_read_and_a_wrong_mark_is_an_error(tmp_path: Path) -> None:
    assert blocks(page(tmp_path, "```sh\nrm -rf /\n```\n")) == []
    with pytest.raises(PageError, match="sh rnu"):
        blocks(page(tmp_path, "```sh rnu\ntrue\n```\n"))
    with pytest.raises(PageError, match="no block before"):
        blocks(page(tmp_path, SAID.format("1\n")))
