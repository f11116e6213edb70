"""Makes the known answers of this folder anew: `python make.py` with asyncua 2.1.0 installed.

The keys stay as they are; everything else changes with each run, because OAEP and PSS are randomised.
"""

import datetime
import hashlib
import hmac
import struct
from pathlib import Path
from random import Random
from uuid import UUID

from asyncua import ua
from asyncua.common.connection import MessageChunk
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.ua_binary import struct_to_binary
from cryptography import x509
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

HERE = Path(__file__).parent
BITS = (2048, 3072, 4096)
KEYS = {bits: load_pem_private_key((HERE / f"key{bits}.pem").read_bytes(), None) for bits in BITS}
CERTIFICATES = {bits: x509.load_der_x509_certificate((HERE / f"cert{bits}.der").read_bytes()) for bits in BITS}
POLICIES = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
MODES = (ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt)
RANDOM = Random(7)


def write(name, columns, rows):
    text = "".join(" ".join(row) + "\n" for row in rows)
    (HERE / name).write_text(f"# {columns}\n{text}")


def hexed(data):
    return data.hex() or "-"


def p_sha256():
    bytes_ = RANDOM.randbytes
    cases = [(b"", b"", 1), (b"s", b"seed", 32), (bytes_(32), bytes_(32), 80), (bytes_(100), bytes_(1), 200)]
    for secret, seed, length in cases:
        [expected] = uacrypto.p_sha256(secret, seed, (length,))
        yield hexed(secret), hexed(seed), hexed(expected)


def chunks():
    encryptor = security_policies.EncryptorAesCbc
    for padding in ("own", "aes"):
        if padding == "aes":
            encryptor.plain_block_size = encryptor.encrypted_block_size = lambda self: 16
        for name, policy_class in POLICIES.items():
            for mode in MODES:
                sender, receiver = RANDOM.randbytes(32), RANDOM.randbytes(32)
                policy = policy_class(CERTIFICATES[2048], CERTIFICATES[2048], KEYS[2048], mode)
                policy.make_local_symmetric_key(receiver, sender)
                for length in (0, 1, 6, 7, 8, 15, 16, 17, 100):
                    body = RANDOM.randbytes(length)
                    chunk = MessageChunk(policy.symmetric_cryptography, body)
                    chunk.MessageHeader.ChannelId, chunk.SecurityHeader.TokenId = 7, 3
                    chunk.SequenceHeader.SequenceNumber, chunk.SequenceHeader.RequestId = 9, 11
                    nonces = hexed(sender), hexed(receiver)
                    yield padding, name, mode.name, *nonces, hexed(body), hexed(chunk.to_binary())


def open_messages():
    for name, policy_class in POLICIES.items():
        for receiver in BITS:
            for sender, length in ((2048, 0), (2048, 132), (2048, 300), (4096, 132)):
                certificates = CERTIFICATES[receiver], CERTIFICATES[sender]
                policy = policy_class(*certificates, KEYS[sender], ua.MessageSecurityMode.Sign)
                body = RANDOM.randbytes(length)
                [chunk] = MessageChunk.message_to_chunks(
                    policy, body, 65536, message_type=ua.MessageType.SecureOpen, channel_id=0, request_id=1
                )
                chunk.SequenceHeader.SequenceNumber = 51
                yield name, str(receiver), str(sender), hexed(body), hexed(chunk.to_binary())


def passwords():
    for name in POLICIES:
        pss = name == "Aes256_Sha256_RsaPss"
        encrypt, overhead = (uacrypto.encrypt_rsa_oaep_sha256, 66) if pss else (uacrypto.encrypt_rsa_oaep, 42)
        for bits in BITS:
            nonce = RANDOM.randbytes(32)
            block = bits // 8 - overhead
            for password in (b"", b"secret", "pässwörd".encode(), b"x" * 64):
                plain = struct.pack("<I", len(password) + len(nonce)) + password + nonce
                pieces = (plain[at : at + block] for at in range(0, len(plain), block))
                cipher = b"".join(encrypt(KEYS[bits].public_key(), piece) for piece in pieces)
                yield name, str(bits), hexed(nonce), hexed(password), hexed(cipher)


def encrypted_secrets():
    """asyncua 2.1.0 has no RsaEncryptedSecret: written from Part 4 §7.40.2.3 and §7.40.2.4 on its primitives."""
    for name, policy_class in POLICIES.items():
        pss = name == "Aes256_Sha256_RsaPss"
        encrypt = uacrypto.encrypt_rsa_oaep_sha256 if pss else uacrypto.encrypt_rsa_oaep
        for bits in BITS:
            certificate, nonce = (HERE / f"cert{bits}.der").read_bytes(), RANDOM.randbytes(32)
            for length in (0, 6, 22, 65, 400):
                secret = RANDOM.randbytes(length)
                keys = [RANDOM.randbytes(32), RANDOM.randbytes(16 if name.startswith("Aes128") else 32), RANDOM.randbytes(16)]
                packed = b"".join(struct.pack("<i", len(key)) + key for key in keys)
                key_data = encrypt(KEYS[bits].public_key(), packed)
                payload = struct.pack("<i", len(nonce)) + nonce + struct.pack("<i", length) + secret
                padding = -(len(payload) + 2) % 16
                if padding + length < 16:
                    padding += 16
                payload += bytes([padding]) * padding + struct.pack("<H", padding)
                encryptor = Cipher(algorithms.AES(keys[1]), modes.CBC(keys[2])).encryptor()
                uri = policy_class.URI.encode()
                body = struct.pack("<i", len(uri)) + uri
                body += struct.pack("<i", 20) + hashlib.sha1(certificate).digest()
                body += struct.pack("<qH", TICKS, len(key_data)) + key_data
                body += encryptor.update(payload) + encryptor.finalize()
                head = struct.pack("<BBHB", 1, 0, 17545, 1) + struct.pack("<I", len(body) + 32)
                signature = hmac.digest(keys[0], head + body, "sha256")
                yield name, str(bits), hexed(nonce), hexed(secret), hexed(b"".join(keys)), hexed(head + body + signature)


def proofs():
    for name in POLICIES:
        sign = uacrypto.sign_pss_sha256 if name == "Aes256_Sha256_RsaPss" else uacrypto.sign_sha256
        for bits in BITS:
            certificate, nonce = RANDOM.randbytes(200), RANDOM.randbytes(32)
            yield name, str(bits), hexed(certificate), hexed(nonce), hexed(sign(KEYS[bits], certificate + nonce))


TIME = datetime.datetime(2026, 11, 23, 5, 0, 0)
# the same in 100 ns since 1601
TICKS = 134_398_836_000_000_000


def values():
    kind = ua.VariantType
    nested = ua.Variant([ua.Variant("x", kind.String)], kind.Variant)
    scalars = [
        (True, kind.Boolean), (-5, kind.SByte), (250, kind.Byte), (-300, kind.Int16), (60000, kind.UInt16),
        (-70000, kind.Int32), (4000000000, kind.UInt32), (-(2**60), kind.Int64), (2**63, kind.UInt64),
        (1.5, kind.Float), (-2.25, kind.Double), ("Grüße", kind.String), (TIME, kind.DateTime),
        (UUID("72962B91-FA75-4AE6-8D28-B404DC7DAF63"), kind.Guid), (b"\x00\xff", kind.ByteString),
        (ua.XmlElement("<a/>"), kind.XmlElement), (ua.NodeId("abc", 3), kind.NodeId),
        (ua.ExpandedNodeId(5, 2), kind.ExpandedNodeId), (ua.StatusCode(0x80340000), kind.StatusCode),
        (ua.QualifiedName("qn", 4), kind.QualifiedName), (ua.LocalizedText("text", "de"), kind.LocalizedText),
        (ua.EUInformation(NamespaceUri="n", UnitId=1), kind.ExtensionObject), (None, kind.Null),
    ]
    arrays = [
        ([1.0, 2.0, 3.0], kind.Double), (["a", "bc", None], kind.String), ([[1, 2, 3], [4, 5, 6]], kind.Int32),
        ([ua.Variant(1, kind.Int32), nested], kind.Variant),
        ([ua.LocalizedText("a"), ua.LocalizedText("b", "en")], kind.LocalizedText),
    ]
    return [ua.Variant(value, variant_type) for value, variant_type in scalars + arrays]


def header(handle, status=0):
    return ua.ResponseHeader(Timestamp=TIME, RequestHandle=handle, ServiceResult=ua.StatusCode(status))


def publish():
    items = []
    for at, value in enumerate(values()):
        data = ua.DataValue(value)
        if at % 2 == 0:
            # without picoseconds: asyncua 2.1.0 puts them behind both times, the standard behind their own
            later = TIME + datetime.timedelta(seconds=1)
            data = ua.DataValue(value, ua.StatusCode(0x40000000), SourceTimestamp=TIME, ServerTimestamp=later)
        items.append(ua.MonitoredItemNotification(1000 + at, data))
    response = ua.PublishResponse(ResponseHeader=header(42))
    full = response.Parameters
    full.SubscriptionId, full.AvailableSequenceNumbers, full.MoreNotifications = 77, [5, 6, 7], True
    full.NotificationMessage.SequenceNumber, full.NotificationMessage.PublishTime = 7, TIME
    status = ua.StatusChangeNotification(Status=ua.StatusCode(0x800A0000))
    data = ua.DataChangeNotification(MonitoredItems=items)
    full.NotificationMessage.NotificationData = [data, status, ua.EventNotificationList()]
    full.Results = [ua.StatusCode(0), ua.StatusCode(0x807A0000)]
    yield "full", hexed(struct_to_binary(response))
    full.NotificationMessage.NotificationData, full.AvailableSequenceNumbers, full.Results = [], [], []
    full.MoreNotifications = False
    yield "keep-alive", hexed(struct_to_binary(response))
    yield "fault", hexed(struct_to_binary(ua.ServiceFault(ResponseHeader=header(43, 0x80790000))))
    republish = ua.RepublishResponse(ResponseHeader=header(44))
    republish.NotificationMessage.SequenceNumber, republish.NotificationMessage.PublishTime = 8, TIME
    republish.NotificationMessage.NotificationData = [ua.DataChangeNotification(MonitoredItems=items[:3])]
    yield "republish", hexed(struct_to_binary(republish))
    text = ua.LocalizedText("too hot", "en")
    fields = [ua.Variant(b"id"), ua.Variant(text), ua.Variant(700, ua.VariantType.UInt16)]
    events = [ua.EventFieldList(7, fields), ua.EventFieldList(8, [])]
    full.NotificationMessage.NotificationData = [ua.EventNotificationList(events)]
    yield "events", hexed(struct_to_binary(response))


def history():
    def result(data, status=0, continuation=None):
        return ua.HistoryReadResult(ua.StatusCode(status), continuation, data)

    def response(*results):
        return hexed(struct_to_binary(ua.HistoryReadResponse(ResponseHeader=header(45), Results=[*results])))

    data = [ua.DataValue(value, SourceTimestamp=TIME, ServerTimestamp=TIME) for value in values()[:3]]
    who = ua.ModificationInfo(TIME, ua.HistoryUpdateType.Replace, "someone")
    fields = ua.HistoryEventFieldList([ua.Variant("field"), ua.Variant(2.5)])
    yield "all", response(
        result(ua.HistoryData(data), continuation=b"more"),
        result(None, 0x80340000),
        result(ua.HistoryModifiedData(data[:1], [who])),
        result(ua.HistoryEvent([fields, ua.HistoryEventFieldList([])])),
        result(ua.EUInformation()),
    )
    yield "none", response()
    yield "fault", hexed(struct_to_binary(ua.ServiceFault(ResponseHeader=header(43, 0x80790000))))


def read():
    data = [ua.DataValue(value, SourceTimestamp=TIME, ServerTimestamp=TIME) for value in values()[:3]]
    data.append(ua.DataValue(None, ua.StatusCode(0x80340000)))
    yield "values", hexed(struct_to_binary(ua.ReadResponse(ResponseHeader=header(46), Results=data)))


def browse():
    guid = UUID("72962B91-FA75-4AE6-8D28-B404DC7DAF63")
    far = ua.ExpandedNodeId("far", 0, ua.NodeIdType.String, "urn:far", 3)
    ids = [ua.ExpandedNodeId(*id) for id in [(5, 0), (700, 3), (70000, 300), ("Öl", 2), (guid, 2), (b"\x01\x02", 2)]] + [far]
    references = [
        ua.ReferenceDescription(
            ua.NodeId(47), True, id, ua.QualifiedName(f"N{place}", 2), ua.LocalizedText(f"Knoten {place}", "de"),
            ua.NodeClass.Variable, ua.ExpandedNodeId(63),
        )
        for place, id in enumerate(ids)
    ]
    some = ua.BrowseResult(ua.StatusCode(0), b"more", references)
    none = ua.BrowseResult(ua.StatusCode(0x80340000), b"", [])
    yield "references", hexed(struct_to_binary(ua.BrowseResponse(ResponseHeader=header(47), Results=[some, none])))
    following = ua.BrowseNextResponse(ResponseHeader=header(48))
    following.Parameters.Results = [some]
    yield "next", hexed(struct_to_binary(following))


if __name__ == "__main__":
    write("p_sha256.txt", "secret seed expected", p_sha256())
    write("open.txt", "policy receiver-bits sender-bits body OPN-message: sequence 51, request 1", open_messages())
    write("passwords.txt", "policy receiver-bits server-nonce password ciphertext", passwords())
    columns = "policy receiver-bits server-nonce secret keys RsaEncryptedSecret: signed 2026-11-23T05:00:00Z"
    write("encrypted_secrets.txt", columns, encrypted_secrets())
    write("proofs.txt", "policy signer-bits certificate nonce signature", proofs())
    write("publish.txt", "name body", publish())
    write("history.txt", "name body", history())
    write("read.txt", "name body", read())
    write("browse.txt", "name body", browse())
    # last, because it changes asyncua's idea of a block: asyncua pads to the key size (own), we to the AES block (aes)
    columns = "padding policy mode sender-nonce receiver-nonce body chunk: channel 7, token 3, sequence 9, request 11"
    write("chunks.txt", columns, chunks())
