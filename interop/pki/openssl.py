"""`openssl verify` as a judge of the case folders.

It knows no trust list in OPC UA's sense, so it is asked twice: is there a chain to any self-signed root of the store that is
right in every way, revocation lists included; and does what is in trusted/ vouch for it (`-partial_chain`). Both must be.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FLAGS = ["-check_ss_sig", "-x509_strict", "-verify_depth", "9"]
# what `verify` may be told to pass over, by what OPC UA lets an administrator suppress
SUPPRESS = {"BadCertificateTimeInvalid": "-no_check_time"}


def pem(kind: str, der: bytes) -> bytes:
    """As PEM text, of whatever bytes."""
    import base64
    import textwrap

    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()


def split(der: bytes) -> list[bytes]:
    """The DER elements one after the other; the last may be rubbish."""
    found = []
    while der:
        if len(der) < 4 or der[0] != 0x30 or not der[1] & 0x80:
            return [*found, der]
        count = der[1] & 0x7F
        length = 2 + count + int.from_bytes(der[2 : 2 + count], "big")
        found.append(der[:length])
        der = der[length:]
    return found


def read(folder: Path, kind: str) -> list[bytes]:
    """The files of a folder as PEM."""
    found = []
    for path in sorted(folder.glob("*")):
        content = path.read_bytes()
        found.append(content if content.startswith(b"-----BEGIN") else pem(kind, content))
    return found


class Case:
    def __init__(self, root: Path, case: dict):
        self.case = case
        self.folder = root / case["folder"]
        store = self.folder / "pki"
        self.trusted = read(store / "trusted/certs", "CERTIFICATE")
        self.issuers = read(store / "issuers/certs", "CERTIFICATE")
        self.lists = read(store / "trusted/crl", "X509 CRL") + read(store / "issuers/crl", "X509 CRL")
        self.leaf, *self.sent = split((self.folder / case["chain"]).read_bytes()) or [b""]

    def judge(self) -> str:
        sent = [pem("CERTIFICATE", one) for one in self.sent]
        everything = self.trusted + self.issuers
        dates = [SUPPRESS[one] for one in self.case["suppress"] if one in SUPPRESS]
        whole = self.verify(everything + sent, everything + sent, [*self.details(), *dates])
        if whole != "Good":
            return whole
        trusted = self.verify(self.trusted, self.issuers + sent, ["-partial_chain", *dates])
        return "Good" if trusted == "Good" else f"untrusted: {trusted}"

    def details(self) -> list[str]:
        role, host, details = self.case["role"], self.case["host"], []
        if role in ("server", "client"):
            details += ["-purpose", f"ssl{role}"]
        if role == "server" and host is not None:
            host = host.strip("[]").split("%")[0]
            details += ["-verify_ip" if is_address(host) else "-verify_hostname", host]
        if self.case["policy"]:
            # 112 bits: RSA-2048 and SHA-256 at least
            details += ["-auth_level", "2"]
        # a self-signed certificate needs no list (Part 4 §6.1.3); openssl would ask for one
        if "BadCertificateRevocationUnknown" not in self.case["suppress"] and not self.is_self_issued():
            details += ["-crl_check_all"]
        if "BadCertificateHostNameInvalid" in self.case["suppress"]:
            details = [one for one in details if one not in ("-verify_hostname", "-verify_ip", host)]
        return details

    def is_self_issued(self) -> bool:
        command = ["openssl", "x509", "-noout", "-subject_hash", "-issuer_hash"]
        text = pem("CERTIFICATE", self.leaf)
        done = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
        return done.returncode == 0 and len(set(done.stdout.split())) == 1

    def verify(self, anchors: list[bytes], others: list[bytes], details: list[str]) -> str:
        files = {"anchors": anchors, "others": others, "lists": self.lists, "leaf": [pem("CERTIFICATE", self.leaf)]}
        for name, content in files.items():
            (self.folder / f"openssl-{name}.pem").write_bytes(b"".join(content))
        command = ["openssl", "verify", *FLAGS, *details, "-attime", str(self.case["epoch"])]
        if "-no_check_time" in details:
            command = [one for one in command if one not in ("-attime", str(self.case["epoch"]))]
        command += ["-no-CAfile", "-no-CApath", "-no-CAstore", "-trusted", "openssl-anchors.pem"]
        if others:
            command += ["-untrusted", "openssl-others.pem"]
        if self.lists:
            command += ["-CRLfile", "openssl-lists.pem"]
        done = subprocess.run(
            [*command, "openssl-leaf.pem"], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return "Good" if done.returncode == 0 else reason(done.stdout + done.stderr)


def is_address(host: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def reason(output: str) -> str:
    """The first error, in its words."""
    for line in output.splitlines():
        if line.startswith("error ") and "lookup:" in line:
            return line.split("lookup:", 1)[1].strip()
    lines = output.strip().splitlines() or ["no output"]
    return lines[0][:80]


def main() -> None:
    root = Path(sys.argv[1])
    cases = json.loads((root / "cases.json").read_text())

    def judge(case: dict) -> tuple[str, str]:
        return case["folder"], Case(root, case).judge()

    with ThreadPoolExecutor(4) as pool:
        print(json.dumps(dict(pool.map(judge, cases)), indent=1))


if __name__ == "__main__":
    main()
