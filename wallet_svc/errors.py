"""Every way a call to the wallet can fail. Refusals of money actions are outcomes, not errors."""

from mesh.errors import Kind, MeshError


class PlayerNotFoundError(MeshError):
    """The licensee has no such player."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


class TransactionNotFoundError(MeshError):
    """No transaction has this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_TRANSACTION_NOT_FOUND"


class CurrencyUnknownError(MeshError):
    """The currency is not in the asset registry of the licensee, or the player has no account in it."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_CURRENCY_UNKNOWN"


class LicenseeNotFoundError(MeshError):
    """The licensee is not registered."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_LICENSEE_NOT_FOUND"


class ShardNotFoundError(MeshError):
    """The shard does not exist."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_SHARD_NOT_FOUND"


class AssetInUseError(MeshError):
    """An asset in use cannot change its exponent."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_ASSET_IN_USE"


class WalletModeFixedError(MeshError):
    """Who keeps the money of a licensee's players cannot change once it has players."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_WALLET_MODE_FIXED"


class PackRejectedError(MeshError):
    """The pack does not become law: the metadata say why."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PACK_REFUSED"


class PendingCallNotFoundError(MeshError):
    """Nothing waits for the licensee's own wallet under this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PENDING_CALL_NOT_FOUND"


class PackUnknownError(MeshError):
    """The pack is not loaded by this wallet."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PACK_UNKNOWN"


class ProviderNotFoundError(MeshError):
    """The source of the action is not known to the ledger."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PROVIDER_NOT_FOUND"


class MomentNotReachedError(MeshError):
    """The ledger has not come to this moment yet, so nobody knows what will be true then."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_MOMENT_NOT_REACHED"


class LinesNotSortedError(MeshError):
    """The lines of a file that is compared are not in ascending order of kind number and key."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_LINES_NOT_SORTED"
