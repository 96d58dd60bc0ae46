"""A vendor of identity checks that sends callbacks, rightly signed or not, to the process that takes them."""

import asyncio
import datetime as dt
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Final

from mesh.clock import from_us
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from tests.corpus_runner.people import Someone
from tests.corpus_runner.service import Service

_SECRETS: Final = {"right": "shared with the vendor", "wrong": "guessed"}
_HASHES: Final = {
    "HMAC_SHA1_HEX": hashlib.sha1,
    "HMAC_SHA256_HEX": hashlib.sha256,
    "HMAC_SHA512_HEX": hashlib.sha512,
}
_REVIEWS: Final = {"APPROVED": "GREEN", "REJECTED": "RED"}
_READY_S: Final = 30.0


class Vendor:
    """The process that takes callbacks, and whoever sends them."""

    def __init__(self, service: Service) -> None:
        folder = service.run / f"kyc-{free_port()}"
        folder.mkdir()
        self._log = folder / "kyc.log"
        self._address = f"127.0.0.1:{free_port()}"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "PITBOSS_KYC_LISTEN": self._address,
            "PITBOSS_KYC_VENDOR": "sumsub",
            "PITBOSS_KYC_SECRET": _SECRETS["right"],
            "PITBOSS_COMPLIANCE_ADDRESS": str(service.compliance),
            "PITBOSS_TLS_DIR": str(service.kyc_tls),
        }
        argv = [sys.executable, "-m", "fact_sources.kyc"]
        command = Command(name="kyc", argv=argv, environment=environment, log=self._log, directory=ROOT)
        self._child: Child = spawn(command)
        self._await()

    def _await(self) -> None:
        end = time.monotonic() + _READY_S
        while True:
            try:
                with urllib.request.urlopen(f"http://{self._address}/healthz", timeout=5):
                    return
            except OSError:
                if time.monotonic() > end or self._child.exit_code is not None:
                    raise RuntimeError(f"the vendor's process is not ready: {self._child.last_lines()}") from None
                time.sleep(0.05)

    def send(self, body: bytes, *, secret: str, signed_with: str, header: str) -> int:
        """Send a callback; the status that came back."""
        digest = hmac.new(_SECRETS[secret].encode(), body, _HASHES[signed_with]).hexdigest()
        headers = {"X-Payload-Digest": digest, "X-Payload-Digest-Alg": header, "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self._address}/callback", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def security_events(self) -> int:
        """How many it has written."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return sum(bool(json.loads(line).get("security")) for line in lines if line.startswith("{"))

    def close(self) -> None:
        self._child.stop()


class Vendors:
    """The verb about callbacks."""

    _service: Service
    _vendor: Vendor | None
    _now_us: int
    _fresh: int

    async def _do_kyc_webhook(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        if self._vendor is None:
            self._vendor = await asyncio.to_thread(Vendor, self._service)
        self._fresh += 1
        moment = from_us(self._now_us).astimezone(dt.UTC)
        pending = step["result"] == "PENDING"
        event = {
            "externalUserId": f"{person.house}/{person.name}",
            "type": "applicantPending" if pending else "applicantReviewed",
            "correlationId": f"event-{self._fresh}",
            "createdAtMs": moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "reviewResult": {} if pending else {"reviewAnswer": _REVIEWS[step["result"]]},
        }
        before = self._vendor.security_events()
        status = await asyncio.to_thread(
            self._vendor.send,
            json.dumps(event).encode(),
            secret=step["secret"],
            signed_with=step["signed_with"],
            header=step["header_alg"],
        )
        # The line is written behind the answer.
        end = time.monotonic() + _READY_S
        while status != 200 and self._vendor.security_events() == before and time.monotonic() < end:
            await asyncio.sleep(0.05)
        return {"accepted": status == 200, "security_event": self._vendor.security_events() > before}
