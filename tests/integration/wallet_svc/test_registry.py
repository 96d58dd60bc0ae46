"""The registry: a change holds for everything that commits after it was answered, in every process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest

from tests.integration.wallet_svc.ledger import CASHIER, LICENSEE, PLATFORM, PROVIDER, Ledger, Wallet, bet, money, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.state import ProviderFlags
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.errors import AssetInUseError, LicenseeNotFoundError
from wallet_svc.store.registry import Papers


async def outcome(wallet: Wallet, key: str, action: c.Action, player: str = "alice") -> Outcome:
    return (await wallet.do(player, key, action)).entry.outcome


async def switch(ledger: Ledger, *, enabled: bool, licensee: str = LICENSEE) -> None:
    await ledger.registry.put_games(licensee, PROVIDER, [("g1", "live", enabled)])


async def test_a_game_that_was_switched_off_takes_no_bet_in_any_process(ledger: Ledger) -> None:
    wallets = [await ledger.wallet(), await ledger.wallet()]
    await wallets[0].player()
    for number in range(10):
        for wallet in wallets:
            assert await outcome(wallet, f"on{number}{id(wallet)}", bet("0.10", "r1")) is Outcome.OK
        await switch(ledger, enabled=False)
        for wallet in wallets:
            assert await outcome(wallet, f"off{number}{id(wallet)}", bet("0.10", "r1")) is Outcome.GAME_NOT_AVAILABLE
        await switch(ledger, enabled=True)


async def test_under_load_no_bet_is_committed_after_the_switch(ledger: Ledger) -> None:
    wallets = [await ledger.wallet(), await ledger.wallet()]
    await wallets[0].player()
    sent = 0
    stop = asyncio.Event()

    async def play(wallet: Wallet) -> None:
        nonlocal sent
        while not stop.is_set():
            sent += 1
            await wallet.do("alice", f"b{sent}", bet("0.01", "r1"))

    async def more(number: int) -> None:
        """Wait for so many further bets."""
        wanted = sent + number
        async with asyncio.timeout(60):
            while sent < wanted:
                await asyncio.sleep(0.005)

    players = [asyncio.create_task(play(wallet)) for wallet in wallets for _ in range(4)]
    await more(30)
    await switch(ledger, enabled=False)
    switched = ledger.value("SELECT max(next_sequence) FROM shard WHERE id = %s", ledger.shard())
    await more(30)
    stop.set()
    await asyncio.gather(*players)
    after = ledger.rows(
        "SELECT DISTINCT outcome FROM transfer WHERE shard = %s AND sequence >= %s AND kind = 1",
        ledger.shard(),
        switched,
    )
    assert after == [(Outcome.GAME_NOT_AVAILABLE,)]


async def test_what_was_registered_a_moment_ago_is_known_at_once(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    await ledger.registry.put_provider(LICENSEE, "zenith", ProviderFlags())
    play = c.OpenPlay(session="z", provider="zenith", currency="EUR")
    await wallet.must("alice", "play z", play, source=PLATFORM)
    await ledger.register("zephyr")
    wallet.licensee = "zephyr"
    await wallet.player("alice", cash="1.00")


async def test_flags_of_a_provider_hold_from_now_on(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    assert await outcome(wallet, "w1", win("1.00", "r1")) is Outcome.ORIGINAL_NOT_FOUND
    await ledger.put_provider(win_without_bet=True)
    assert await outcome(wallet, "w2", win("1.00", "r1")) is Outcome.OK
    await ledger.put_provider(late_win_window_us=1_000_000)
    await wallet.must("alice", "b1", bet("1.00", "r2", close=True))
    assert await outcome(wallet, "w3", win("1.00", "r2")) is Outcome.OK


async def test_a_suspended_licensee_takes_no_stake_and_still_pays(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    await wallet.must("alice", "b1", bet("1.00", "r1"))
    change = {"name": LICENSEE, "default_pack": "sandbox", "stake_order": 1, "shortfall": 1}
    await ledger.registry.put_licensee(**change, suspended=True, thresholds=[])  # type: ignore[arg-type]
    assert await outcome(wallet, "b2", bet("1.00", "r2")) is Outcome.COMPLIANCE_DENIED
    assert await outcome(wallet, "w1", win("5.00", "r1")) is Outcome.OK
    await ledger.registry.put_licensee(**change, suspended=False, thresholds=[])  # type: ignore[arg-type]
    assert await outcome(wallet, "b3", bet("1.00", "r3")) is Outcome.OK


async def test_an_exponent_can_be_set_until_somebody_has_an_account(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await ledger.registry.put_asset(LICENSEE, "EUR", 4)
    await ledger.registry.put_asset(LICENSEE, "EUR", 3)
    await wallet.must("alice", "open", c.OpenAccount(currency="EUR"), source=CASHIER)
    with pytest.raises(AssetInUseError):
        await ledger.registry.put_asset(LICENSEE, "EUR", 2)
    await ledger.registry.put_asset(LICENSEE, "EUR", 3)
    await wallet.must("alice", "d1", c.Deposit(money=money("0.001")), source=CASHIER)
    assert ledger.cash() == 1


async def test_a_licensee_has_assets_of_its_own(ledger: Ledger) -> None:
    await ledger.register("zephyr")
    await ledger.registry.put_asset("zephyr", "EUR", 4)
    wallet = await ledger.wallet()
    await wallet.player()
    wallet.licensee = "zephyr"
    await wallet.must("zoe", "open", c.OpenAccount(currency="EUR"), source=CASHIER)
    await wallet.must("zoe", "d1", c.Deposit(money=money("0.0001")), source=CASHIER)
    assert (ledger.cash("alice"), ledger.cash("zoe")) == (100_00, 1)


async def test_an_unknown_licensee_cannot_be_given_anything(ledger: Ledger) -> None:
    for call in (
        ledger.registry.put_asset("nobody", "EUR", 2),
        ledger.put_provider("nobody"),
        ledger.registry.put_games("nobody", PROVIDER, [("g1", "live", True)]),
    ):
        with pytest.raises(LicenseeNotFoundError):
            await call


async def test_registering_again_uses_up_no_ids(ledger: Ledger) -> None:
    """Ids of sources and licensees are 16 bits; catalogs are sent again and again."""
    before = used_ids(ledger)
    for _ in range(3):
        await ledger.register()
        await ledger.registry.put_games("", PROVIDER, [("g1", "live", True)])
    assert used_ids(ledger) == before


def used_ids(ledger: Ledger) -> list[int]:
    with psycopg.connect(ledger.database.owner_url) as connection:
        return [
            connection.execute(f"SELECT last_value FROM {table}_id_seq".encode()).fetchall()[0][0]  # noqa: S608 - our own names
            for table in ("source", "licensee", "asset")
        ]


async def test_changes_at_the_same_time_take_turns(ledger: Ledger) -> None:
    before = ledger.value("SELECT max(registry_version) FROM shard")
    await asyncio.gather(*[ledger.registry.put_games("", f"p{n}", [("g1", "live", True)]) for n in range(8)])
    assert ledger.rows("SELECT DISTINCT registry_version FROM shard") == [(before + 8,)]
    assert ledger.value("SELECT count(*) FROM source WHERE name LIKE 'p_'") == 8


async def test_a_wallet_that_read_the_registry_long_ago_serves_a_player_in_a_new_currency(ledger: Ledger) -> None:
    """It knows neither the currency nor that the log went on, and finds both in what it reads."""
    new, old, older = [await ledger.wallet() for _ in range(3)]
    await new.player()
    for number, wallet in enumerate((old, older)):
        await wallet.must("alice", f"b{number}", bet("1.00", "r0"))
    zed = next(f"z{number}" for number in range(99) if ledger.shard(f"z{number}") == ledger.shard())
    await ledger.registry.put_asset(LICENSEE, "XTS", 3)
    await new.must(zed, "open", c.OpenAccount(currency="XTS"), source=CASHIER)
    await new.must(zed, "d1", c.Deposit(money=money("1", "XTS")), source=CASHIER)
    await new.must(zed, "play", c.OpenPlay(session="s", provider=PROVIDER, currency="XTS"), source=PLATFORM)
    await new.must(zed, "b1", bet("", "r1", money=money("0.001", "XTS")))
    await old.must(zed, "c1", c.Cancel(bet_key="b1"))
    await older.must(zed, "b2", bet("", "r2", money=money("0.001", "XTS")))


async def test_papers_are_written_down_when_they_change_and_not_when_they_are_shown_again(ledger: Ledger) -> None:
    shown = Papers(build="b1", certified_builds=("b1",), progressive=False, certificate="house-1", return_ppm=960_000)
    for moment, papers in ((10, shown), (20, shown), (30, replace(shown, build="b2"))):
        await ledger.registry.put_games("", PROVIDER, [("g9", "slot", True)], [("g9", papers)], now_us=moment)
    rows = await ledger.registry.game_papers(0, 1000)
    mine = [row for row in rows if row[3] == "g9"]
    assert [(row[1], row[2], row[4], row[5], row[8], row[9]) for row in mine] == [
        ("", PROVIDER, 10, "b1", "house-1", 960_000),
        ("", PROVIDER, 30, "b2", "house-1", 960_000),
    ]
    assert await ledger.registry.game_papers(mine[0][0], 1) == [mine[1]]


async def test_the_level_of_a_provider_is_what_its_account_says(ledger: Ledger) -> None:
    for level in (1, 3):
        await ledger.registry.put_provider(LICENSEE, "level_style", ProviderFlags(), level)
        assert (LICENSEE, "level_style", level) in await ledger.registry.provider_accounts()
