"""Certificates and keys for peers that take theirs as files, and wrong ones on purpose."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass
class Identity:
    """Two files: a certificate in DER, and its private key in PEM that only the owner may read."""

    certificate: Path
    key: Path

    @property
    def der(self) -> bytes:
        return self.certificate.read_bytes()

    @property
    def thumbprint(self) -> str:
        return x509.load_der_x509_certificate(self.der).fingerprint(hashes.SHA1()).hex().upper()


def make_identity(
    folder: Path,
    name: str,
    uri: str,
    *,
    bits: int = 2048,
    host: str = "localhost",
    expired: bool = False,
    key_of: Identity | None = None,
) -> Identity:
    """Self-signed, for one host name and no address; made once, and found again at the next call.

    With `key_of` on the key of another identity: large ones take long to make.
    """
    identity = Identity(folder / f"{name}.der", folder / f"{name}.pem")
    if identity.certificate.exists():
        return identity
    if key_of:
        key = serialization.load_pem_private_key(key_of.key.read_bytes(), password=None)
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    certificate = self_signed(key, name, uri, host, expired=expired)
    folder.mkdir(parents=True, exist_ok=True)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    identity.key.touch(mode=0o600)
    identity.key.write_bytes(key.private_bytes(*pem))
    identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return identity


def self_signed(key: rsa.RSAPrivateKey, name: str, uri: str, host: str, *, expired: bool) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Interop {name}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "lockgate"),
        ]
    )
    now = datetime.now(UTC)
    begin, end = (-30, -1) if expired else (-1, 30)
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
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName(host)]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begin))
        .not_valid_after(now + timedelta(days=end))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
