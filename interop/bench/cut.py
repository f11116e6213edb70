"""How soon values flow again after the network was away for three seconds: the real binary, behind a link that is cut."""

import time
from pathlib import Path

from checks import Checks
from link import Link
from lockgate import Lockgate, nanoseconds
from peer import Peer
from waiting import until

AWAY = 3.0
WITHIN = 1.0
ROUNDS = 3
SETTLING = 3.0
ROOT = "nsu=urn:lockgate:interop:counters;s=Counters"


def measure(binary: Path, server: Peer, checks: Checks, home: Path) -> None:
    link = Link(server.port)
    lockgate = Lockgate(binary, home, checks)
    settle(lockgate, server, f"opc.tcp://localhost:{link.port}")
    mended = []
    try:
        lockgate.start()
        flowing = until(lambda: lockgate.states() == {"plant": "flowing"}, 30)
        checks.need("lockgate collects through the link", flowing, lockgate.recent_log() if not flowing else "")
        for _ in range(ROUNDS):
            time.sleep(SETTLING)
            link.cut()
            time.sleep(AWAY)
            mended.append(time.time_ns())
            link.mend()
        time.sleep(SETTLING)
        code = lockgate.stop()
        checks.need("lockgate stops when asked", code == 0, code)
    finally:
        lockgate.kill()
    delays = [first_after(lockgate, instant) for instant in mended]
    seen = ", ".join(f"{delay:.2f} s" for delay in delays)
    checks.check(f"first value within {WITHIN:g} s after a cut of {AWAY:g} s", max(delays) <= WITHIN, seen)


def settle(lockgate: Lockgate, server: Peer, url: str) -> None:
    lockgate.expect("init", 0, "init")
    lockgate.expect("the server is refused by us", 5, "source", "add", "plant", url, "--root", ROOT)
    lockgate.expect("and accepted", 0, "trust", "accept", server.thumbprint)
    lockgate.expect("we are refused by the server", 6, "source", "check", "plant")
    server.trust_clients()
    lockgate.expect("and accepted", 0, "source", "check", "plant")
    text = lockgate.config.read_text()
    lockgate.config.write_text(text.replace("[[source]]", '[[source]]\npublishing_interval = "100ms"\nsampling_interval = "0s"'))


def first_after(lockgate: Lockgate, instant: int) -> float:
    """Seconds from the instant to the receipt of the first value that came after it."""
    streams = lockgate.expect("streams are listed", 0, "streams", "--json").json()["streams"]
    name = min(stream["name"] for stream in streams)
    answer = lockgate.expect("values can be queried", 0, "query", name, "--from", "-10m", "--json").json()
    received = [nanoseconds(sample["receive_time"]) for sample in answer["samples"]]
    later = [time for time in received if time > instant]
    return (min(later) - instant) / 1e9 if later else float("inf")
