"""Peers: the same calls through inspect_ai or litellm, in an environment of their own; `bench.calls` starts it.

    python bench/peers.py litellm http://127.0.0.1:8000 6400 64      # prints the seconds that the calls took

Both speak OpenAI's chat completions, as many calls in flight, caches and logs off.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable


def litellm(url: str) -> Callable[[str], Awaitable[object]]:
    import litellm

    litellm.suppress_debug_info = True

    async def call(prompt: str) -> object:
        messages = [{"role": "user", "content": prompt}]
        return await litellm.acompletion(
            model="openai/model", api_base=f"{url}/v1", api_key="none", messages=messages, max_tokens=16
        )

    return call


def inspect_ai(url: str, in_flight: int) -> Callable[[str], Awaitable[object]]:
    from inspect_ai.model import GenerateConfig, get_model

    os.environ |= {"LOOP_BASE_URL": f"{url}/v1", "LOOP_API_KEY": "none"}
    config = GenerateConfig(max_connections=in_flight, max_tokens=16)
    model = get_model("openai-api/loop/model", config=config)
    return model.generate  # type: ignore[no-any-return]


async def run(call: Callable[[str], Awaitable[object]], calls: int, in_flight: int) -> float:
    room = asyncio.Semaphore(in_flight)

    async def one(number: int) -> None:
        async with room:
            await call(f"Repeat the last line.\nnumber {number}")

    await one(-1)
    started = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(calls)))
    return time.perf_counter() - started


def main() -> None:
    name, url, calls, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    call = litellm(url) if name == "litellm" else inspect_ai(url, in_flight)
    print(asyncio.run(run(call, calls, in_flight)))


if __name__ == "__main__":
    main()
