"""The servers of the matrix: of each peer one for each key size, and one more whose certificate expired."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from identity import Identity, make_identity
from peer import Peer, free_port

INTEROP = Path(__file__).resolve().parents[1]
SIZES = (2048, 4096)
VARIABLES = 20
HISTORY = 500
SECONDS = 600
GOOD, EXPIRED = "good", "expired"
# where a store keeps the clients it trusts
CLIENTS = {"open62541": "ApplCerts"}
# and the people, beside it
USERS = {"node-opcua": "users", "asyncua": "users", "open62541": "UserTokenCerts"}

Key = tuple[str, int, str]


class Servers:
    """Peers by name, key size and whether their certificate is good."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.commands = {
            "node-opcua": ["node", str(INTEROP / "node-opcua/server.cjs")],
            "asyncua": [sys.executable, str(INTEROP / "asyncua/server.py")],
            "open62541": [str(arguments.open62541)],
        }
        self.names = list(self.commands)
        self.peers: dict[Key, Peer] = {}
        self.own: dict[Key, Identity] = {}
        for name in self.names:
            for bits in SIZES:
                self.add((name, bits, GOOD), folder, arguments.node_modules)
            self.add((name, SIZES[0], EXPIRED), folder, arguments.node_modules)

    def add(self, key: Key, folder: Path, node_modules: Path) -> None:
        name, bits, standing = key
        place = folder / f"{name}-{bits}-{standing}"
        uri = f"urn:localhost:interop:{name}"
        good = self.own.get((name, bits, GOOD))
        identity = make_identity(place / "own", name, uri, bits=bits, expired=standing == EXPIRED, key_of=good)
        files = [f"--certificate={identity.certificate}", f"--key={identity.key}"]
        self.own[key] = identity
        self.peers[key] = Peer(
            place.name,
            [*self.commands[name], *files, "--anonymous", "--sign", f"--history={HISTORY}"],
            place,
            port=free_port(),
            variables=VARIABLES,
            period_ms=200,
            seconds=SECONDS,
            node_modules=node_modules,
            clients=CLIENTS.get(name, ""),
        )

    def identities(self) -> list[Identity]:
        return list(self.own.values())

    def start(self, stores) -> None:
        """Each trusts the clients and the people of `stores` that are meant to be trusted, from its start."""
        for (name, _, _), peer in self.peers.items():
            trust(peer.pki, stores.known_clients())
            trust(peer.folder / "pki" / USERS[name], stores.known_users())
        with ThreadPoolExecutor(len(self.names)) as pool:
            list(pool.map(Peer.start, self.peers.values()))

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.peers)) as pool:
            list(pool.map(Peer.stop, self.peers.values()))


def trust(store: Path, identities: list[Identity]) -> None:
    trusted = store / "trusted" / "certs"
    trusted.mkdir(parents=True)
    for identity in identities:
        (trusted / f"{identity.thumbprint}.der").write_bytes(identity.der)
