"""One cell of the matrix: what must work in it, and what must be refused, by whom and why."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from identity import Identity
from lockgate import indent
from peer import PASSWORD, USER, Peer
from servers import EXPIRED, GOOD, HISTORY, SIZES, VARIABLES, Servers
from stores import Stores

POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
# as the command line writes them, and as everybody else does
MODES = {"sign": "Sign", "sign-and-encrypt": "SignAndEncrypt"}
NAMESPACE = "urn:lockgate:interop:counters"
STEPS = ("name", "tcp", "hello", "endpoints", "certificate", "channel", "session", "login", "browse", "read", "subscribe")
WRONG_PASSWORD = "wrong horse"
TIMEOUT = 60
WATCHED = ("Counter0007", "Counter0018")
EVERY_CHANGE = ("--for", "2s", "--sampling-interval", "0s", "--publishing-interval", "200ms")
REMEMBERED = "History03"
OURS_IS_WRONG, WE_DO_NOT_TRUST, SERVER_DOES_NOT_TRUST, LOGIN_REFUSED = 3, 5, 6, 7


@dataclass
class Attempt:
    name: str
    shown: str
    said: str
    problem: str = ""


def every_cell(lockgate: Path, servers: Servers, stores: Stores) -> list["Cell"]:
    return [
        Cell(lockgate, servers, stores, name, bits, policy, mode)
        for name in servers.names
        for bits in SIZES
        for policy in POLICIES
        for mode in MODES
    ]


@dataclass
class Cell:
    lockgate: Path
    servers: Servers
    stores: Stores
    name: str
    bits: int
    policy: str
    mode: str

    def __str__(self) -> str:
        return f"{self.name} {self.bits} {self.policy} {MODES[self.mode]}"

    @property
    def server(self) -> Peer:
        return self.servers.peers[self.name, self.bits, GOOD]

    @property
    def identity(self) -> Identity:
        return self.servers.own[self.name, self.bits, GOOD]

    def run(self) -> list[Attempt]:
        return [*self.what_works(), *self.what_is_refused()]

    def what_works(self) -> list[Attempt]:
        with ThreadPoolExecutor(1) as aside:
            # it waits more than it works
            watching = aside.submit(self.attempt, "subscribe", watched_well, "watch", *map(node, WATCHED), *EVERY_CHANGE)
            attempts = [
                self.attempt("anonymous", whole_way, "doctor", user=None),
                self.attempt("user", whole_way, "doctor"),
                self.attempt("x509", whole_way, "doctor", user=None, person=f"user-{self.bits}"),
                self.attempt("read", read_well, "read", node(WATCHED[0])),
                self.attempt("browse", browsed_well, "browse", node("Counters")),
                self.attempt("history", remembered_well, "history", node(REMEMBERED)),
            ]
            return [*attempts, watching.result()]

    def what_is_refused(self) -> list[Attempt]:
        known = self.stores.store(f"known-{self.bits}")
        wary = self.stores.distrustful(str(self).replace(" ", "-"), self.bits)
        old = self.servers.peers[self.name, SIZES[0], EXPIRED].url
        elsewhere = self.server.url.replace("localhost", "127.0.0.1")
        attempts = [
            self.refused("distrust", WE_DO_NOT_TRUST, "BadCertificateUntrusted", store=wary),
            self.refused("stranger", SERVER_DOES_NOT_TRUST, "", store=self.stores.store(f"stranger-{self.bits}")),
            self.attempt("outdated", says_we_are_outdated, "doctor", store=self.stores.store(f"outdated-{self.bits}")),
            self.refused("password", LOGIN_REFUSED, "", password=WRONG_PASSWORD),
            self.refused("nobody", LOGIN_REFUSED, "", user=None, person=f"nobody-{self.bits}"),
            self.refused("host", WE_DO_NOT_TRUST, "BadCertificateHostNameInvalid", url=elsewhere),
            self.refused("expired", WE_DO_NOT_TRUST, "BadCertificateTimeInvalid", url=old, store=known),
        ]
        kept = [path.read_bytes() for path in wary.glob("rejected/certs/*")]
        if kept != [self.identity.der] and not attempts[0].problem:
            attempts[0].problem = f"the server's certificate is not kept for a decision: {len(kept)} in rejected"
        return attempts

    def refused(self, name: str, code: int, rule: str, **how) -> Attempt:
        def judge(answers: list[dict], seen: int) -> str:
            [answer] = answers
            error = answer.get("error") or {}
            if seen != code:
                return f"exit {seen}, wanted {code}"
            if rule not in str(error.get("rule")):
                return f"the rule is {error.get('rule')!r}, wanted {rule}"
            side = "us" if code == WE_DO_NOT_TRUST else "server"
            if error.get("side") != side:
                return f"the side is {error.get('side')!r}, wanted {side!r}"
            # people get thumbprints with colons
            person = self.stores.users[how["person"]].thumbprint if "person" in how else ""
            return "" if person in json.dumps(error).replace(":", "") else "it does not say whose certificate it is"

        return self.attempt(name, judge, "doctor", **how)

    def attempt(
        self, name, judge, command, *words, url=None, user=USER, password=PASSWORD, person=None, store=None
    ) -> Attempt:
        """Runs one command as `user` with a password, as `person` with a certificate, or as nobody in particular."""
        known = self.stores.store(f"known-{self.bits}")
        options = ["--pki", str(store or known), "--policy", self.policy, "--mode", self.mode, "--json"]
        if user:
            options += ["--user", user, "--password-stdin"]
        if person:
            certificate = self.stores.users[person]
            options += ["--user-cert", str(certificate.certificate), "--user-key", str(certificate.key)]
        line = [str(self.lockgate), command, url or self.server.url, *words, *options]
        done = subprocess.run(line, check=False, input=f"{password}\n", capture_output=True, text=True, timeout=TIMEOUT)
        attempt = Attempt(name, "lockgate " + " ".join(line[1:]), indent(f"{done.stdout}\n{done.stderr}"))
        try:
            attempt.problem = judge(documents(done.stdout), done.returncode)
        except (ValueError, LookupError, TypeError) as error:
            attempt.problem = f"exit {done.returncode}, and the answer cannot be understood: {error!r}"
        return attempt


def documents(text: str) -> list[dict]:
    """One that fills many lines, or one a line."""
    found, rest = [], text.strip()
    while rest:
        document, end = json.JSONDecoder().raw_decode(rest)
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def node(name: str) -> str:
    return f"nsu={NAMESPACE};s={name}"


def whole_way(answers: list[dict], code: int) -> str:
    [answer] = answers
    went = {step["step"]: step["result"] for step in answer["steps"]}
    stuck = {step: went.get(step) for step in STEPS if went.get(step) not in ("ok", "note")}
    if code == 0 and not stuck:
        return ""
    return f"exit {code}, {stuck or 'every step is said to be well'}"


def read_well(answers: list[dict], code: int) -> str:
    [answer] = answers
    [node] = answer["nodes"]
    counted = isinstance(node["value"], int) and node["value"] > 0
    well = code == 0 and node["data_type"] == "UInt32" and node["status"] == "Good" and counted
    return "" if well else f"exit {code}, {node}"


def browsed_well(answers: list[dict], code: int) -> str:
    [answer] = answers
    found = {node["node_id"].rpartition("s=")[2] for node in answer["nodes"]}
    missing = {f"Counter{number:04}" for number in range(VARIABLES)} - found
    return "" if code == 0 and not missing else f"exit {code}, not found: {sorted(missing)}"


def watched_well(answers: list[dict], code: int) -> str:
    """Every change between the first and the last one, and nothing that needed to be told beside them."""
    begin, *rest = answers
    others = [answer for answer in rest if answer["event"] != "value"]
    if code or begin["event"] != "subscribed" or others:
        return f"exit {code}, {[begin['event'], *others]}"
    for name in WATCHED:
        values = [answer["value"] for answer in rest if answer["node"] == node(name) and answer["status"] == "Good"]
        if len(values) < 2 or values != list(range(values[0], values[0] + len(values))):
            return f"the values of {name} are {values}"
    return ""


def remembered_well(answers: list[dict], code: int) -> str:
    """All values of the past, each once, one a second."""
    begin, *values, end = answers
    if code or begin["event"] != "reading" or (end["event"], end["state"]) != ("end", "complete"):
        return f"exit {code}, {begin} … {end}"
    found = [(value["value"], datetime.fromisoformat(value["source_time"]), value["status"]) for value in values]
    start = found[0][1] if found else None
    wanted = [(float(number), start + timedelta(seconds=number), "Good") for number in range(HISTORY)] if start else []
    return "" if found and found == wanted else f"{len(found)} of {HISTORY} values, or not in order: {found[:3]} …"


def says_we_are_outdated(answers: list[dict], code: int) -> str:
    """Nothing is sent that could only be refused."""
    [answer] = answers
    well = code == OURS_IS_WRONG and answer["code"] == "identity.time"
    return "" if well else f"exit {code}, {answer}"
