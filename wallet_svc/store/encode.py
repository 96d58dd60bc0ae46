"""Batches as the arrays of `commit_batches`."""

from collections.abc import Sequence

from mesh.arrays import Columns, blobs, column, flags, numbers, texts
from wallet_svc.domain import law, owing
from wallet_svc.domain.digest import COLUMNS
from wallet_svc.domain.journal import Batch
from wallet_svc.domain.state import Account, Player, Round
from wallet_svc.domain.vocabulary import RoundState


def parameters(batches: Sequence[Batch], digests: Sequence[bytes], writer: str) -> Columns:
    """Everything one commit writes, over all its shards. Parts that have nothing to write are left out."""
    return {
        "writer": writer,
        **_heads(batches, digests),
        **_entries(batches),
        **_players(batches),
        **_accounts(batches),
        **_rounds(batches),
        **_holds(batches),
        **_plays(batches),
        **_calls(batches),
    }


def _heads(batches: Sequence[Batch], digests: Sequence[bytes]) -> Columns:
    heads = [batch.book.head for batch in batches]
    return {
        "shard_id": numbers(head.shard for head in heads),
        "decided_on": blobs(head.digest for head in heads),
        "registry_version": numbers(head.registry_version for head in heads),
        "digest": blobs(digests),
        "root": blobs(batch.seal().root for batch in batches),
        "frontier": blobs(batch.seal().frontier for batch in batches),
        "first_sequence": numbers(head.next_sequence for head in heads),
        "count": numbers(len(batch.entries) for batch in batches),
        "next_id": numbers(batch.next_id for batch in batches),
        "batch_us": numbers(batch.now_us for batch in batches),
    }


def _entries(batches: Sequence[Batch]) -> Columns:
    rows = [row for batch in batches for row in batch.rows]
    found: Columns = {
        f"t_{name}": column(values) for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True)
    }
    # The batch has it.
    del found["t_recorded_us"]
    found["t_request_id"] = column([entry.request_id for batch in batches for entry in batch.entries])
    return found


def _players(batches: Sequence[Batch]) -> Columns:
    changed = [player for batch in batches for player in batch.players.values()]
    new = [player for player in changed if player.new]
    old = [player for player in changed if not player.new]
    found: Columns = {}
    if new:
        found |= _new_players(new)
    if old:
        found |= _changed_players(old)
    return found


def _new_players(new: list[Player]) -> Columns:
    return {
        "p_id": numbers(player.id for player in new),
        "p_licensee": numbers(player.licensee.id for player in new),
        "p_name": texts(player.name for player in new),
        "p_pack": texts(player.pack for player in new),
        "p_born": texts(player.born_on for player in new),
        "p_asset": numbers(player.main.id if player.main else None for player in new),
        "p_blocked": flags(player.blocked for player in new),
        "p_protection": texts(law.protection_text(player) for player in new),
        "p_mirror": texts(owing.text_of(player.mirror) for player in new),
        "p_register": texts(player.register for player in new),
        "p_person": texts(player.person for player in new),
    }


def _changed_players(old: list[Player]) -> Columns:
    return {
        "q_id": numbers(player.id for player in old),
        "q_pack": texts(player.pack for player in old),
        "q_born": texts(player.born_on for player in old),
        "q_blocked": flags(player.blocked for player in old),
        "q_protection": texts(law.protection_text(player) for player in old),
        "q_mirror": texts(owing.text_of(player.mirror) for player in old),
        "q_register": texts(player.register for player in old),
        "q_person": texts(player.person for player in old),
        "q_asset": numbers(player.main.id if player.main else None for player in old),
    }


def _accounts(batches: Sequence[Batch]) -> Columns:
    touched = [(batch, moved) for batch in batches for moved in batch.accounts.values()]
    new = [(batch, moved.account) for batch, moved in touched if moved.account.new]
    old = [moved for _, moved in touched if not moved.account.new]
    found = _new_accounts(new) if new else {}
    standings = {id_: standing for batch in batches for id_, standing in batch.standings.items()}
    if standings:
        changed = [standings.get(moved.account.id) for moved in old]
        found |= {
            "z_id": numbers([moved.account.id for moved in old]),
            "z_debits": numbers([moved.debited for moved in old]),
            "z_credits": numbers([moved.credited for moved in old]),
            "z_standing": numbers([None if standing is None else standing.value for standing in changed]),
        }
    elif old:
        found |= {
            "a_id": column([moved.account.id for moved in old]),
            "a_debits": numbers([moved.debited for moved in old]),
            "a_credits": numbers([moved.credited for moved in old]),
        }
    return found


def _new_accounts(new: list[tuple[Batch, Account]]) -> Columns:
    return {
        "n_id": numbers(account.id for _, account in new),
        "n_licensee": numbers(batch.owners[account.id][0] for batch, account in new),
        "n_player": numbers(batch.owners[account.id][1] for batch, account in new),
        "n_shard": numbers(batch.book.head.shard for batch, _ in new),
        "n_asset": numbers(account.name.asset_id for _, account in new),
        "n_exponent": numbers(batch.registry.assets_by_id[account.name.asset_id].exponent for batch, account in new),
        "n_class": numbers(account.name.account_class.value for _, account in new),
        "n_source": numbers(account.name.source_id for _, account in new),
        "n_debits": numbers(account.debits for _, account in new),
        "n_credits": numbers(account.credits for _, account in new),
        "n_standing": numbers(batch.standing_of(account) for batch, account in new),
    }


def _rounds(batches: Sequence[Batch]) -> Columns:
    touched = [item for batch in batches for item in batch.rounds.values()]
    new = [item for item in touched if item[1].new]
    closed = [item for item in touched if not item[1].new and item[1].state is RoundState.CLOSED]
    found = _new_rounds(new) if new else {}
    if closed:
        found |= {
            "c_player": numbers([player for player, _ in closed]),
            "c_source": numbers([round_.source_id for _, round_ in closed]),
            "c_name": texts([round_.name for _, round_ in closed]),
            "c_closed": numbers([round_.closed_us for _, round_ in closed]),
        }
    return found


def _new_rounds(new: list[tuple[int, Round]]) -> Columns:
    return {
        "r_player": numbers([player for player, _ in new]),
        "r_source": numbers([round_.source_id for _, round_ in new]),
        "r_name": texts([round_.name for _, round_ in new]),
        "r_asset": numbers([round_.asset.id for _, round_ in new]),
        "r_sequence": numbers([round_.opened_sequence for _, round_ in new]),
        "r_opened": numbers([round_.opened_us for _, round_ in new]),
        "r_closed": numbers([round_.closed_us for _, round_ in new]),
        "r_state": numbers([round_.state.value for _, round_ in new]),
        "r_idle": numbers([round_.idle_us for _, round_ in new]),
    }


def _holds(batches: Sequence[Batch]) -> Columns:
    kept = [item for batch in batches for item in batch.holds.values()]
    if not kept:
        return {}
    return {
        "h_player": numbers(player for player, _ in kept),
        "h_source": numbers(hold.source_id for _, hold in kept),
        "h_key": texts(hold.key for _, hold in kept),
        "h_asset": numbers(hold.asset.id for _, hold in kept),
        "h_amount": numbers(hold.amount for _, hold in kept),
        "h_captured": numbers(hold.captured for _, hold in kept),
        "h_released": numbers(hold.released for _, hold in kept),
        "h_state": numbers(hold.state.value for _, hold in kept),
        "h_expires": numbers(hold.expires_us for _, hold in kept),
        "h_asked": numbers(hold.at_us for _, hold in kept),
        "h_tolerance": numbers(hold.tolerance for _, hold in kept),
        "h_beyond": numbers(hold.beyond for _, hold in kept),
        "h_aside": flags(hold.aside for _, hold in kept),
    }


def _plays(batches: Sequence[Batch]) -> Columns:
    kept = [item for batch in batches for item in batch.plays.values()]
    if not kept:
        return {}
    return {
        "s_session": texts(play.session for _, play in kept),
        "s_player": numbers(player.id for player, _ in kept),
        "s_source": numbers(play.source_id for _, play in kept),
        "s_asset": numbers(play.asset.id for _, play in kept),
        "s_game": texts(play.game for _, play in kept),
        "s_state": numbers(play.state.value for _, play in kept),
        "s_expires": numbers(play.expires_us for _, play in kept),
        "s_permit": texts(law.permit_text(play) for _, play in kept),
    }


def _calls(batches: Sequence[Batch]) -> Columns:
    """What licensees' own wallets have to hear, and have heard. Nothing of this for those that have none."""
    found: Columns = {}
    # What is due and over in one flight is never written: a statement does not delete what it inserts.
    new = [call for batch in batches for call in batch.new_calls if call[0].sequence not in batch.ended_calls]
    if new:
        found |= {
            "l_sequence": numbers(entry.sequence for entry, _ in new),
            "l_player": numbers(entry.player_id for entry, _ in new),
            "l_licensee": numbers(entry.licensee_id for entry, _ in new),
            "l_kind": numbers(owing.call_kind(entry).value for entry, _ in new),
            "l_due": numbers(due_us for _, due_us in new),
        }
    for letter, places in (
        ("e", [(batch.book.head.shard, sequence) for batch in batches for sequence in batch.ended_calls]),
        ("f", [(batch.book.head.shard, sequence) for batch in batches for sequence in batch.stuck_calls]),
    ):
        if places:
            found[f"{letter}_shard"] = numbers(shard for shard, _ in places)
            found[f"{letter}_sequence"] = numbers(sequence for _, sequence in places)
    return found
