"""Collecting: start, be killed, start again, lose the links, lose the servers, stop; the servers count all the while."""

import time
from dataclasses import dataclass

from checks import Checks
from lockgate import Lockgate
from peer import Peer
from waiting import until
from watching import Watch

FLOWING_TIMEOUT = 60
SILENCE = 3
AWAY = 3.0
# so long that the silence is noticed while it lasts or soon after
MUTE = 12.0
NOTICED_WITHIN = 30.0
DRAIN_TIMEOUT = 60


@dataclass
class Run:
    """Moments of the run, as nanoseconds since 1970."""

    started: int = 0
    killed: int = 0
    collecting_again: int = 0
    links_cut: int = 0
    links_mended: int = 0
    links_mute: int = 0
    links_unmuted: int = 0
    links_good: int = 0
    servers_stopped: int = 0
    servers_back: int = 0
    servers_killed: int = 0
    servers_up: int = 0


def collect(lockgate: Lockgate, peers: list[Peer], checks: Checks, seconds: float) -> Run:
    checks.part(f"collecting for {seconds:g} s: lockgate, the links and the servers fail on the way")
    run = Run()
    begin = time.monotonic()
    run.started = time.time_ns()
    lockgate.start()
    wait_until_flowing(lockgate, peers, checks, "values flow from every source")
    rest(begin, seconds / 3)

    run.killed = time.time_ns()
    be_killed(lockgate, checks)
    wait_until_flowing(lockgate, peers, checks, "after kill -9 and restart, values flow again")
    run.collecting_again = time.time_ns()
    time.sleep(SILENCE)

    watches = [Watch(lockgate, peer) for peer in peers]
    try:
        for watch in watches:
            watch.begin(checks)
        lose_links(lockgate, peers, checks, run)
        for watch in watches:
            watch.end(checks)
    finally:
        for watch in watches:
            watch.kill()
    rest(begin, seconds * 2 / 3)

    alive = [peer.name for peer in peers if peer.is_running()]
    checks.check("the servers lived until they are restarted", len(alive) == len(peers), alive)
    run.servers_stopped = time.time_ns()
    for peer in peers:
        peer.restart()
    wait_until_flowing(lockgate, peers, checks, "after the servers were restarted, values flow again")
    run.servers_back = time.time_ns()
    time.sleep(SILENCE)

    run.servers_killed = time.time_ns()
    for peer in peers:
        peer.kill_and_restart()
    wait_until_flowing(lockgate, peers, checks, "after kill -9 and restart of the servers, values flow again")
    run.servers_up = time.time_ns()
    rest(begin, seconds)

    drain_and_stop(lockgate, peers, checks)
    return run


def lose_links(lockgate: Lockgate, peers: list[Peer], checks: Checks, run: Run) -> None:
    """First cut for some seconds; then half open: connections stand, and nothing goes through them in any direction."""
    run.links_cut = time.time_ns()
    for peer in peers:
        peer.link.cut()
    time.sleep(AWAY)
    run.links_mended = time.time_ns()
    for peer in peers:
        peer.link.mend()
    fresh = until(lambda: max(lockgate.ages().values()) < 1.5, FLOWING_TIMEOUT)
    checks.need(f"after the links were cut for {AWAY:g} s, values flow again", fresh, lockgate.ages())
    time.sleep(SILENCE)

    run.links_mute = time.time_ns()
    for peer in peers:
        peer.link.mute()
    time.sleep(MUTE)
    run.links_unmuted = time.time_ns()
    for peer in peers:
        peer.link.unmute()
    fresh = until(lambda: max(lockgate.ages().values()) < 1.5, FLOWING_TIMEOUT)
    checks.need("after the links were half open, values flow again", fresh, lockgate.ages())
    run.links_good = time.time_ns()
    time.sleep(SILENCE)


def rest(begin: float, until_seconds: float) -> None:
    """Lets the run go on until this long after its beginning, and at least for a moment."""
    time.sleep(max(until_seconds - (time.monotonic() - begin), SILENCE))


def be_killed(lockgate: Lockgate, checks: Checks) -> None:
    running = lockgate.is_running()
    checks.need("lockgate is running when it is killed", running, "" if running else lockgate.recent_log())
    lockgate.kill()
    # the servers go on counting without us
    time.sleep(SILENCE)
    lockgate.start()


def drain_and_stop(lockgate: Lockgate, peers: list[Peer], checks: Checks) -> None:
    for peer in peers:
        peer.freeze()
    quiet = until(lambda: set(lockgate.states().values()) == {"quiet"}, DRAIN_TIMEOUT)
    checks.need("every source is quiet, and not stale, when nothing changes any more", quiet, lockgate.states())
    sealed = until(lambda: lockgate.unsealed() == 0, DRAIN_TIMEOUT)
    checks.need("what was collected is sealed into files", sealed, f"{lockgate.unsealed()} values are not")
    code = lockgate.stop()
    checks.need("lockgate stops when asked", code == 0, f"exit {code}")
    checks.need("the servers lived through it", all(peer.is_running() for peer in peers))


def wait_until_flowing(lockgate: Lockgate, peers: list[Peer], checks: Checks, name: str) -> None:
    begin = time.monotonic()
    # a status from before the kill must not be taken for one of now
    since = time.time_ns()
    passed = until(lambda: all_flowing(lockgate, peers, since), FLOWING_TIMEOUT)
    seen = f"{time.monotonic() - begin:.1f} s" if passed else f"{lockgate.states()}\n{lockgate.recent_log()}"
    checks.need(name, passed, seen)


def all_flowing(lockgate: Lockgate, peers: list[Peer], since: int) -> bool:
    return lockgate.is_running() and lockgate.states(since) == {peer.name: "flowing" for peer in peers}
