"""Our client beside a C client: the same work on the same server in the same run, turn about.

What counts is the processor time of the client's process alone, for each value. On a machine that does other things too,
such a figure wavers; so each pair is measured several times, one after the other, and the median of the ratios is judged.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

import cut
import plant
import sessions
from checks import Checks
from identity import Identity, make_identity
from peer import Peer, free_port
from works import WORKS, Work

ITEMS = 10_000
FEW_ITEMS = 100
PERIOD_MS = 100
HISTORY = 50_000
TREE = 100_000
POLICY = "Basic256Sha256"
MAX_RECEIVE_KIB = 32 * 1024
TIMEOUT = 120


def main() -> int:
    arguments = parse_arguments()
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checks = Checks()
    own = make_identity(folder, "client", "urn:localhost:interop:client")
    server, files = make_server(arguments, folder / "large", own, ITEMS)
    small, _ = make_server(arguments, folder / "small", own, FEW_ITEMS)
    try:
        server.start()
        for work in WORKS:
            if arguments.only in (None, work.name):
                for security in ([], files):
                    compare(arguments, server, work, security, checks)
        if arguments.only in (None, "connect"):
            for security in ([], files):
                connect(arguments, server, security, checks)
        if arguments.only in (None, "plant"):
            run = partial(measure_at, arguments.ours)
            plant.measure(arguments, own, run, ITEMS, PERIOD_MS, MAX_RECEIVE_KIB, checks)
        if arguments.only in (None, "cut"):
            small.start()
            cut.measure(arguments.lockgate, small, checks, folder / "lockgate")
    finally:
        server.stop()
        small.stop()
    print(f"  {checks.summary()}")
    return 1 if checks.failed else 0


def make_server(arguments: argparse.Namespace, folder: Path, own: Identity, items: int) -> tuple[Peer, list[str]]:
    identity = make_identity(folder, "server", "urn:localhost:interop:open62541")
    extra = ["--danger-none", "--anonymous", "--mixed", f"--history={HISTORY}"]
    if items == ITEMS:
        extra.append(f"--tree={TREE}")
    server = Peer(
        "open62541",
        [str(arguments.open62541), f"--certificate={identity.certificate}", f"--key={identity.key}", *extra],
        folder / "server",
        port=free_port(),
        variables=items,
        period_ms=PERIOD_MS,
        seconds=1800,
        node_modules=folder,
        clients="ApplCerts",
    )
    trusted = server.pki / "trusted/certs"
    trusted.mkdir(parents=True)
    shutil.copy(own.certificate, trusted)
    files = {"policy": POLICY, "certificate": own.certificate, "key": own.key, "server-certificate": identity.certificate}
    return server, [word for name, value in files.items() for word in (f"--{name}", str(value))]


def compare(arguments: argparse.Namespace, server: Peer, work: Work, security: list[str], checks: Checks) -> None:
    ours, theirs, ratios, peak, rate = [], [], [], 0, []
    for _ in range(arguments.rounds):
        one = measure(arguments.ours, server, work.name, security, arguments.seconds)
        other = measure(arguments.client, server, work.name, security, arguments.seconds)
        ours.append(one["cpu_ns"] / one["values"])
        theirs.append(other["cpu_ns"] / other["values"])
        ratios.append(ours[-1] / theirs[-1])
        peak = max(peak, one["peak_kib"])
        rate.append(one["values"] / one["wall_ns"] * 1e9)
    middle = statistics.median
    name = f"{work.shown}, {POLICY + ' SignAndEncrypt' if security else 'None'}"
    target = work.encrypted_ns if security else work.none_ns
    checks.check(
        f"{name}: at most {work.ratio:g} of the C client",
        middle(ratios) <= work.ratio,
        f"{middle(ours):.0f} ns a value beside {middle(theirs):.0f}: {middle(ratios):.2f} of it; target {target} ns on a "
        f"quiet machine; {middle(rate):,.0f} values/s, peak {peak / 1024:.1f} MiB",
    )
    if work.name == "subscribe":
        seen = f"{peak / 1024:.1f} MiB with {ITEMS:,} items at {middle(rate):,.0f} values/s"
        checks.check(f"{name}: at most 32 MiB of memory", peak <= MAX_RECEIVE_KIB, seen)


def connect(arguments: argparse.Namespace, server: Peer, security: list[str], checks: Checks) -> None:
    seen = measure(arguments.ours, server, "connect", security, arguments.seconds * 3)
    sessions.judge(f"{POLICY + ' SignAndEncrypt' if security else 'None'}", seen, "", checks)


def measure(program: Path, server: Peer, work: str, security: list[str], seconds: float) -> dict:
    return measure_at(program, server.url.removesuffix("/interop"), work, security, seconds)


def measure_at(program: Path, url: str, work: str, security: list[str], seconds: float) -> dict:
    line = [str(program), work, "--url", url, "--secs", str(seconds), "--items", str(ITEMS), *security]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=TIMEOUT)
    return json.loads(done.stdout)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", type=Path, required=True, help="the example `measure` of ua-client")
    parser.add_argument("--plant", type=Path, required=True, help="the example `serve` of plant")
    parser.add_argument("--lockgate", type=Path, required=True, help="the binary")
    parser.add_argument("--client", type=Path, required=True, help="the C client on open62541")
    parser.add_argument("--open62541", type=Path, required=True, help="our server on it")
    parser.add_argument("--folder", type=Path, required=True, help="made anew; holds everything the run makes")
    parser.add_argument("--seconds", type=float, default=3, help="how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=5, help="how many pairs of measurements")
    parser.add_argument("--only", choices=[*(work.name for work in WORKS), "connect", "plant", "cut"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
