"""The two HTTP doors: the security token service google-auth goes to, and the token review API servers ask."""

import hmac
import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec

from fairlead.twin.gke.credentials import SUBJECT, subject_token_file
from fairlead.twin.gke.tokens import Tokens

_LONGEST = 1024 * 1024
_LOOK_FOR_END_EVERY = 0.05
Answer = tuple[HTTPStatus, dict[str, Any]]
Ask = Callable[[str, bytes], Answer]


class Door:
    """An HTTP server on loopback, in threads of its own; with `tls` a pair of certificate and key."""

    def __init__(self, port: int, ask: Ask, tls: tuple[Path, Path] | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(ask))
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake happens in the thread that serves the connection, so that no client can hold up the door.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_FOR_END_EVERY,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def security_token_service(folder: Path, tokens: Tokens) -> Ask:
    """RFC 8693: the subject token from the twin's folder for an access token."""

    def ask(path: str, body: bytes) -> Answer:
        form = {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
        expected = subject_token_file(folder).read_text()
        if path != "/token":
            return HTTPStatus.NOT_FOUND, {"error": "not_found"}
        if not hmac.compare_digest(form.get("subject_token", "").encode(), expected.encode()):
            return HTTPStatus.BAD_REQUEST, {"error": "invalid_grant", "error_description": "unknown subject token"}
        return HTTPStatus.OK, {
            "access_token": tokens.issue(SUBJECT),
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": int(tokens.lifetime),
        }

    return ask


def token_review(tokens: Tokens) -> Ask:
    """authentication.k8s.io/v1 TokenReview: the fleet's identity is an administrator of every cluster."""

    def ask(path: str, body: bytes) -> Answer:
        if path != "/review":
            return HTTPStatus.NOT_FOUND, {"error": "not found"}
        try:
            review = msgspec.json.decode(body, type=dict[str, Any])
            subject = tokens.subject(str(review["spec"]["token"]))
        except (msgspec.DecodeError, KeyError, TypeError):
            return HTTPStatus.BAD_REQUEST, {"error": "not a TokenReview"}
        status: dict[str, Any] = {"authenticated": False}
        if subject is not None:
            status = {"authenticated": True, "user": {"username": subject, "groups": ["system:masters"]}}
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
        return HTTPStatus.OK, {**kind, "status": status}

    return ask


def _handler(ask: Ask) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length") or 0), _LONGEST)
            status, answer = ask(self.path.split("?")[0], self.rfile.read(length))
            body = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing: a line per token would drown what matters, and tokens have no place in logs."""

    return Handler
