"""What our server costs, and beside a server in C: the same client, the same counters, turn about, in one run.

What counts is the processor time of the server's process for each value that arrived. Beside it: how soon a large plant is up and in
how much memory, what two hundred thousand changes a second to one encrypted subscriber take, and what sessions that ask for nothing keep.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

import plant
from checks import Checks
from identity import Identity, make_identity
from peer import Peer, free_port

STREAMS, RATE = 100_000, 200_000
START_WITHIN, MOST_MIB = 2.0, 300
# a stuck sensor and a slow machine send less
ENOUGH = 0.9
SESSIONS, SESSIONS_MIB = 100, 20
ITEMS, PERIOD_MS = 10_000, 100
MOST_OF_THEIRS = 1.0
STARTS, TIMEOUT = 3, 180


def main() -> int:
    arguments = parse_arguments()
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checks = Checks()
    own = make_identity(folder, "client", "urn:localhost:interop:client")
    large(arguments, own, checks)
    idle(arguments, own, checks)
    compare(arguments, own, checks)
    print(f"  {checks.summary()}")
    return 1 if checks.failed else 0


class Serving(plant.Plant):
    """`serve` of the plant: what it needed until it was up."""

    def __init__(self, arguments: argparse.Namespace, name: str, own: Identity, counters: int, period_ms: int, streams: int) -> None:
        self.pki = arguments.folder / name / "pki"
        trusted = self.pki / "trusted/certs"
        trusted.mkdir(parents=True, exist_ok=True)
        shutil.copy(own.certificate, trusted)
        words = [self.pki, free_port(), counters, period_ms, plant.PASSWORD, streams]
        begun = time.monotonic()
        self.process = subprocess.Popen([str(arguments.plant), *map(str, words)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        self.took = time.monotonic() - begun
        if not self.url:
            raise RuntimeError("the plant does not start")


def large(arguments: argparse.Namespace, own: Identity, checks: Checks) -> None:
    period_ms = STREAMS * 1000 // RATE
    starts, server = [], None
    try:
        for _ in range(STARTS):
            if server:
                server.stop()
            server = Serving(arguments, "large", own, 0, period_ms, STREAMS)
            starts.append(server.took)
        assert server
        # the first start makes a key besides, which takes as long as chance wants
        took, shown = statistics.median(starts[1:]), ", ".join(f"{start:.2f}" for start in starts)
        spent = server.processor_time()
        name = f"{STREAMS:,} variables are up within {START_WITHIN:g} s"
        shown = f"{shown} s (the first makes a key), {spent:.2f} s of the processor"
        if spent <= START_WITHIN < took:
            checks.not_judged(name, f"the machine does other things; {shown}")
        else:
            checks.check(name, took <= START_WITHIN, shown)
        memory = server.memory_kib() / 1024
        checks.check(f"{STREAMS:,} variables in at most {MOST_MIB} MiB", memory <= MOST_MIB, f"{memory:.0f} MiB")
        words = [*security(own, server), "--below", "Plant.Works", "--items", str(STREAMS)]
        seen = measure(arguments, "subscribe", server.url, server.process.pid, words)
        rate, cores = seen["values"] / seen["wall_ns"] * 1e9, seen["server_cpu_ns"] / seen["wall_ns"]
        name = f"{RATE:,} changes/s to one encrypted subscriber on one core or less"
        shown = (
            f"{rate:,.0f} values/s, {cores:.2f} of a core, {seen['server_cpu_ns'] / seen['values']:.0f} ns a value; "
            f"{server.memory_kib() / 1024:.0f} MiB while it does"
        )
        if rate < ENOUGH * RATE and cores <= 1:
            checks.not_judged(name, f"server and client do not make so many on this machine; {shown}")
        else:
            checks.check(name, cores <= 1, shown)
    finally:
        if server:
            server.stop()


def idle(arguments: argparse.Namespace, own: Identity, checks: Checks) -> None:
    server = Serving(arguments, "idle", own, 20, 500, 0)
    try:
        words = [*security(own, server), "--items", str(SESSIONS)]
        seen = measure(arguments, "idle", server.url, server.process.pid, words)
        grown = (seen["server_kib_after"] - seen["server_kib_before"]) / 1024
        shown = f"{grown:.1f} MiB more, {seen['server_kib_after'] / 1024:.1f} MiB in all"
        checks.check(f"{SESSIONS} idle sessions by password in at most {SESSIONS_MIB} MiB", grown <= SESSIONS_MIB, shown)
    finally:
        server.stop()


def compare(arguments: argparse.Namespace, own: Identity, checks: Checks) -> None:
    ours = Serving(arguments, "beside", own, ITEMS, PERIOD_MS, 0)
    theirs, files = open62541(arguments, own)
    try:
        theirs.start()
        assert theirs.process
        url = theirs.url.removesuffix("/interop")
        costs, ratios = [], []
        for _ in range(arguments.rounds):
            one = measure(arguments, "subscribe", ours.url, ours.process.pid, [*security(own, ours), "--first", "1"])
            other = measure(arguments, "subscribe", url, theirs.process.pid, files)
            costs.append([seen["server_cpu_ns"] / seen["values"] for seen in (one, other)])
            ratios.append(costs[-1][0] / costs[-1][1])
        mine, other = (statistics.median(cost[which] for cost in costs) for which in (0, 1))
        checks.check(
            f"at most {MOST_OF_THEIRS:g} of the C server for a value, {plant.POLICY} SignAndEncrypt",
            statistics.median(ratios) <= MOST_OF_THEIRS,
            f"{mine:.0f} ns of the server's process beside {other:.0f}: {statistics.median(ratios):.2f} of it; {ITEMS:,} counters, "
            f"each every {PERIOD_MS} ms, computed here and written there",
        )
    finally:
        ours.stop()
        theirs.stop()


def open62541(arguments: argparse.Namespace, own: Identity) -> tuple[Peer, list[str]]:
    folder = arguments.folder / "open62541"
    identity = make_identity(folder, "server", "urn:localhost:interop:open62541")
    words = [str(arguments.open62541), f"--certificate={identity.certificate}", f"--key={identity.key}", "--anonymous"]
    server = Peer(
        "open62541",
        words,
        folder / "server",
        port=free_port(),
        variables=ITEMS,
        period_ms=PERIOD_MS,
        seconds=1800,
        node_modules=folder,
        clients="ApplCerts",
    )
    trusted = server.pki / "trusted/certs"
    trusted.mkdir(parents=True)
    shutil.copy(own.certificate, trusted)
    return server, certificates(own, identity.certificate)


def certificates(own: Identity, server: Path) -> list[str]:
    files = {"policy": plant.POLICY, "certificate": own.certificate, "key": own.key, "server-certificate": server}
    return [word for name, value in files.items() for word in (f"--{name}", str(value))]


def security(own: Identity, server: Serving) -> list[str]:
    login = ["--namespace", plant.NAMESPACE, "--user", plant.USER, "--password", plant.PASSWORD]
    return [*certificates(own, server.certificate), *login]


def measure(arguments: argparse.Namespace, work: str, url: str, process: int, words: list[str]) -> dict:
    line = [str(arguments.ours), work, "--url", url, "--server-pid", str(process), "--secs", str(arguments.seconds), *words]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=TIMEOUT)
    return json.loads(done.stdout)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", type=Path, required=True, help="the example `measure` of ua-client")
    parser.add_argument("--plant", type=Path, required=True, help="the example `serve` of plant")
    parser.add_argument("--open62541", type=Path, required=True, help="our server on it")
    parser.add_argument("--folder", type=Path, required=True, help="made anew; holds everything the run makes")
    parser.add_argument("--seconds", type=float, default=5, help="how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=5, help="how many pairs of measurements")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
