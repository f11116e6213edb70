"""asyncua's CertificateValidator as a judge of the case folders, with every check that it has.

Its clock is set to the case's. It reads lists only from files named .der or .pem, so they are named so for it.
"""

import asyncio
import datetime
import json
import logging
import shutil
import sys
from pathlib import Path

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import truststore, validator
from asyncua.crypto.uacrypto import x509
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions as Options

logging.disable(logging.CRITICAL)


def set_clock(now: datetime.datetime) -> None:
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return now.astimezone(tz)

    validator.datetime = Clock


async def judge(root: Path, case: dict) -> str:
    folder = root / case["folder"]
    now = datetime.datetime.fromtimestamp(case["epoch"], datetime.timezone.utc)
    set_clock(now)
    lists = folder / "asyncua-lists"
    shutil.rmtree(lists, ignore_errors=True)
    lists.mkdir()
    for path in [*(folder / "pki/trusted/crl").glob("*"), *(folder / "pki/issuers/crl").glob("*")]:
        is_pem = path.read_bytes().startswith(b"-----BEGIN")
        shutil.copy(path, lists / f"{path.parent.parent.name}-{path.stem}.{'pem' if is_pem else 'der'}")
    store = truststore.TrustStore([folder / "pki/trusted/certs"], [lists])
    store.policy_builder = store.policy_builder.time(now)
    peer = Options.PEER_SERVER if case["role"] == "server" else Options.PEER_CLIENT
    options = Options.TRUSTED_VALIDATION | peer
    if case["role"] == "user":
        options = Options.TIME_RANGE | Options.TRUSTED | Options.REVOKED | peer
    if "BadCertificateTimeInvalid" in case["suppress"]:
        options &= ~Options.TIME_RANGE
    if case["uri"] is None:
        options &= ~Options.URI
    application = ua.ApplicationDescription()
    application.ApplicationUri = case["uri"]
    application.ApplicationType = ua.ApplicationType.ClientAndServer
    try:
        await store.load()
    except Exception as error:  # noqa: BLE001
        return f"store not loaded: {type(error).__name__}"
    sent = (folder / case["chain"]).read_bytes()
    if case["role"] == "server":
        # as its client does; its server reads what it gets
        sent = sent[: int.from_bytes(sent[2:4], "big") + 4]
    try:
        certificate = x509.load_der_x509_certificate(sent)
    except Exception as error:  # noqa: BLE001
        return f"not read: {type(error).__name__}"
    try:
        await CertificateValidator(options, store).validate(certificate, application)
    except ServiceError as error:
        return ua.StatusCode(error.code).name
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}"
    return "Good"


async def main() -> None:
    root = Path(sys.argv[1])
    cases = json.loads((root / "cases.json").read_text())
    print(json.dumps({case["folder"]: await judge(root, case) for case in cases}, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
