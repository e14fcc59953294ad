"""The loopback server as a process: prints its URL, answers each prompt with its last line, ends with its stdin.

python -m tests.loopback --port 0 --latency 0.2 --faults 0.3
"""

import argparse
import sys

from tests.loopback.faults import some
from tests.loopback.server import Loopback


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds from request to reply")
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that meet a fault")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    flags = parser.parse_args()
    faults = some(flags.faults, seed=flags.seed)
    with Loopback(faults=faults, latency_s=flags.latency, port=flags.port) as server:
        print(server.url, flush=True)
        sys.stdin.read()  # so that it never outlives whoever started it


if __name__ == "__main__":
    main()
