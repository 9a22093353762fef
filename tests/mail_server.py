"""A mail server on loopback, for both suites."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class Post(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it takes over. `behaviour`: take | refuse | vanish (after it took the message over,
    without an answer)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.behaviour = "take"
        self.taken: list[EmailMessage] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def recipients(self) -> list[str]:
        return sorted(str(mail["To"]) for mail in self.taken)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Post)
        self._say("220 post")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"QUIT":
                self._say("221 bye")
                return
            if word == b"RCPT" and self.server.behaviour == "refuse":
                self._say("550 no such mailbox")
            elif word == b"DATA":
                self._say("354 go on")
                lines = []
                for each in self.rfile:
                    if each == b".\r\n":
                        break
                    lines.append(each.removeprefix(b".") if each.startswith(b"..") else each)
                mail = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.server.taken.append(mail)
                if self.server.behaviour == "vanish":
                    return
                self._say("250 taken")
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def running_post() -> Iterator[Post]:
    with Post() as post:
        thread = threading.Thread(target=post.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield post
        finally:
            post.shutdown()
            thread.join()
