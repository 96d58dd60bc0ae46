"""Settings of an audit process."""

import base64
import binascii
import dataclasses
from collections.abc import Mapping

from audit_svc.domain import RETENTION_DAYS, RecordClass
from audit_svc.domain.returns import Looks
from mesh.notes import Signer
from mesh.settings import ProcessSettings
from mesh.verify.notes import Key, NoteError

_KEY_BYTES = 32
_DAY_US = 86_400_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(ProcessSettings):
    """What an audit process is told."""

    database_url: str = dataclasses.field(repr=False)
    """Address of the audit database, with the role of the service, which can read and append."""
    wallet_addresses: tuple[str, ...]
    """Wallet processes, host:port,host:port."""
    session_address: str
    """The session service, host:port."""
    compliance_address: str
    """The compliance service, host:port."""
    signing_key: str = dataclasses.field(repr=False)
    """Secret that signs checkpoints: 32 random bytes in base64."""
    payload_keys: tuple[str, ...] = dataclasses.field(repr=False)
    """Keys that seal the keys of players, each 32 random bytes in base64. The first one seals, all of them open."""
    log_name: str = "pitboss.localhost/audit"
    """Name of the log in its checkpoints. Never the name of another log."""
    former_signing_key: str = dataclasses.field(default="", repr=False)
    """The signing key before this one, for the first start with a new one: both sign the change."""
    witnesses: tuple[str, ...] = ()
    """Addresses of witnesses, such as http://host:port."""
    witness_keys: tuple[str, ...] = ()
    """Their public keys, in the form of C2SP signed-note."""
    retention_days: Mapping[str, str] | None = None
    """Days that payloads of a class are kept, where they are not the default: decision=3653,session=3653."""
    batch_ms: int = 250
    """How long events are collected before they are appended together."""
    batch_leaves: int = 1_000
    """Most leaves of a batch."""
    return_first_look: int = 1_000
    """Rounds after which the return of a game is judged first; then at each doubling of their number."""
    return_warning_sigmas: int = 3
    """Standard deviations from the certified return at which there is a warning."""
    return_alarm_sigmas: int = 5
    """Standard deviations from the certified return at which there is an alarm."""
    pseudonym_keys: Mapping[str, str] | None = dataclasses.field(default=None, repr=False)
    """Keys that make players' pseudonyms in extracts, each 32 random bytes in base64: k2=...,k1=.... The first one is for
    new periods; a key stays as long as periods that were told with it may be corrected."""
    seal_url: str = ""
    """Address of the service of the authority that gives tokens for sealed batches, such as https://host."""
    seal_secret: str = dataclasses.field(default="", repr=False)
    """Secret that it knows us by."""
    seal_key: str = ""
    """Its public key, in the form of C2SP signed-note."""
    seal_timeout_ms: int = 5_000
    """How long an answer of it may take."""
    statement_timeout_ms: int = 10_000
    """Upper bound for one SQL statement."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if min(self.batch_ms, self.batch_leaves) <= 0:
            raise ValueError("PITBOSS_BATCH_MS and PITBOSS_BATCH_LEAVES must be above zero.")
        if min(self.return_first_look, self.return_warning_sigmas) <= 0:
            raise ValueError("PITBOSS_RETURN_FIRST_LOOK and PITBOSS_RETURN_WARNING_SIGMAS must be above zero.")
        if self.return_alarm_sigmas < self.return_warning_sigmas:
            raise ValueError("PITBOSS_RETURN_ALARM_SIGMAS must not be below PITBOSS_RETURN_WARNING_SIGMAS.")
        try:
            self.signer()
            self.former_signer()
        except ValueError as error:
            raise ValueError(f"PITBOSS_SIGNING_KEY, PITBOSS_FORMER_SIGNING_KEY or PITBOSS_LOG_NAME: {error}.") from None
        self.sealing_keys()
        self.keep_us()
        self.naming_keys()
        if self.seal_url:
            try:
                Key.parse(self.seal_key)
            except NoteError as error:
                raise ValueError(f"PITBOSS_SEAL_KEY: {error}.") from None

    def signer(self) -> Signer:
        """Who signs checkpoints."""
        return Signer.load(self.log_name, self.signing_key)

    def former_signer(self) -> Signer | None:
        """Who signed them before."""
        return Signer.load(self.log_name, self.former_signing_key) if self.former_signing_key else None

    def sealing_keys(self) -> list[bytes]:
        """The keys of keys. Raises ValueError without telling them."""
        try:
            keys = [base64.b64decode(key, validate=True) for key in self.payload_keys]
        except binascii.Error:
            keys = []
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError("PITBOSS_PAYLOAD_KEYS are keys of 32 bytes in base64.")
        return keys

    def naming_keys(self) -> dict[str, bytes]:
        """Keys of pseudonyms by id, the present one first. Raises ValueError without telling them."""
        try:
            keys = {name: base64.b64decode(key, validate=True) for name, key in (self.pseudonym_keys or {}).items()}
        except binascii.Error:
            keys = {"": b""}
        if any(len(key) != _KEY_BYTES or not name.isalnum() for name, key in keys.items()):
            raise ValueError("PITBOSS_PSEUDONYM_KEYS are id=key, each key 32 bytes in base64.")
        return keys

    def looks(self) -> Looks:
        """When returns of games are judged, and how."""
        return Looks(first=self.return_first_look, warning=self.return_warning_sigmas, alarm=self.return_alarm_sigmas)

    def keep_us(self) -> dict[RecordClass, int]:
        """How long payloads of each class are kept, in microseconds."""
        days = dict(RETENTION_DAYS)
        for name, text in (self.retention_days or {}).items():
            if name.upper() not in RecordClass.__members__ or not text.isdecimal():
                raise ValueError("PITBOSS_RETENTION_DAYS are class=days, such as decision=3653.")
            days[RecordClass[name.upper()]] = int(text)
        return {each: number * _DAY_US for each, number in days.items()}
