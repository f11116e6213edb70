"""Plays the administrator and the user with the real lockgate binary against servers that we did not write.

One lockgate, three sources, each behind a link that can be cut or fall silent. Trust is settled on both sides as a person
would, wrong turns included; then lockgate collects, is killed on the way and started again, has its links cut and then
half open, and its servers shut down and later killed. At the end every change that the servers made is looked up in the
Parquet files, with DuckDB and with pandas. A change that is neither there exactly once nor inside an interval of
`lockgate gaps` fails the run.
"""

import argparse
import shutil
import sys
from pathlib import Path

import collecting
import counting
import rehearsal
import trusting
from checks import Checks, Failed
from identity import make_identity
from lockgate import Lockgate
from link import Link
from peer import Peer, free_port

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    arguments = parse_arguments()
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checks = Checks()
    complete = False
    lockgate = Lockgate(arguments.lockgate, folder / "lockgate", checks)
    peers = make_peers(arguments, folder)
    try:
        rehearsal.rehearse(checks)
        for peer in peers:
            peer.link = Link(peer.port)
            peer.start()
        trusting.settle(lockgate, peers, checks)
        run = collecting.collect(lockgate, peers, checks, arguments.seconds)
        counting.count(lockgate, peers, checks, run)
        complete = True
    except Failed as failure:
        print(f"  stopped: {failure}")
    finally:
        lockgate.kill()
        for peer in peers:
            peer.stop()
    print(f"  {checks.summary()}; everything is kept in {folder}")
    return 0 if complete and not checks.failed else 1


def make_peers(arguments: argparse.Namespace, folder: Path) -> list[Peer]:
    # long enough for a slow machine, and an end all the same
    seconds = arguments.seconds + 300
    identity = make_identity(folder / "open62541", "open62541", "urn:localhost:interop:open62541")
    files = [f"--certificate={identity.certificate}", f"--key={identity.key}"]
    scripts = {
        "node": ["node", str(REPOSITORY / "interop/node-opcua/server.cjs")],
        "asyncua": [sys.executable, str(REPOSITORY / "interop/asyncua/server.py")],
        "open62541": [str(arguments.open62541), *files],
    }
    clients = {"open62541": "ApplCerts"}
    return [
        Peer(
            name,
            command,
            folder / name,
            port=free_port(),
            variables=arguments.variables,
            period_ms=arguments.period_ms,
            seconds=seconds,
            node_modules=arguments.node_modules,
            clients=clients.get(name, ""),
        )
        for name, command in scripts.items()
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockgate", type=Path, required=True, help="the binary")
    parser.add_argument("--node-modules", type=Path, required=True, help="where node-opcua is installed")
    parser.add_argument("--open62541", type=Path, required=True, help="our server on it")
    parser.add_argument("--folder", type=Path, required=True, help="made anew; holds everything the run makes")
    parser.add_argument("--seconds", type=float, default=45, help="how long to collect, the restart included")
    parser.add_argument("--variables", type=int, default=300, help="per server")
    parser.add_argument("--period-ms", type=int, default=100, help="each variable changes once in this time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
