"""Games on offer, for tests of the cast."""

from __future__ import annotations

from typing import Final

from pitboss_demo.cast import Games
from pitboss_sdk import Category

GAMES: Final[Games] = {
    "both_style": {
        Category.LIVE: ("wheel", "roulette"),
        Category.SLOT: ("fruit", "pyramid"),
        Category.TABLE: ("cards",),
    },
    "slots_style": {Category.SLOT: ("comet",)},
    "tables_style": {Category.LIVE: ("baccarat",), Category.TABLE: ("dice",)},
}
