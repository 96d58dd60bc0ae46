"""The batch under way: positions, postings, ids, and what has to be written."""

from tests.unit.wallet_svc.world import (
    CASHIER,
    LICENSEE,
    PLATFORM,
    PROVIDER,
    SOURCES,
    START,
    Table,
    bet,
    cancel,
    money,
    registry,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.decide import decide
from wallet_svc.domain.digest import GENESIS
from wallet_svc.domain.journal import ID_STRIDE, Batch, Book, Head
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass, HoldState, Kind, Outcome, PlayState, RoundState


def batch_of(made: Table, *items: tuple[str, c.Action], source: str = PROVIDER) -> Batch:
    """A batch that is decided and not committed."""
    batch = Batch.on(made.book, made.registry, made.now_us)
    for key, action in items:
        command = c.Command(LICENSEE, source, "alice", key, action)
        batch.append(made.player(), decide(made.player(), command, made.registry, made.now_us))
    return batch


def test_sequences_run_from_one_without_gaps() -> None:
    made = table()
    for number in range(5):
        made.do(f"b{number}", bet("1.00"))
    assert [entry.sequence for entry in made.log] == list(range(1, len(made.log) + 1))


def test_entries_of_one_answer_are_one_operation() -> None:
    made = table()
    batch = batch_of(made, ("c1", cancel("b1")), ("b2", bet()))
    first = made.book.head.next_sequence
    assert [entry.operation for entry in batch.entries] == [first, first, first + 2]


def test_ids_name_their_shard() -> None:
    made = Table(book=Book(Head(5, 1, 1, GENESIS, 1)))
    made.do("open", c.OpenAccount(currency="EUR"), source=CASHIER)
    made.do("d1", c.Deposit(money=money("1.00")), source=CASHIER)
    accounts = [*made.player().accounts.values(), *made.book.house.values()]
    ids = [made.player().id, *[account.id for account in accounts]]
    assert [number % ID_STRIDE for number in ids] == [5] * len(ids)
    assert len(set(ids)) == len(ids)


def test_every_posting_has_two_sides_and_the_balances_after_it() -> None:
    made = table()
    entry = made.do("b1", bet("10.00")).entry
    house = made.book.house[1, entry.credit or made.player().accounts.popitem()[0]]
    assert (entry.debit_id, entry.debit_after) == (made.player().accounts[entry.debit].id, 90_00)  # type: ignore[index]
    assert (entry.credit_id, entry.credit_after) == (house.id, 10_00)


def test_an_account_that_moves_twice_is_written_once_with_its_sums() -> None:
    made = table()
    batch = batch_of(made, ("b1", bet("10.00")), ("w1", win("4.00")), ("b2", bet("1.00")))
    sums = {one.account.name.account_class: (one.debited, one.credited) for one in batch.accounts.values()}
    assert sums == {AccountClass.CASH: (11_00, 4_00), AccountClass.GAMING: (4_00, 11_00)}


def test_a_new_account_is_new_until_it_is_committed() -> None:
    made = table()
    batch = batch_of(made, ("h1", c.Hold(money=money("5.00"))), source=CASHIER)
    held = made.player().accounts[next(name for name in made.player().accounts if name.account_class == 2)]
    assert (held.new, batch.owners[held.id]) == (True, (1, made.player().id))
    batch.committed(batch.digest())
    assert not held.new


def test_a_round_is_written_when_it_opens_and_when_it_closes() -> None:
    made = table()
    assert len(batch_of(made, ("b1", bet())).rounds) == 1
    made = table()
    made.do("b1", bet())
    made.later(1)
    assert not batch_of(made, ("b2", bet()), ("w1", win())).rounds
    made.later(1)
    ((_, round_),) = batch_of(made, ("", c.CloseRound(round="r1"))).rounds.values()
    assert (round_.new, round_.state) == (False, RoundState.CLOSED)


def test_a_hold_is_written_with_everything_that_happened_to_it() -> None:
    made = table()
    items = (("h1", c.Hold(money=money("5.00"))), ("k1", c.Capture(hold_key="h1", money=money("2.00"))))
    batch = batch_of(made, *items, ("r1", c.Release(hold_key="h1")), source=CASHIER)
    ((_, held),) = batch.holds.values()
    assert (held.captured, held.released, held.state) == (2_00, 3_00, HoldState.RELEASED)


def test_sessions_and_standing_are_written_when_they_change() -> None:
    made = table()
    batch = batch_of(made, ("e", c.EndPlay(session="s", end=PlayState.CLOSED)), source=PLATFORM)
    assert [play.session for _, play in batch.plays.values()] == ["s"]
    assert not batch.players
    assert list(batch_of(made, ("k", c.SetBlock(blocked=True)), source=PLATFORM).players) == [made.player().id]


def test_a_refusal_is_written_and_moves_nothing() -> None:
    made = table()
    batch = batch_of(made, ("b1", bet("500.00")))
    assert [entry.outcome for entry in batch.entries] == [Outcome.INSUFFICIENT_FUNDS]
    assert not batch.accounts
    assert not batch.rounds
    assert batch.entries[0].available == 100_00


def test_a_replay_writes_nothing() -> None:
    made = table()
    made.do("b1", bet())
    batch = batch_of(made, ("b1", bet()))
    assert not batch.entries


def test_after_the_commit_the_head_is_where_the_batch_ended() -> None:
    made = table()
    before = made.book.head
    batch = batch_of(made, ("b1", bet()), ("w1", win()))
    digest = batch.digest()
    batch.committed(digest)
    head = made.book.head
    assert (head.next_sequence, head.digest) == (before.next_sequence + 2, digest)
    assert (head.registry_version, head.next_id) == (before.registry_version, batch.next_id)


def test_a_new_player_exists_from_its_first_entry_on() -> None:
    book = Book(Head(0, 1, 1, GENESIS, 1), missing={(LICENSEE, "bob")})
    batch = Batch.on(book, registry(), START)
    bob = batch.new_player(batch.registry.licensees[LICENSEE], "bob")
    assert not book.players
    entry = Entry(Kind.SET_BLOCK, SOURCES[PLATFORM], "k", Outcome.OK, details={"blocked": True})
    batch.append(bob, Decided(entry, (entry,)))
    assert (book.players[LICENSEE, "bob"], book.missing) == (bob, set())
    assert bob.new
