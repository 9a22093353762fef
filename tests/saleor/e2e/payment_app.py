"""A payment provider on loopback: answers the refunds that Saleor's worker asks for, as a real payment app would."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.saleor.e2e.driver import Client

NAME = "refunds"
REQUEST = """subscription { event { ... on TransactionRefundRequested {
  action { amount } transaction { id pspReference } grantedRefund { id } } } }"""


class PaymentApp:
    """`with PaymentApp() as provider:` listens; `provider.answer` is the result it gives, REFUND_SUCCESS unless changed."""

    def __init__(self) -> None:
        self.answer = "REFUND_SUCCESS"
        self.requests: list[dict[str, object]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.requests.append(request)
                body = json.dumps(
                    {
                        "pspReference": f"refund-{uuid.uuid4()}",
                        "result": provider.answer,
                        "amount": request["action"]["amount"],
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Silent: the requests are kept."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def register(self, staff: Client, app_id: str) -> None:
        """Makes this address the one that Saleor asks for the app's refunds, whatever address it asked before."""
        document = "query($id: ID!) { app(id: $id) { webhooks { id name } } }"
        for webhook in staff.query(document, id=app_id)["app"]["webhooks"]:
            if webhook["name"] == NAME:
                staff.mutate(
                    "mutation($id: ID!) { webhookDelete(id: $id) { errors { field code message } } }", id=webhook["id"]
                )
        staff.mutate(
            """mutation($input: WebhookCreateInput!) { webhookCreate(input: $input) {
              errors { field code message } } }""",
            input={
                "name": NAME,
                "app": app_id,
                "targetUrl": self.url,
                "syncEvents": ["TRANSACTION_REFUND_REQUESTED"],
                "query": REQUEST,
                "isActive": True,
            },
        )
