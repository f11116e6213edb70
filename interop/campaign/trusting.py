"""From nothing to a configured source: every refusal on the way is met on purpose, and must explain itself."""

import stat

from checks import Checks
from lockgate import Lockgate
from peer import PASSWORD, USER, Peer
from waiting import until

POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
ROOT = "nsu=urn:lockgate:interop:counters;s=Counters"
WRONG_PASSWORD = "wrong horse"
CERTIFICATE_MOVED_TIMEOUT = 30


def settle(lockgate: Lockgate, peers: list[Peer], checks: Checks) -> None:
    checks.part("init")
    lockgate.expect("init makes a configuration and our certificate", 0, "init")
    keys = list(lockgate.home.glob("pki/own/private/*"))
    modes = {stat.S_IMODE(key.stat().st_mode) for key in keys}
    checks.need("the private key is for nobody else", modes == {0o600}, [oct(mode) for mode in modes])
    shown = lockgate.expect("our own certificate can be shown", 0, "cert", "show", "--json").json()
    own = shown["certificates"][0]["thumbprint"]
    for peer in peers:
        checks.part(f"{peer.name}: {peer.url}")
        lockgate.expect(
            "discover lists every secure endpoint and the server's thumbprint",
            0,
            *("discover", peer.url, "--json"),
            says=(*POLICIES, "SignAndEncrypt", peer.thumbprint),
        )
        we_trust_the_server(lockgate, peer)
        under_another_name(lockgate, peer)
        the_server_trusts_us(lockgate, peer, own)
        the_server_lets_us_in(lockgate, peer)
    where_the_password_is(lockgate)
    ask_for_every_change(lockgate)


def we_trust_the_server(lockgate: Lockgate, peer: Peer) -> None:
    add(lockgate, peer.name, peer.url, "an unknown server is refused by us", says=("trust accept", peer.thumbprint))
    # a near miss must not be accepted
    wrong = ("0" if peer.thumbprint[0] != "0" else "1") + peer.thumbprint[1:]
    refused = lockgate("trust", "accept", wrong)
    lockgate.checks.need("a thumbprint that differs in one digit accepts nothing", refused.code != 0, refused.code)
    lockgate.expect("its thumbprint, compared on the server, is accepted", 0, "trust", "accept", peer.thumbprint)


def under_another_name(lockgate: Lockgate, peer: Peer) -> None:
    name, url = f"{peer.name}-elsewhere", peer.url.replace("localhost", "127.0.0.1")
    add(lockgate, name, url, "under another host name it is refused by us", says=("HostNameInvalid", "localhost"))
    lockgate.expect("that source can be removed", 0, "source", "remove", name)


def the_server_trusts_us(lockgate: Lockgate, peer: Peer, own: str) -> None:
    check = ("source", "check", peer.name)
    lockgate.expect("a server that does not know us: named as such, with our thumbprint", 6, *check, says=(own,))
    waiting = peer.waiting_certificates()
    lockgate.checks.need("the server kept our certificate for its administrator", len(waiting) == 1, len(waiting))

    def let_in() -> bool:
        # a server that is still writing its refusal down may put the file back: the administrator looks again
        peer.trust_clients()
        return lockgate(*check).code != 6

    # servers watch their folder; until they looked, the answer is 6 again
    trusted = until(let_in, CERTIFICATE_MOVED_TIMEOUT, every=1.0)
    lockgate.checks.need("the server trusts us once its administrator said so", trusted)


def the_server_lets_us_in(lockgate: Lockgate, peer: Peer) -> None:
    lockgate.expect(
        "a wrong password is refused by the server",
        7,
        "source",
        "check",
        peer.name,
        says=(f"lockgate login {peer.name}",),
    )
    login = ("login", peer.name, "--password-stdin")
    lockgate.expect("a wrong password is not taken", 7, *login, stdin=f"{WRONG_PASSWORD}\n")
    lockgate.expect("the right password is taken, and tried", 0, *login, stdin=f"{PASSWORD}\n")
    lockgate.expect("the source is ready", 0, "source", "check", peer.name)


def where_the_password_is(lockgate: Lockgate) -> None:
    files = [path for path in lockgate.home.rglob("*") if path.is_file()]
    holders = [path for path in files if PASSWORD.encode() in path.read_bytes()]
    readable = [path.name for path in holders if stat.S_IMODE(path.stat().st_mode) & 0o077]
    lockgate.checks.need("no file that others may read holds the password", not readable, readable or "")
    lockgate.checks.need("the configuration does not hold it", lockgate.config not in holders)


def add(lockgate: Lockgate, name: str, url: str, what: str, says: tuple[str, ...]) -> None:
    command = ("source", "add", name, url, "--user", USER, "--password-stdin", "--root", ROOT)
    lockgate.expect(what, 5, *command, says=says, stdin=f"{WRONG_PASSWORD}\n")


def ask_for_every_change(lockgate: Lockgate) -> None:
    """Sampling interval 0 asks for every change; files are sealed often enough to be many."""
    text = lockgate.config.read_text()
    text = text.replace("[[source]]", '[[source]]\npublishing_interval = "500ms"\nsampling_interval = "0s"')
    text = text.replace('seal_every = "1m"', 'seal_every = "5s"')
    lockgate.config.write_text(text)
