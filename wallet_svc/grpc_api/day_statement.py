"""The statement of a day on the wire, signed."""

from hashlib import sha256

from mesh.notes import Signer
from pitboss.wallet.v1 import history_service_pb2 as pb
from wallet_svc.domain.day_statement import DayStatement, Sums
from wallet_svc.domain.state import Asset
from wallet_svc.grpc_api.results import money


def day_statement_of(statement: DayStatement, signer: Signer | None) -> pb.GetDayStatementResponse:
    """A statement with its document, and the signature if there is a key."""
    asset, document = statement.asset, statement.document()
    return pb.GetDayStatementResponse(
        opening=_sums(statement.opening, asset),
        kinds=[
            pb.KindTotal(
                kind=one.kind.value,  # type: ignore[arg-type]
                count=one.count,
                change=_sums(one.change, asset),
            )
            for one in statement.kinds
        ],
        closing=_sums(statement.closing, asset),
        count=statement.count,
        final=statement.final,
        document_json=document,
        digest=sha256(document.encode()).hexdigest(),
        signed_note=signer.sign(f"{document}\n") if signer is not None else "",
        verifier_key=signer.verifier_key if signer is not None else "",
    )


def _sums(sums: Sums, asset: Asset) -> pb.SubBalances:
    cash, held, bonus, receivable = (money(amount, asset) for amount in sums)
    return pb.SubBalances(cash=cash, held=held, bonus=bonus, receivable=receivable)
