"""An asyncua server whose variables count, and which writes down every change that it made.

Encrypted endpoints only, user name and password or the certificate of a user for data, real trust in client certificates:
an unknown one lands in PKI/rejected, and is accepted once its file lies in PKI/trusted/certs. Trust, validation and login
are asyncua's own, apart from whom a user's certificate lets in, which asyncua leaves to its user; nothing here knows lockgate.

Variable i belongs to group i % GROUPS. Every period each group takes its turn: its variables all go up by exactly one,
with one source time, and one line goes to the truth file: {"group":g,"value":n,"time_ms":t}.
SIGUSR1 stops the counting and leaves the server up, so that a client can collect the rest. A server that is started
again on its truth file goes on where it was.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GROUPS = 10
APPLICATION_URI = "urn:localhost:interop:asyncua"
HISTORIES = 10
ENCRYPTED = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]
SIGNED = [
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_Sign,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign,
]


async def main() -> None:
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING)
    certificate, key = given_identity(arguments) if arguments.certificate else identity(arguments.pki)
    server = await make_server(arguments, certificate, key)
    counters = await add_counters(server, arguments.variables)
    await add_histories(server, arguments.history)
    stop, freeze = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, freeze.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server:
        counting = asyncio.create_task(count(server, counters, arguments.period_ms, arguments.truth, freeze))
        counting.add_done_callback(lambda task: stop.set() if task.exception() else None)
        thumbprint = hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
        url = f"opc.tcp://localhost:{arguments.port}/interop"
        print(json.dumps({"ready": True, "url": url, "thumbprint": thumbprint}), flush=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), arguments.secs)
        freeze.set()
        await counting


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--variables", type=int, default=1000)
    parser.add_argument("--period-ms", type=int, default=100)
    parser.add_argument("--user", default="reader")
    parser.add_argument("--password", required=True)
    parser.add_argument("--secs", type=float, default=900)
    parser.add_argument("--certificate", type=Path, help="in DER, with --key in PEM; made where there is none")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--anonymous", action="store_true", help="let in who has no name, too")
    parser.add_argument("--sign", action="store_true", help="offer endpoints that only sign, too")
    parser.add_argument("--history", type=int, default=0, help="values in the past of each history variable")
    return parser.parse_args()


class Logins:
    """Lets in one user with a password, whose certificate lies in PKI/users/trusted/certs, and if wanted who is nobody."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.login = (arguments.user, arguments.password)
        self.anonymous = arguments.anonymous
        self.people = arguments.pki / "users" / "trusted" / "certs"
        self.applications = arguments.pki / "trusted" / "certs"
        self.people.mkdir(parents=True, exist_ok=True)

    def get_user(self, iserver, username=None, password=None, certificate=None) -> User | None:
        return User(role=UserRole.User, name=username) if self.knows(username, password, certificate) else None

    def knows(self, username: str | None, password: str | None, certificate: bytes | None) -> bool:
        if username is not None:
            return (username, password) == self.login
        # without a name it is the certificate of a person; where a client showed none, that of its application
        if certificate is not None and certificate in contents(self.people):
            return True
        return self.anonymous and (certificate is None or certificate in contents(self.applications))


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


class FolderTrust:
    """asyncua's own validator over a folder that an administrator moves files in; it is read for every client."""

    def __init__(self, pki: Path, own: x509.Certificate) -> None:
        self.trusted, self.rejected = pki / "trusted" / "certs", pki / "rejected"
        self.crl = pki / "trusted" / "crl"
        for folder in (self.trusted, self.rejected, self.crl):
            folder.mkdir(parents=True, exist_ok=True)
        # asyncua cannot load an empty trust list
        (self.trusted / "own.der").write_bytes(own.public_bytes(serialization.Encoding.DER))
        self.store = TrustStore([self.trusted], [self.crl])
        options = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
        self.validator = CertificateValidator(options, self.store)

    async def __call__(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        await self.store.load()
        try:
            await self.validator(certificate, application)
        except ServiceError:
            der = certificate.public_bytes(serialization.Encoding.DER)
            (self.rejected / f"{hashlib.sha1(der).hexdigest().upper()}.der").write_bytes(der)
            raise


async def make_server(arguments: argparse.Namespace, certificate: x509.Certificate, key: Path) -> Server:
    server = Server(user_manager=Logins(arguments))
    await server.init()
    server.set_endpoint(f"opc.tcp://localhost:{arguments.port}/interop")
    server.socket_address = ("127.0.0.1", arguments.port)
    server.set_server_name("Interop asyncua")
    await server.set_application_uri(APPLICATION_URI)
    server.set_security_policy([*ENCRYPTED, *(SIGNED if arguments.sign else [])])
    anonymous = [ua.AnonymousIdentityToken] if arguments.anonymous else []
    server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken, *anonymous])
    server.set_certificate_validator(FolderTrust(arguments.pki, certificate))
    await server.load_certificate(certificate.public_bytes(serialization.Encoding.DER), "der")
    await server.load_private_key(key)
    return server


async def add_counters(server: Server, number: int) -> list[ua.NodeId]:
    namespace = await server.register_namespace("urn:lockgate:interop:counters")
    folder = await server.nodes.objects.add_folder(ua.NodeId("Counters", namespace), f"{namespace}:Counters")
    counters = []
    for index in range(number):
        name = f"Counter{index:04}"
        node = await folder.add_variable(ua.NodeId(name, namespace), f"{namespace}:{name}", 0, ua.VariantType.UInt32)
        counters.append(node.nodeid)
    return counters


async def add_histories(server: Server, values: int) -> None:
    """Variables with a past: values 0, 1, 2 … one a second, the last one now."""
    if values == 0:
        return
    namespace = await server.get_namespace_index("urn:lockgate:interop:counters")
    folder = await server.nodes.objects.add_folder(ua.NodeId("Histories", namespace), f"{namespace}:Histories")
    storage = server.iserver.history_manager.storage
    end = datetime.now(UTC).replace(microsecond=0)
    for index in range(HISTORIES):
        name = f"History{index:02}"
        node = await folder.add_variable(ua.NodeId(name, namespace), f"{namespace}:{name}", 0.0, ua.VariantType.Double)
        for attribute in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
            await node.set_attr_bit(attribute, ua.AccessLevel.HistoryRead)
        await storage.new_historized_node(node.nodeid, None)
        for value in range(values):
            time_of_value = end - timedelta(seconds=values - 1 - value)
            variant = ua.Variant(float(value), ua.VariantType.Double)
            data = ua.DataValue(variant, SourceTimestamp=time_of_value, ServerTimestamp=time_of_value)
            await storage.save_node_value(node.nodeid, data)


async def count(server: Server, counters: list[ua.NodeId], period_ms: int, path: Path, freeze: asyncio.Event) -> None:
    """Counts until told to stop; what is on disk is what the clients were told."""
    done = path.read_text().count('"group":') if path.exists() else 0
    with path.open("a", encoding="utf-8") as truth:

        def write(line: dict) -> None:
            truth.write(json.dumps(line) + "\n")
            truth.flush()

        write({"variables": len(counters), "groups": GROUPS, "period_ms": period_ms, "started_ms": epoch_ms()})
        start, step, turn = time.monotonic(), period_ms / 1000 / GROUPS, done
        while not freeze.is_set():
            while turn - done < (time.monotonic() - start) / step and not freeze.is_set():
                group, value, now = turn % GROUPS, turn // GROUPS + 1, epoch_ms()
                source_time = datetime.fromtimestamp(now / 1000, UTC).replace(tzinfo=None)
                source_time = source_time.replace(microsecond=now % 1000 * 1000)
                data = ua.DataValue(ua.Variant(value, ua.VariantType.UInt32), SourceTimestamp=source_time)
                for node in counters[group::GROUPS]:
                    await server.write_attribute_value(node, data)
                write({"group": group, "value": value, "time_ms": now})
                turn += 1
                await asyncio.sleep(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(freeze.wait(), step)
        write({"stopped_ms": epoch_ms()})
        os.fsync(truth.fileno())


def epoch_ms() -> int:
    return time.time_ns() // 1_000_000


def given_identity(arguments: argparse.Namespace) -> tuple[x509.Certificate, Path]:
    return x509.load_der_x509_certificate(arguments.certificate.read_bytes()), arguments.key


def identity(pki: Path) -> tuple[x509.Certificate, Path]:
    """The server's identity: RSA 2048, made once, for the host name localhost and no address."""
    certificate_file, key_file = pki / "own" / "server.der", pki / "own" / "server.pem"
    if not certificate_file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self_signed(key)
        key_file.parent.mkdir(parents=True, exist_ok=True)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        key_file.chmod(0o600)
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return x509.load_der_x509_certificate(certificate_file.read_bytes()), key_file


def self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Interop asyncua"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "lockgate"),
        ]
    )
    now = datetime.now(UTC)
    names = [x509.UniformResourceIdentifier(APPLICATION_URI), x509.DNSName("localhost")]
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_cert_sign=True,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


if __name__ == "__main__":
    asyncio.run(main())
