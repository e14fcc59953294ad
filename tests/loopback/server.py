"""Loopback: a real HTTP server that speaks Bedrock's `converse` and OpenAI's chat completions, faults on demand.

    with Loopback(says("72"), faults=some(0.3)) as server:
        BedrockCore("anthropic.claude-…", endpoint_url=server.url, …)
        OpenAICore("model", base_url=f"{server.url}/v1", …)
    server.requests[0].billed

It runs on a thread of its own, or in a process of its own (`python -m tests.loopback`), and keeps a record of every
request: what a client says that it paid can be compared with what was billed here. `GET /summary` gives the sums.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import NamedTuple, Self

from tests.loopback.apis import Answer, Asked, Usage, ask, error, reply, wrong
from tests.loopback.connection import Connection
from tests.loopback.faults import BILLED, HTTP_ERRORS, ODD_JSON, Faults, http_error, never


class Written(NamedTuple):
    """A text with the tokens that its model counted."""

    text: str
    tokens_in: int
    tokens_out: int


AnswerOne = Callable[[str, str], str]  # system, prompt → text; on the server's thread, so it has to be quick
AnswerBatch = Callable[
    [list[tuple[str, str]]], Sequence[str | Written]
]  # all that wait, on one thread of its own


@dataclass
class Record:
    """A request as the server saw it."""

    number: int
    asked: Asked
    fault: str | None
    in_flight: int  # with this one
    billed: bool = False
    usage: Usage = field(default_factory=Usage)


def echo(system: str, prompt: str) -> str:
    """The prompt's last line."""
    return prompt.strip().splitlines()[-1]


def says(text: str) -> AnswerOne:
    """The same to everybody."""
    return lambda *_: text


class Loopback:
    """The server; a context manager. `requests` are the records in the order of arrival."""

    def __init__(
        self,
        answer: AnswerOne = echo,
        *,
        answer_batch: AnswerBatch | None = None,
        faults: Faults = never,
        latency_s: float = 0.0,
        slow_s: float = 5.0,
        retry_after_s: float = 0.1,
        port: int = 0,
        refuses: Sequence[str] = (),
    ) -> None:
        self.answer, self.answer_batch, self.faults = answer, answer_batch, faults
        self.latency_s, self.slow_s, self.retry_after_s = latency_s, slow_s, retry_after_s
        self.port, self.refuses = port, refuses
        self.requests: list[Record] = []
        self.max_in_flight = self._in_flight = 0
        self._cached: set[str] = set()
        self._opened: set[Connection] = set()
        self._waiting: SimpleQueue[tuple[Asked, Future[str | Written]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(
            lambda: Connection(self._handle, self._opened), "127.0.0.1", self.port
        )
        self._server = self._loop.run_until_complete(listening)
        self.port = self._server.sockets[0].getsockname()[1]
        targets = [self._loop.run_forever] + ([self._answer_batches] if self.answer_batch else [])
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._loop.call_soon_threadsafe(self._close)
        for thread in self._threads:
            thread.join()
        self._loop.close()

    def _close(self) -> None:
        self._server.close()
        for connection in list(self._opened):
            connection.transport.abort()
        self._loop.call_soon(self._loop.stop)

    def summary(self) -> dict[str, object]:
        """What was asked and billed so far."""
        billed = [record for record in self.requests if record.billed]
        tokens = Counter[str]()
        for record in billed:
            tokens.update(asdict(record.usage))
        return {
            "requests": len(self.requests),
            "billed": len(billed),
            "max_in_flight": self.max_in_flight,
            "faults": dict(Counter(record.fault for record in self.requests if record.fault)),
            "tokens": dict(tokens),
        }

    # On the server's thread.

    def _handle(self, connection: Connection, path: str, headers: dict[str, str], raw: bytes) -> None:
        if path == "/summary":
            return connection.send(Answer(200, json.dumps(self.summary()).encode()).wire())
        asked = ask(path, headers, raw)
        if asked is None:
            return connection.send(error("openai", 404, "not_found", f"no such path: {path}").wire())
        record = self._record(asked)
        if record.fault == "drop_before":
            self._later(self.latency_s, record, connection.drop)
        elif (refusal := self._refusal(record)) is not None:
            self._later(self.latency_s, record, connection.send, refusal.wire())
        elif self.answer_batch is None:
            self._reply(connection, record, self.answer(asked.system, asked.prompt), self.latency_s)
        else:
            self._ask_batch(connection, record)
        return None

    def _record(self, asked: Asked) -> Record:
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        number = len(self.requests)
        record = Record(number, asked, self.faults(number), self._in_flight)
        self.requests.append(record)
        return record

    def _refusal(self, record: Record) -> Answer | None:
        """What is answered where nothing was generated."""
        if record.fault in HTTP_ERRORS:
            return http_error(record.fault, record.asked, self.retry_after_s)
        if record.fault == "html":
            return Answer(200, b"<html><body>Sign in</body></html>", content_type="text/html")
        if record.fault in ODD_JSON:
            return Answer(200, ODD_JSON[record.fault])
        if problem := wrong(record.asked, self.refuses):
            return error(record.asked.api, 400, "ValidationException", problem)
        return None

    def _reply(self, connection: Connection, record: Record, written: str | Written, delay_s: float) -> None:
        fault, asked = record.fault, record.asked
        text, stop_reason = _ended(written if isinstance(written, str) else written.text, asked)
        if fault in ("content_filter", "guardrail"):
            text, stop_reason = "This is blocked.", fault
        record.usage = self._usage(asked, written, text)
        record.billed = fault is None or fault in BILLED
        body = reply(asked, "" if fault == "empty" else text, record.usage, stop_reason)
        if fault == "no_usage":
            del body["usage"]
        raw = json.dumps(body).encode()
        data = Answer(200, raw[: len(raw) // 2] if fault == "cut_json" else raw).wire()
        if fault == "drop_after":
            self._later(delay_s, record, connection.drop)
        elif fault == "drop_within":
            self._later(delay_s, record, connection.drop, data[:-20])
        else:
            self._later(delay_s + self.slow_s * (fault == "slow"), record, connection.send, data)

    def _usage(self, asked: Asked, written: str | Written, text: str) -> Usage:
        system, prompt, out = (len(part.split()) for part in (asked.system, asked.prompt, text))
        if asked.cache:
            if asked.system in self._cached:
                return Usage(prompt, out, cache_read=system)
            self._cached.add(asked.system)
            return Usage(prompt, out, cache_write=system)
        if isinstance(written, Written):
            return Usage(written.tokens_in, written.tokens_out)
        return Usage(system + prompt, out)

    def _later(self, delay_s: float, record: Record, do: Callable[..., None], *arguments: bytes) -> None:
        def done() -> None:
            self._in_flight -= 1
            do(*arguments)

        if delay_s > 0:
            self._loop.call_later(delay_s, done)
        else:
            done()

    # A model behind the server: all that wait go to it at once.

    def _ask_batch(self, connection: Connection, record: Record) -> None:
        future: Future[str | Written] = Future()
        asked_at = self._loop.time()

        def answered(future: Future[str | Written]) -> None:
            left_s = self.latency_s - (self._loop.time() - asked_at)
            if failure := future.exception():
                answer = error(record.asked.api, 500, "InternalServerException", repr(failure)).wire()
                self._loop.call_soon_threadsafe(self._later, left_s, record, connection.send, answer)
                return
            self._loop.call_soon_threadsafe(self._reply, connection, record, future.result(), left_s)

        future.add_done_callback(answered)
        self._waiting.put((record.asked, future))

    def _answer_batches(self) -> None:
        assert self.answer_batch is not None
        while batch := self._wait():
            try:
                texts = self.answer_batch([(asked.system, asked.prompt) for asked, _ in batch])
            except Exception as failure:  # each of them is answered with a 500 that names it
                for _, future in batch:
                    future.set_exception(failure)
                continue
            for (_, future), text in zip(batch, texts, strict=True):
                future.set_result(text)

    def _wait(self) -> list[tuple[Asked, Future[str | Written]]]:
        """All that wait, at least one; none when the server closes."""
        batch, waiting = [], self._waiting.get()
        while waiting is not None:
            batch.append(waiting)
            try:
                waiting = self._waiting.get_nowait()
            except Empty:
                return batch
        return []


def _ended(text: str, asked: Asked) -> tuple[str, str]:
    """The text as far as it goes, and why it ends there."""
    for stop in asked.stop:
        if stop in text:
            return text.partition(stop)[0], "stop"
    words = text.split(" ")
    if len(words) > asked.max_tokens:
        return " ".join(words[: asked.max_tokens]), "length"
    return text, "end"
