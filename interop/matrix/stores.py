"""lockgate's certificate stores: one in which all is well, and one for each thing that can be wrong with a store."""

import shutil
from pathlib import Path

from identity import Identity, make_identity

SIZES = (2048, 4096)


class Stores:
    def __init__(self, folder: Path, servers: list[Identity]) -> None:
        self.folder, self.servers = folder, servers
        self.clients: dict[str, Identity] = {}
        self.users: dict[str, Identity] = {}
        for bits in SIZES:
            self.add(f"known-{bits}", bits=bits)
            # nobody trusts it
            self.add(f"stranger-{bits}", bits=bits)
            # the servers would trust it, were it not too old
            self.add(f"outdated-{bits}", bits=bits, expired=True, key_of=self.clients[f"known-{bits}"])
            for name in (f"user-{bits}", f"nobody-{bits}"):
                self.users[name] = make_identity(folder / "users", name, f"urn:localhost:interop:{name}", bits=bits)

    def add(self, name: str, **kind) -> None:
        client = make_identity(self.folder / "clients", name, "urn:localhost:interop:lockgate", **kind)
        self.clients[name] = client
        self.lay_out(self.folder / name, client, self.servers)

    def lay_out(self, store: Path, client: Identity, trusted: list[Identity]) -> None:
        for part in ("own/certs", "own/private", "trusted/certs"):
            (store / part).mkdir(parents=True, mode=0o700)
        shutil.copy(client.certificate, store / "own/certs/lockgate.der")
        shutil.copy(client.key, store / "own/private/lockgate.pem")
        for server in trusted:
            (store / "trusted/certs" / f"{server.thumbprint}.der").write_bytes(server.der)

    def known_clients(self) -> list[Identity]:
        return [client for name, client in self.clients.items() if not name.startswith("stranger")]

    def known_users(self) -> list[Identity]:
        """People that the servers know by their certificates; the others are strangers."""
        return [user for name, user in self.users.items() if name.startswith("user")]

    def store(self, name: str) -> Path:
        return self.folder / name

    def distrustful(self, name: str, bits: int) -> Path:
        """A store of our own making that trusts nobody."""
        store = self.folder / f"distrustful-{name}"
        self.lay_out(store, self.clients[f"known-{bits}"], [])
        return store
