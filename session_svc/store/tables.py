"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from session_svc.domain.states import ATTEMPT_FAILED, State, is_final

metadata = sa.MetaData()


def _text(name: str, *, default: bool = False) -> sa.Column[str]:
    # The C collation compares bytes: the same order everywhere, for ever.
    return sa.Column(name, sa.Text(collation="C"), nullable=False, server_default="" if default else None)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _listed(states: Iterable[State]) -> str:
    return ", ".join(f"'{state}'" for state in states)


session = sa.Table(
    "session",
    metadata,
    sa.Column("session_id", sa.Uuid(as_uuid=False), primary_key=True),
    _text("licensee"),
    _text("client_key"),
    _text("player_id"),
    _text("provider"),
    _text("game_id"),
    _text("currency"),
    _text("language"),
    _text("country"),
    _text("device"),
    _text("lobby_url"),
    _text("state"),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("changed_at"),
    _moment("ended_at", nullable=True),
    _text("end_reason", default=True),
    _text("jurisdiction", default=True),
    sa.Column("opened_shard", sa.Integer),
    sa.Column("opened_sequence", sa.BigInteger),
    sa.Column(
        "launched_as", sa.BigInteger, comment="Number of the change that made it active: orders a player's launches."
    ),
    _moment("activity_since", nullable=True),
    sa.Column("check_every_s", sa.Integer),
    _text("spend_limit", default=True),
    sa.Column("seconds_limit", sa.Integer),
    sa.Column("token_digest", BYTEA, nullable=False),
    sa.Column("token_sealed", BYTEA, nullable=False),
    sa.Column("url_sealed", BYTEA),
    sa.CheckConstraint(f"state IN ({_listed(State)})", name="session_state_known"),
    sa.CheckConstraint("(state = 'active') <= (launched_as IS NOT NULL)", name="session_active_was_launched"),
    sa.Index("session_of_token", "token_digest", unique=True),
    sa.Index(
        "session_one_live_attempt",
        "licensee",
        "client_key",
        unique=True,
        postgresql_where=sa.text(f"state NOT IN ({_listed(sorted(ATTEMPT_FAILED))})"),
    ),
    sa.Index("session_attempts", "licensee", "client_key", "session_id"),
    sa.Index(
        "session_one_active",
        "licensee",
        "player_id",
        "provider",
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    ),
    sa.Index("session_of_player", "licensee", "player_id", "provider", "launched_as"),
    sa.Index("session_due", "expires_at", postgresql_where=sa.text("state = 'active'")),
    sa.Index(
        "session_to_be_left",
        "activity_since",
        postgresql_where=sa.text(
            f"activity_since IS NOT NULL AND state IN ({_listed(sorted(filter(is_final, State)))})"
        ),
    ),
    sa.Index(
        "session_out_of_time",
        "changed_at",
        postgresql_where=sa.text("state = 'active' AND seconds_limit IS NOT NULL"),
    ),
    sa.Index(
        "session_unfinished",
        "changed_at",
        postgresql_where=sa.text("state IN ('opening', 'closing', 'replacing', 'failing')"),
    ),
)

token_swap = sa.Table(
    "token_swap",
    metadata,
    sa.Column("launch_digest", BYTEA, primary_key=True),
    sa.Column("session_id", sa.Uuid(as_uuid=False), sa.ForeignKey("session.session_id"), nullable=False),
    sa.Column("play_digest", BYTEA, nullable=False),
    sa.Column("play_sealed", BYTEA, nullable=False),
    _text("swap_key"),
    _moment("swapped_at"),
    _moment("ends_at"),
    sa.CheckConstraint("ends_at >= swapped_at", name="token_swap_ends_after_it_began"),
    sa.Index("token_swap_of_play", "play_digest", unique=True),
    comment="Launch tokens that were swapped, once each, and what for. Nothing here ever changes.",
)

token_relaunch = sa.Table(
    "token_relaunch",
    metadata,
    sa.Column("replaces", BYTEA, sa.ForeignKey("token_swap.launch_digest"), primary_key=True),
    sa.Column("session_id", sa.Uuid(as_uuid=False), sa.ForeignKey("session.session_id"), nullable=False),
    sa.Column("launch_digest", BYTEA, nullable=False),
    sa.Column("launch_sealed", BYTEA, nullable=False),
    sa.Index("token_relaunch_of_token", "launch_digest", unique=True),
    sa.Index("token_relaunch_of_session", "session_id"),
    comment="What a session is launched with again, after its launch token was swapped. Nothing here ever changes.",
)

demo_session = sa.Table(
    "demo_session",
    metadata,
    sa.Column("session_id", sa.Uuid(as_uuid=False), primary_key=True),
    *(
        _text(name)
        for name in (
            *("licensee", "client_key", "player_id", "provider", "game_id", "currency"),
            *("language", "country", "device", "lobby_url", "pack"),
        )
    ),
    _moment("created_at"),
    sa.Column("token_digest", BYTEA, nullable=False),
    sa.Column("token_sealed", BYTEA, nullable=False),
    sa.Column("url_sealed", BYTEA),
    sa.Index("demo_session_of_key", "licensee", "client_key", unique=True),
    sa.Index("demo_session_of_token", "token_digest", unique=True),
    comment="Play for play money, by which pack it was allowed. The ledger has nothing of it.",
)

head = sa.Table(
    "licensee_head",
    metadata,
    sa.Column("licensee", sa.Text(collation="C"), primary_key=True),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    comment="The newest change of each licensee. Whoever writes a change holds this row until the commit.",
)

change = sa.Table(
    "session_change",
    metadata,
    sa.Column("licensee", sa.Text(collation="C"), primary_key=True),
    sa.Column("cursor", sa.BigInteger, primary_key=True),
    sa.Column("session_id", sa.Uuid(as_uuid=False), sa.ForeignKey("session.session_id"), nullable=False),
    _text("player_id"),
    _text("state"),
    _moment("ended_at", nullable=True),
    sa.CheckConstraint("cursor > 0", name="session_change_counts_from_one"),
    sa.Index("session_change_of_player", "licensee", "player_id", "cursor"),
    comment="What licensees can see of their sessions, in commit order and without gaps.",
)

exclusion = sa.Table(
    "player_exclusion",
    metadata,
    sa.Column("licensee", sa.Text(collation="C"), primary_key=True),
    sa.Column("player_id", sa.Text(collation="C"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    comment="By what the law ended all sessions of a player last: those that were opened before it are over.",
)

feed = sa.Table(
    "feed_cursor",
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

free_round_grant = sa.Table(
    "free_round_grant",
    metadata,
    sa.Column("grant_id", sa.Uuid(as_uuid=False), primary_key=True),
    _text("licensee"),
    _text("client_key"),
    _text("player_id"),
    _text("provider"),
    sa.Column("game_ids", ARRAY(sa.Text), nullable=False),
    sa.Column("rounds", sa.Integer, nullable=False),
    sa.Column("bet", sa.Numeric, nullable=False),
    _text("currency"),
    _moment("expires_at"),
    _text("state"),
    _moment("created_at"),
    _moment("ended_at", nullable=True),
    _text("reference", default=True),
    _text("refusal", default=True),
    sa.Column("bonus_buy", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("max_winnings", sa.Numeric, comment="The grant is a voucher, and pays no more. Null: free rounds."),
    sa.Index("free_round_grant_of_key", "licensee", "client_key", unique=True),
    sa.Index("free_round_grant_newest", "licensee", "grant_id"),
    sa.Index("free_round_grant_of_player", "licensee", "player_id", "grant_id"),
    sa.Index("free_round_grant_of_provider", "provider", "created_at"),
)

game = sa.Table(
    "game",
    metadata,
    sa.Column("provider", sa.Text(collation="C"), primary_key=True),
    sa.Column("game_id", sa.Text(collation="C"), primary_key=True),
    _text("title"),
    _text("category"),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("currencies", ARRAY(sa.Text), nullable=False),
    sa.Column("registered", sa.Boolean, nullable=False, comment="The ledger knows the game as it is here."),
    sa.Column("refused_countries", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("return_ppm", sa.Integer, nullable=False, server_default=sa.text("0"), comment="0: not told."),
    sa.Column("languages", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column(
        "markets", JSONB, nullable=False, server_default=sa.text("'[]'"), comment="What is told market by market."
    ),
)

case = sa.Table(
    "reconciliation_case",
    metadata,
    *(
        sa.Column(name, sa.Text(collation="C"), primary_key=True)
        for name in ("provider", "licensee", "player_id", "kind", "transaction_key", "case_class")
    ),
    _text("currency"),
    _text("round_id"),
    sa.Column("amount_there", sa.Numeric),
    sa.Column("amount_here", sa.Numeric),
    _text("state_there"),
    _text("state_here"),
    _text("outcome_here"),
    _text("round_here"),
    _text("transaction_id"),
    _moment("happened_at"),
    _moment("first_seen_at"),
    _moment("last_seen_at"),
    _moment("resolved_at", nullable=True),
    sa.Index("reconciliation_case_open", "provider", "happened_at", postgresql_where=sa.text("resolved_at IS NULL")),
    sa.Index("reconciliation_case_newest", "first_seen_at"),
    comment="Differences between a provider and the ledger, with what each side has. Resolved ones stay.",
)

run = sa.Table(
    "reconciliation_run",
    metadata,
    sa.Column("provider", sa.Text(collation="C"), primary_key=True),
    sa.Column("day", sa.Text(collation="C"), primary_key=True),
    _moment("start_at"),
    _moment("end_at"),
    _moment("run_at"),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("cases", sa.BigInteger, nullable=False),
    comment="Each whole day that was compared; without a day, the last minutes: they go on where these end.",
)
