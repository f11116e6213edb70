"""The whole way at full flow: our simulated plant, encrypted and with a login, through lockgate into sealed files.

Every value of the plant is a function of time: counter k was stamped at the start and k periods. So each sample in the
files can be checked without having been told, and each that is missing can be named: it is on the gap ledger, or the run
fails. Undisturbed, what a value costs is measured too. With `--trouble` lockgate is killed, the link is cut and
the plant is killed on the way: from then on its counters begin anew.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

import reckoning
from checks import Checks, Failed
from link import Link
from lockgate import Lockgate
from simulated import Simulated
from usage import Usage
from waiting import until

FLOWING_TIMEOUT = 90
SEALED_TIMEOUT = 180
AWAY = 3.0
# what the first values, the browse and the first seal cost is not the flow
WARM_UP = 10.0
SOURCE = "plant"


def main() -> int:
    arguments = parse_arguments()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    checks = Checks()
    lockgate = Lockgate(arguments.lockgate, arguments.folder / "lockgate", checks)
    plant = Simulated(arguments.lockgate, arguments.folder, arguments.counters, arguments.rate)
    complete = False
    try:
        plant.start()
        link = Link(plant.port) if arguments.trouble else None
        settle(lockgate, plant, link, checks)
        usage = flow(lockgate, plant, link, arguments.seconds, checks)
        reckoning.reckon(lockgate, plant, arguments, checks, usage)
        complete = True
    except Failed as failure:
        print(f"  stopped: {failure}")
    finally:
        lockgate.kill()
        plant.stop()
    print(f"  {checks.summary()}; everything is kept in {arguments.folder}")
    return 0 if complete and not checks.failed else 1


def settle(lockgate: Lockgate, plant: Simulated, link: Link | None, checks: Checks) -> None:
    """Trust both ways and a login, as docs/command-line.md tells it."""
    checks.part(f"{plant.counters:,} counters that step {plant.rate:,} times a second, encrypted, with a login")
    url = plant.url if link is None else plant.url.replace(f":{plant.port}", f":{link.port}")
    lockgate.expect("init", 0, "init")
    add = ("source", "add", SOURCE, url, "--user", plant.user, "--password-stdin", "--root", Simulated.ROOT)
    lockgate.expect("an unknown plant is refused by us", 5, *add, stdin=f"{plant.password}\n")
    lockgate.expect("its thumbprint is accepted", 0, "trust", "accept", plant.thumbprint)
    lockgate.expect("the plant does not know us", 6, "source", "check", SOURCE)
    own = lockgate.expect("our thumbprint", 0, "cert", "show", "--json").json()["certificates"][0]["thumbprint"]
    lockgate.expect("the plant accepts it", 0, "trust", "accept", own, "--pki", str(plant.pki))
    lockgate.expect("the password", 0, "login", SOURCE, "--password-stdin", stdin=f"{plant.password}\n")
    text = lockgate.config.read_text()
    every_change = '[[source]]\npublishing_interval = "500ms"\nsampling_interval = "0s"'
    lockgate.config.write_text(text.replace("[[source]]", every_change))


def flow(lockgate: Lockgate, plant: Simulated, link: Link | None, seconds: float, checks: Checks) -> Usage | None:
    begin = time.time_ns()
    lockgate.start()
    wait_until_flowing(lockgate, begin, checks, "values flow")
    time.sleep(WARM_UP)
    usage = Usage(lockgate.process.pid, lockgate.home / "data")
    usage.begin()
    if link is None:
        time.sleep(seconds)
    else:
        time.sleep(seconds / 4)
        lockgate.kill()
        time.sleep(AWAY)
        since = time.time_ns()
        lockgate.start()
        wait_until_flowing(lockgate, since, checks, "after kill -9 and restart, values flow again")
        time.sleep(seconds / 4)
        link.cut()
        time.sleep(AWAY)
        since = time.time_ns()
        link.mend()
        wait_until_flowing(lockgate, since, checks, f"after the link was cut for {AWAY:g} s, values flow again")
        time.sleep(seconds / 4)
        plant.kill()
        time.sleep(AWAY)
        since = time.time_ns()
        plant.start()
        wait_until_flowing(lockgate, since, checks, "after kill -9 and restart of the plant, values flow again")
        time.sleep(seconds / 4)
    usage.end_of_flow()
    if link is not None:
        link.cut()
    plant.stop()
    sealed = until(lambda: lockgate.unsealed() == 0, SEALED_TIMEOUT)
    checks.need("what was collected is sealed into files", sealed, f"{lockgate.unsealed()} values are not")
    if link is None:
        usage.end()
    code = lockgate.stop()
    checks.need("lockgate stops when asked", code == 0, f"exit {code}")
    return usage if link is None else None


def wait_until_flowing(lockgate: Lockgate, since: int, checks: Checks, name: str) -> None:
    begin = time.monotonic()
    flowing = until(lambda: lockgate.states(since) == {SOURCE: "flowing"}, FLOWING_TIMEOUT)
    seen = f"{time.monotonic() - begin:.1f} s" if flowing else f"{lockgate.states()}\n{lockgate.recent_log()}"
    checks.need(name, flowing, seen)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockgate", type=Path, required=True, help="an optimised build")
    parser.add_argument("--folder", type=Path, required=True, help="made anew")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long values flow")
    parser.add_argument("--counters", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=100_000, help="values in a second, all counters together")
    parser.add_argument("--trouble", action="store_true", help="kill -9 of lockgate and of the plant, and a link that is cut")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
