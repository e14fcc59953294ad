"""HTTP/1.1 with keep-alive, as much of it as the two clients speak. In: bytes. Out: whole requests to a handler."""

import asyncio
from collections.abc import Callable

HEAD_ENDS = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection of a client. Requests come one after the other; the handler answers with `send` or `drop`."""

    def __init__(
        self,
        handle: Callable[["Connection", str, dict[str, str], bytes], None],
        opened: set["Connection"],
    ) -> None:
        self._handle, self._opened = handle, opened
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._opened.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._opened.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer[:1].isalpha():  # TLS, or nothing that HTTP begins with
            self.drop(b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n")
            return
        head, found, rest = self._buffer.partition(HEAD_ENDS)
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._handle(self, first.split(" ")[1], headers, rest[:length])

    def send(self, data: bytes) -> None:
        """Send, where the client still listens."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def drop(self, last: bytes = b"") -> None:
        """Close, after the last bytes."""
        self.send(last)
        self.transport.close()
