"""Collecting: start, be killed, start again, stop; the servers count all the while."""

import time
from dataclasses import dataclass

from checks import Checks
from lockgate import Lockgate
from peer import Peer
from waiting import until

FLOWING_TIMEOUT = 60
SILENCE = 3
DRAIN_TIMEOUT = 60


@dataclass
class Run:
    """Moments of the run, as nanoseconds since 1970."""

    started: int = 0
    flowing: int = 0
    killed: int = 0
    flowing_again: int = 0


def collect(lockgate: Lockgate, peers: list[Peer], checks: Checks, seconds: float) -> Run:
    checks.part(f"collecting for {seconds:g} s, killed in the middle")
    run = Run()
    begin = time.monotonic()
    run.started = time.time_ns()
    lockgate.start()
    wait_until_flowing(lockgate, peers, checks, "values flow from every source")
    run.flowing = time.time_ns()
    time.sleep(max(seconds / 2 - (time.monotonic() - begin), SILENCE))

    checks.need(
        "lockgate is still running in the middle",
        lockgate.is_running(),
        "" if lockgate.is_running() else lockgate.recent_log(),
    )
    lockgate.kill()
    run.killed = time.time_ns()
    # the servers go on counting without us
    time.sleep(SILENCE)
    lockgate.start()
    wait_until_flowing(lockgate, peers, checks, "after kill -9 and restart, values flow again")
    run.flowing_again = time.time_ns()
    time.sleep(max(seconds - (time.monotonic() - begin), SILENCE))

    for peer in peers:
        peer.freeze()
    checks.need("every source falls quiet, and not stale, when nothing changes any more",
                until(lambda: set(lockgate.states().values()) == {"quiet"}, DRAIN_TIMEOUT), lockgate.states())  # fmt: skip
    sealed = until(lambda: lockgate.unsealed() == 0, DRAIN_TIMEOUT)
    checks.need("what was collected is sealed into files", sealed, f"{lockgate.unsealed()} values are not")
    code = lockgate.stop()
    checks.need("lockgate stops when asked", code == 0, f"exit {code}")
    checks.need("both servers lived through it", all(peer.is_running() for peer in peers))
    return run


def wait_until_flowing(lockgate: Lockgate, peers: list[Peer], checks: Checks, name: str) -> None:
    begin = time.monotonic()
    # a status from before the kill must not be taken for one of now
    since = time.time_ns()
    passed = until(lambda: all_flowing(lockgate, peers, since), FLOWING_TIMEOUT)
    seen = f"{time.monotonic() - begin:.1f} s" if passed else f"{lockgate.states()}\n{lockgate.recent_log()}"
    checks.need(name, passed, seen)


def all_flowing(lockgate: Lockgate, peers: list[Peer], since: int) -> bool:
    return lockgate.is_running() and lockgate.states(since) == {peer.name: "flowing" for peer in peers}
