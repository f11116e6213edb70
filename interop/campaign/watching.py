"""`lockgate watch` beside the connector, over links that fail: what it prints has no hole that it does not name."""

import json
import signal
import subprocess
from pathlib import Path

from checks import Checks
from lockgate import STOP_TIMEOUT, Lockgate, indent
from peer import Peer
from waiting import until

NODE = "nsu=urn:lockgate:interop:counters;s=Counter0000"
BEGIN_TIMEOUT = 20
RETURN_TIMEOUT = 60
# a link that is cut, and one that is half open
FAILURES = 2
INTERRUPTED = 130


class Watch:
    """One `lockgate watch` of a source, in a process of its own."""

    def __init__(self, lockgate: Lockgate, peer: Peer) -> None:
        self.name = peer.name
        self.lines: Path = lockgate.home / f"watch-{peer.name}.jsonl"
        words = ["watch", peer.name, NODE, "--json", "--sampling-interval", "0s", "--for", "5m"]
        with self.lines.open("wb") as out, (lockgate.home / f"watch-{peer.name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                [lockgate.binary, *words], cwd=lockgate.home, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )

    def begin(self, checks: Checks) -> None:
        begun = until(lambda: '"event":"value"' in self.lines.read_text(), BEGIN_TIMEOUT)
        checks.need(f"{self.name}: watch shows values", begun)

    def end(self, checks: Checks) -> None:
        # it finds its own way back, not always as soon as the collecting process
        until(lambda: self.lines.read_text().count('"event":"reconnected"') >= FAILURES, RETURN_TIMEOUT)
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_TIMEOUT)
        checks.check(f"{self.name}: watch goes on until it is interrupted", code == INTERRUPTED, f"exit {code}")
        told = [json.loads(line) for line in self.lines.read_text().splitlines()]
        events = [line["event"] for line in told]
        both = events.count("disconnected"), events.count("reconnected")
        checks.check(f"{self.name}: watch tells of both failures of the link, and of its return", min(both) >= FAILURES, both)
        holes = unnamed_holes(told)
        seen = f"{events.count('value')} values, {events.count('gap')} gaps, {events.count('republished')} times republished"
        if not checks.check(f"{self.name}: watch has no hole that it does not name", not holes, seen):
            print(indent("\n".join(holes)))

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def unnamed_holes(told: list[dict]) -> list[str]:
    """Where a value is not one more than the one before it, and no line in between speaks of a gap or an overflow."""
    holes, last, excused = [], None, False
    for line in told:
        if line["event"] in ("gap", "overflow"):
            excused = True
        if line["event"] != "value":
            continue
        value = line["value"]
        # new subscriptions begin with the value that there is, seen before or not
        expected = last is None or value == last + 1 or (excused and value >= last)
        if not expected:
            holes.append(f"{value} follows {last} at {line['source_time']}")
        last, excused = value, False
    return holes
