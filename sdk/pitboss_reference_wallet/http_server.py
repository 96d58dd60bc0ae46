"""The same messages as JSON: `POST /v1/<Method>`. The signature covers the bytes of the JSON body."""

from __future__ import annotations

import http.server
import json
import socket

from google.protobuf import json_format
from google.protobuf.message import Message

from pitboss_reference_wallet.door import Door, UnauthenticatedError
from pitboss_reference_wallet.faults import LostError
from pitboss_reference_wallet.service import RequestInvalidError
from pitboss_sdk.request_signature import HEADER

_MOST_BYTES = 64 * 1024
_PREFIX = "/v1/"


class JsonServer(http.server.ThreadingHTTPServer):
    """Serves until `shutdown`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        self.door = door
        super().__init__(address, _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: JsonServer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self._reply(413, {"error": f"a body of known length, at most {_MOST_BYTES} bytes"})
            return
        body = self.rfile.read(int(length))
        method = self.path.removeprefix(_PREFIX)
        if not self.path.startswith(_PREFIX) or method not in self.server.door.wallet.methods:
            self._reply(404, {"error": "no such method"})
            return
        self._answer(method, body)

    def _answer(self, method: str, body: bytes) -> None:
        door = self.server.door
        try:
            door.verify(method, body, self.headers.get(HEADER))
            answer, fault = door.answer(method, _message(door, method, body))
        except UnauthenticatedError:
            self._reply(401, {"error": "the signature is missing or wrong"})
        except (json_format.ParseError, UnicodeDecodeError):
            self._reply(400, {"error": "not a message of this contract"})
        except RequestInvalidError as error:
            self._reply(400, {"error": str(error)})
        except LostError:
            self._reply(503, {"error": "try again"})
        else:
            self._send(answer, fault)

    def _send(self, answer: Message, fault: str) -> None:
        if fault == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault == "garbage":
            self._write(200, b"<html><body>nginx</body></html>", "text/html")
        else:
            self._reply(200, json_format.MessageToDict(answer, always_print_fields_with_no_presence=True))

    def _reply(self, status: int, body: dict[str, object]) -> None:
        self._write(status, json.dumps(body).encode(), "application/json")

    def _write(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """The door logs what matters."""


def _message(door: Door, method: str, body: bytes) -> Message:
    message: Message = json_format.Parse(body.decode(), door.wallet.methods[method].request())
    return message
