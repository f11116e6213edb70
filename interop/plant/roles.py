"""What each role gets of our simulated plant, seen by asyncua: role x node x service, with the writes and calls that our own client does not have.

    python interop/plant/roles.py PATH/TO/lockgate

Starts `lockgate simulate --control` in a folder of its own, on a free port, and ends it.
"""

import asyncio
import json
import logging
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256
from cryptography.x509.oid import ExtendedKeyUsageOID

URI = "urn:interop:roles"
SIGNED, ENCRYPTED = ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt
NAMES = ["Speed", "TemperatureLimit", "Recipe", "Cost", "ShiftPlan", "Command"]
# listed, read, write, history, watch; then the method: listed, called
OPEN = "listed Good BadUserAccessDenied BadHistoryOperationUnsupported Good"
WRITTEN = "listed Good Good BadHistoryOperationUnsupported Good"
DENIED = "listed BadUserAccessDenied BadUserAccessDenied BadUserAccessDenied BadUserAccessDenied"
GONE = "- BadNodeIdUnknown BadNodeIdUnknown BadNodeIdUnknown BadNodeIdUnknown"
WEAK = "BadSecurityModeInsufficient " * 4
BLIND = "listed BadNotReadable {} BadNotReadable BadNotReadable"
EXPECTED = {
    ("observer", ENCRYPTED): [OPEN, OPEN, GONE, OPEN, OPEN, BLIND.format("BadUserAccessDenied"), "listed BadUserAccessDenied"],
    ("operator", ENCRYPTED): [WRITTEN, OPEN, GONE, OPEN, OPEN, BLIND.format("Good"), "listed Good"],
    ("engineer", ENCRYPTED): [
        WRITTEN,
        WRITTEN,
        "listed Good Good BadUserAccessDenied Good",
        OPEN,
        OPEN,
        BLIND.format("Good"),
        "listed Good",
    ],
    ("supervisor", ENCRYPTED): [OPEN, OPEN, GONE, OPEN, OPEN, BLIND.format("BadUserAccessDenied"), "listed Good"],
    ("admin", ENCRYPTED): [DENIED, DENIED, GONE, DENIED, DENIED, DENIED, "listed BadUserAccessDenied"],
    ("operator", SIGNED): [
        WRITTEN,
        OPEN,
        GONE,
        f"listed {WEAK}".strip(),
        f"- {WEAK}".strip(),
        BLIND.format("Good"),
        "listed Good",
    ],
}


async def status(awaited) -> str:
    try:
        await awaited
    except ua.UaStatusCodeError as error:
        return ua.StatusCode(error.code).name
    return "Good"


class Ignore:
    def datachange_notification(self, node, value, data) -> None:
        pass


async def watch(client: Client, node) -> str:
    subscription = await client.create_subscription(100, Ignore())
    try:
        return await status(subscription.subscribe_data_change(node))
    finally:
        await subscription.delete()


async def history(node) -> str:
    now = datetime.now(timezone.utc)
    return await status(node.read_raw_history(now - timedelta(minutes=1), now, 10))


async def rows(client: Client) -> list[str]:
    namespace = await client.get_namespace_index("urn:lockgate:plant:model")
    folder = client.get_node(f"ns={namespace};s=Plant.Control")
    listed = {child.nodeid.Identifier for child in await folder.get_children()}
    found = []
    for name in NAMES:
        path = f"Plant.Control.{name}"
        node = client.get_node(f"ns={namespace};s={path}")
        value = ua.Variant(51.0, ua.VariantType.Double)
        if name in ("Recipe", "ShiftPlan", "Command"):
            value = ua.Variant("written", ua.VariantType.String)
        words = [
            "listed" if path in listed else "-",
            await status(node.read_value()),
            await status(node.write_attribute(ua.AttributeIds.Value, ua.DataValue(value))),
            await history(node),
            await watch(client, node),
        ]
        found.append(" ".join(words))
    method = client.get_node(f"ns={namespace};s=Plant.Control.SetSpeed")
    called = await status(folder.call_method(method, ua.Variant(42.0, ua.VariantType.Double)))
    found.append(f"{'listed' if method.nodeid.Identifier in listed else '-'} {called}")
    return found


async def visit(url: str, folder: Path, user: str, mode) -> list[str]:
    client = Client(url, timeout=10)
    client.application_uri = URI
    client.set_user(user)
    client.set_password("practise")
    policy = SecurityPolicyAes256Sha256RsaPss if mode == ENCRYPTED else SecurityPolicyBasic256Sha256
    await client.set_security(policy, folder / "own.der", folder / "own.pem", mode=mode)
    async with client:
        return await rows(client)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def main(binary: Path, folder: Path) -> int:
    await setup_self_signed_certificate(
        folder / "own.pem", folder / "own.der", URI, "localhost", [ExtendedKeyUsageOID.CLIENT_AUTH], {"commonName": "roles"}
    )
    words = [binary, "--json", "simulate", "--control", "--port", str(free_port()), "--dir", str(folder / "plant"), "--for", "120s"]
    plant = subprocess.Popen(words, stdout=(folder / "said").open("w"), stderr=(folder / "log").open("w"))
    try:
        end = time.monotonic() + 30
        while not (folder / "said").read_text().rstrip().endswith("}"):
            if time.monotonic() > end:
                raise TimeoutError("the plant did not start")
            await asyncio.sleep(0.1)
        url = json.loads((folder / "said").read_text())["url"]
        take = [binary, "trust", "import", str(folder / "own.der"), "--pki", str(folder / "plant/pki")]
        subprocess.run(take, check=True, stdout=subprocess.DEVNULL)
        wrong = 0
        for (user, mode), expected in EXPECTED.items():
            found = await visit(url, folder, user, mode)
            for name, is_, should in zip([*NAMES, "SetSpeed"], found, expected, strict=True):
                if is_ != should:
                    wrong += 1
                    print(f"{user} {mode.name} {name}: {is_}, expected {should}")
        print(f"{len(EXPECTED) * (len(NAMES) + 1)} rows by asyncua, {wrong} wrong")
        return 1 if wrong else 0
    finally:
        plant.terminate()
        plant.wait(20)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as home:
        sys.exit(asyncio.run(main(Path(sys.argv[1]).resolve(), Path(home))))
