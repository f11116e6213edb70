"""The matrix: the real lockgate binary against every peer, policy, mode, key size and login, and every refusal beside it.

For each cell lockgate goes the whole way with `doctor`, as nobody, with a password and with a user's certificate; reads,
browses, watches every change of two seconds, and reads a history in full, against what the server is known to hold. Then
the same cell with one thing wrong each: who does not trust whom, the password, the user's certificate, the host name, a
certificate that expired. It must end with the right exit code and name the right reason. All servers run at once, each
with all of its endpoints.
"""

import argparse
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

from checks import Checks
from cell import Cell, every_cell
from servers import SIZES, Servers
from stores import Stores

WORKERS = 3


def main() -> int:
    arguments = parse_arguments()
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checks, begin = Checks(), time.monotonic()
    servers = Servers(arguments, folder / "servers")
    stores = Stores(folder / "stores", servers.identities())
    try:
        servers.start(stores)
        print(f"  {len(servers.peers)} servers are up after {time.monotonic() - begin:.0f} s", flush=True)
        cells = every_cell(arguments.lockgate, servers, stores)
        commands = run_all(cells, checks)
    finally:
        servers.stop()
    print(f"  {len(cells)} cells, {commands} commands in {time.monotonic() - begin:.0f} s")
    print(f"  {checks.summary()}; everything is kept in {folder}")
    complete = len(cells) == len(servers.names) * len(SIZES) * 6
    return 0 if complete and not checks.failed else 1


def run_all(cells: list[Cell], checks: Checks) -> int:
    """One line a cell; what did not go as it must is shown below it. Returns how many commands there were."""
    commands = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for cell, attempts in zip(cells, pool.map(Cell.run, cells), strict=True):
            wrong = [attempt for attempt in attempts if attempt.problem]
            commands += len(attempts)
            done = " ".join(attempt.name for attempt in attempts if not attempt.problem)
            checks.check(str(cell), not wrong, done)
            for attempt in wrong:
                print(f"         {attempt.name}: {attempt.problem}\n         $ {attempt.shown}\n{attempt.said}", flush=True)
    return commands


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockgate", type=Path, required=True, help="the binary")
    parser.add_argument("--node-modules", type=Path, required=True, help="where node-opcua is installed")
    parser.add_argument("--open62541", type=Path, required=True, help="our server on it")
    parser.add_argument("--folder", type=Path, required=True, help="made anew; holds everything the run makes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
