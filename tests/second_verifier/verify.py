#!/usr/bin/env python3
"""A second verifier, written from docs/FORMAT.md alone.

verify.py DIRECTORY [--key VKEY]... [--checkpoint FILE]...

Needs the standard library alone, and for compressed segments the package
`zstandard` or the program `zstd`. Prints what it finds; exit status as in
section 9.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

# ---- primitives -----------------------------------------------------------


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    table = CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def _recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = _recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_recover_x(BASE_Y, 0), BASE_Y, 1, _recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = _multiply(s, BASE)
    right = _add(r, _multiply(int.from_bytes(digest, "little") % ORDER, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P
                or (left[1] * right[2] - right[1] * left[2]) % P)


MASK = 2**64 - 1


def siphash_1_3(key, data):
    def rotate(x, bits):
        return (x << bits | x >> (64 - bits)) & MASK

    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
         k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    end = len(data) - len(data) % 8
    words = [int.from_bytes(data[at:at + 8], "little") for at in range(0, end, 8)]
    words.append(int.from_bytes(data[end:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        rounds(1)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(3)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def decompress(blocks):
    """Decompresses zstd frames, each given by itself."""
    try:
        import zstandard

        return [zstandard.ZstdDecompressor().decompress(block) for block in blocks]
    except ImportError:
        return [subprocess.run(["zstd", "-dcq"], input=block, capture_output=True, check=True).stdout
                for block in blocks]


# ---- findings -------------------------------------------------------------


class Damage(Exception):
    """Something does not hold; what comes after it is not known."""


class Unreadable(Exception):
    pass


def demand(holds, what):
    if not holds:
        raise Damage(what)


# ---- section 2: segments --------------------------------------------------

CLOSED = 1 << 63
ENTRY_MAX = 65535


def frame_at(data, at):
    """(sequence, entry) of the valid frame at an offset, or None."""
    if at + 16 > len(data):
        return None
    length, stated, sequence = struct.unpack_from("<IIQ", data, at)
    if length > ENTRY_MAX or at + 16 + length > len(data):
        return None
    if crc32c(data[at:at + 4] + data[at + 8:at + 16 + length]) != stated:
        return None
    return sequence, data[at + 16:at + 16 + length]


def mark(sequence):
    covered = struct.pack("<IQ", 0, sequence)
    return covered[:4] + struct.pack("<I", crc32c(covered)) + covered[4:]


def remainder_is_damage(data, begin, following):
    rest = data[begin:]
    if not any(rest):
        return False
    first = None
    at = begin + 1
    while at < len(data):
        found = frame_at(data, at)
        if found:
            position = found[0] & ~CLOSED if not found[1] else found[0]
            if following <= position <= following + len(rest) // 16:
                if not found[1]:
                    return True
                first = at if first is None else first
                at += 16 + len(found[1])
                continue
        at += 1
    if first is not None:
        borders = range(begin // 512 * 512 + 512, first + 1, 512)
        lost = any(not any(data[max(begin, border - 16):border]) for border in borders)
        return not lost
    return damaged_mark(data, begin, following)


def damaged_mark(data, begin, following):
    found = data[begin:begin + 16]
    if len(found) < 16:
        return False
    split = min(16, 512 - begin % 512)
    candidates = [mark(following), mark(following | CLOSED)]
    for right in candidates:
        parts = [(found[:split], right[:split]), (found[split:], right[split:])]
        if all(f == r or not any(f) for f, r in parts):
            return False
    return any(sum(f != r for f, r in zip(found, right)) <= 4 for right in candidates)


class Segment:
    def __init__(self, data, first, log_id, is_last_open, name):
        demand(len(data) >= 40 and data[:8] == b"TAUDSEG\n", f"{name}: no header")
        version, = struct.unpack_from("<H", data, 8)
        self.schema, stated_first, checksum = struct.unpack_from("<HQI", data, 26)
        demand(crc32c(data[:36]) == checksum, f"{name}: checksum of the header")
        demand(version == 1, f"{name}: version {version}")
        demand(data[10:26] == log_id, f"{name}: of another log")
        demand(stated_first == first, f"{name}: first sequence {stated_first}")
        self.data, self.first, self.name = data, first, name
        self.frames = []  # offset, sequence or None for marks, entry
        self.is_closed = False
        at, following = 40, first
        while at < len(data):
            found = frame_at(data, at)
            position = found and (found[0] if found[1] else found[0] & ~CLOSED)
            if found is None or position != following:
                damaged = not is_last_open or remainder_is_damage(data, at, following)
                demand(not damaged, f"{name}: byte {at}: sequence {following}: no frame")
                print(f"notice: {name}: {len(data) - at} bytes behind the last frame")
                self.is_closed = False
                break
            entry = found[1]
            self.is_closed = not entry and bool(found[0] & CLOSED)
            self.frames.append((at, following if entry else None, entry))
            following += bool(entry)
            at += 16 + len(entry)
        self.next = following
        demand(is_last_open or following > first, f"{name}: no entries")


# ---- section 7: compressed segments ---------------------------------------


def unpack(data, name):
    demand(len(data) >= 17, f"{name}: too short")
    count, descriptor, magic = struct.unpack("<IBI", data[-9:])
    demand(magic == 0x8F92EAB1 and descriptor == 0 and count > 0, f"{name}: no seek table")
    table = 8 + 8 * count + 9
    demand(table <= len(data), f"{name}: seek table too long")
    magic, length = struct.unpack_from("<II", data, len(data) - table)
    demand(magic == 0x184D2A5E and length == table - 8, f"{name}: seek table")
    rows = [struct.unpack_from("<II", data, len(data) - table + 8 + 8 * row) for row in range(count)]
    demand(sum(packed for packed, _ in rows) == len(data) - table, f"{name}: lengths of the blocks")
    at, blocks = 0, []
    for packed, _ in rows:
        blocks.append(data[at:at + packed])
        at += packed
    try:
        raw = decompress(blocks)
    except Exception as error:
        raise Damage(f"{name}: {error}") from error
    demand([len(block) for block in raw] == [length for _, length in rows], f"{name}: decompressed lengths")
    return b"".join(raw)


# ---- section 3: entries ---------------------------------------------------

STATUS = {"SUCCESS", "FAILURE", "PARTIAL", "UNKNOWN"}
SOURCES = {"explicit", "error", "return", "policy", "panic", "unwound", "incomplete", "cancelled",
           "closed", "open", "recovered"}
KEYS = ["sequence", "kind", "event_id", "timestamp", "recorded_at", "operation", "actor", "user_id",
        "session_id", "org_id", "resource", "source", "entry_ids", "status", "status_source",
        "error_message", "duration_ms", "busy_ms", "metadata", "span"]
REQUIRED = {"sequence", "event_id", "timestamp", "recorded_at", "operation", "actor", "status", "status_source"}
TEXTS = {"actor", "user_id", "session_id", "org_id", "resource", "source", "error_message"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
EVENT_ID = re.compile(r"evt_[0-7][0-9A-HJKMNP-TV-Z]{25}")
SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class Number(str):
    """The text of a number that is no integer."""


def write_text(text):
    return '"' + "".join(SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def write_double(text):
    value = float(text)
    digits = repr(value)
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    mantissa, _, exponent = digits.partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    point = len(whole) + int(exponent or 0)
    digits = whole + part
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if not digits:
        return sign + "0.0"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if 0 < point <= 16:
        digits = digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:] or '0'}"
    part = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{part}e{point - 1}"


def write(value, depth):
    if isinstance(value, _Pairs):
        demand(depth <= 17, "nested too deep")
        keys = [key for key, _ in value]
        demand(len(set(keys)) == len(keys), "a key comes twice")
        return "{" + ",".join(write_text(k) + ":" + write(v, depth + 1) for k, v in value) + "}"
    if isinstance(value, list):
        demand(depth <= 17, "nested too deep")
        return "[" + ",".join(write(item, depth + 1) for item in value) + "]"
    if isinstance(value, Number):
        return write_double(value)
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        demand(-2**63 <= value < 2**64, "an integer out of range")
    return "null" if value is None else str(value).lower()


class _Pairs(list):
    pass


def _refuse(text):
    raise Damage(f"{text} is no number")


def parse_entry(entry, sequence):
    try:
        text = entry.decode("utf-8")
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_float=Number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Damage(f"not JSON: {error}") from error
    demand(isinstance(pairs, _Pairs), "not an object")
    written = "{" + ",".join(write_text(k) + ":" + write(v, 1) for k, v in pairs) + "}"
    # Writers differ in the plus sign of an exponent, and only outside strings.
    demand(_without_plus(text) == written, "not in its one spelling")
    event = dict(pairs)
    names = [key for key, _ in pairs]
    demand(names == [key for key in KEYS if key in event] and len(names) == len(event), "keys or their order")
    demand(REQUIRED <= event.keys(), "a key is missing")
    demand(event["sequence"] == sequence and not isinstance(event["sequence"], (bool, str)), "another sequence")
    demand(event.get("kind", "log") == "log", "kind")
    check_id(event["event_id"])
    for key in ("timestamp", "recorded_at"):
        demand(is_text(event[key]) and TIME.fullmatch(event[key]) and event[key].isascii(), key)
    operation = event["operation"]
    demand(is_text(operation) and operation and operation == operation.strip()
           and not re.search("[a-z]", operation), "operation")
    demand(event["status"] in STATUS and event["status_source"] in SOURCES, "status")
    for key in TEXTS & event.keys():
        demand(is_text(event[key]), key)
    if "entry_ids" in event:
        ids = event["entry_ids"]
        demand(type(ids) is list and ids and all(map(is_text, ids)), "entry_ids")
    for key in {"duration_ms", "busy_ms"} & event.keys():
        demand(isinstance(event[key], Number) and not event[key].startswith("-"), key)
    if "metadata" in event:
        demand(isinstance(event["metadata"], _Pairs) and event["metadata"], "metadata")
        event["metadata"] = dict(event["metadata"])
    if "span" in event:
        check_span(event["span"])
        event["span"] = dict(event["span"])
    return event


def _without_plus(text):
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text, flags=re.DOTALL)
    return "".join(part if part.startswith('"') else part.replace("e+", "e") for part in parts)


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def check_id(value):
    demand(is_text(value) and EVENT_ID.fullmatch(value), "event id")


def check_span(span):
    demand(isinstance(span, _Pairs), "span")
    names = [key for key, _ in span]
    values = dict(span)
    demand(names == [k for k in ("name", "target", "parent", "links") if k in values], "span")
    demand(is_text(values.get("name")) and is_text(values.get("target")), "span")
    if "parent" in values:
        check_id(values["parent"])
    if "links" in values:
        demand(type(values["links"]) is list and values["links"], "links")
        for link in values["links"]:
            check_id(link)


# ---- section 5: the tree --------------------------------------------------


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    def __init__(self):
        self.leaves = []
        self.edge = []  # (number of leaves, hash), largest first
        self.roots = {0: hashlib.sha256(b"").digest()}

    def append(self, leaf):
        self.leaves.append(leaf)
        size, node = 1, leaf
        while self.edge and self.edge[-1][0] == size:
            node = node_hash(self.edge.pop()[1], node)
            size *= 2
        self.edge.append((size, node))
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        self.roots[len(self.leaves)] = root


def tiles_of(leaves):
    """The full tiles of each level."""
    levels, hashes = [], leaves
    while len(hashes) >= 256:
        full = len(hashes) // 256
        tiles = [hashes[256 * index:256 * index + 256] for index in range(full)]
        levels.append(b"".join(b"".join(tile) for tile in tiles))
        above = []
        for tile in tiles:
            while len(tile) > 1:
                tile = [node_hash(tile[at], tile[at + 1]) for at in range(0, len(tile), 2)]
            above.append(tile[0])
        hashes = above
    return levels


# ---- section 6: keys and checkpoints --------------------------------------


def strict_base64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 in another spelling")
    return data


class Key:
    def __init__(self, name, public):
        self.name, self.public = name, public
        self.id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]

    @staticmethod
    def parse(text):
        name, key_id, encoded = text.split("+", 2)
        data = strict_base64(encoded)
        if len(data) != 33 or data[0] != 1:
            raise ValueError("not an Ed25519 key")
        key = Key(name, data[1:])
        if str(key) != text:
            raise ValueError("the id is not that of the key")
        return key

    def __str__(self):
        encoded = base64.b64encode(b"\x01" + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(str(self))


class Checkpoint:
    def __init__(self, data, path):
        self.path = path
        text = data.decode("utf-8")
        body, lines = text.rsplit("\n\n", 1)
        body += "\n"
        if not lines.endswith("\n") or any(c < " " and c != "\n" or c == "\x7f" for c in text):
            raise ValueError("not a note")
        self.signatures = []
        for line in lines[:-1].split("\n"):
            found = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
            if not found:
                raise ValueError("not a signature line")
            data = strict_base64(found[2])
            self.signatures.append((found[1], data[:4], data[4:]))
        self.body = body
        self.origin, size, root, rest = body.split("\n", 3)
        if not re.fullmatch("0|[1-9][0-9]*", size, re.ASCII) or "\n\n" in rest or rest.startswith("\n"):
            raise ValueError("not a checkpoint")
        self.size, self.root = int(size), strict_base64(root)
        if len(self.root) != 32 or not self.origin:
            raise ValueError("not a checkpoint")

    def is_signed_by(self, key):
        mine = [s for name, key_id, s in self.signatures if (name, key_id) == (key.name, key.id)]
        return bool(mine) and all(ed25519_verify(key.public, self.body.encode(), s) for s in mine)

    def has_bad_signature(self, keys):
        return any((name, key_id) == (key.name, key.id) and not self.is_signed_by(key)
                   for name, key_id, _ in self.signatures for key in keys)


# ---- section 8: indices ---------------------------------------------------

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(difference):
    difference &= MASK
    signed = difference - (1 << 64) if difference >> 63 else difference
    return (signed << 1 ^ signed >> 63) & MASK


def micros(text):
    from datetime import datetime, timezone

    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    delta = moment - epoch
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def id_of(text):
    value = 0
    for digit in text[4:]:
        value = value << 5 | ALPHABET.index(digit)
    return value >> 64


def terms_of(event, log_id):
    texts = [(1, event.get("user_id")), (3, event.get("session_id")), (4, event["operation"]),
             (5, event.get("org_id")), (6, event.get("resource")), (8, event["status"]),
             (9, event.get("span", {}).get("parent")), (10, event.get("kind"))]
    if event["actor"] != f"user:{event.get('user_id')}" or "user_id" not in event:
        texts.append((2, event["actor"]))
    texts += [(7, entry) for entry in event.get("entry_ids", [])]
    return {siphash_1_3(log_id, bytes([n]) + text.encode()) >> 24 for n, text in texts if text is not None}


def index_of(segment, events, log_id):
    blocks = []  # bytes, entries, is_opaque, times, ids, terms
    block = None
    for at, sequence, entry in segment.frames:
        length = 16 + len(entry)
        if block is None:
            block = [40, [], set()]
        elif block[0] and block[0] + length > 65536:
            blocks.append(block)
            block = [0, [], set()]
        block[0] += length
        if sequence is not None:
            event = events[sequence]
            block[1].append(event)
            if event is not None:
                block[2] |= terms_of(event, log_id)
    blocks.append(block)
    table, time, ident = b"", 0, 0
    places = {}
    for number, (length, entries, terms) in enumerate(blocks):
        is_opaque = any(event is None for event in entries)
        table += varint(length) + varint(2 * len(entries) + is_opaque)
        if entries and not is_opaque:
            times = [micros(event["timestamp"]) for event in entries]
            ids = [id_of(event["event_id"]) for event in entries]
            table += varint(zigzag(min(times) - time)) + varint(max(times) - min(times))
            table += varint(zigzag(min(ids) - ident)) + varint(max(ids) - min(ids))
            time, ident = min(times), min(ids)
        for term in terms:
            places.setdefault(term, set()).add(number)
    bits = next((p for p in range(25) if len(places) <= 1024 << p), 24)
    pages = [{} for _ in range(1 << bits)]
    for term, numbers in places.items():
        page = term >> (40 - bits)
        place = term >> (40 - bits - 16) & 0xFFFF
        pages[page].setdefault(place, set()).update(numbers)
    directory, body = b"", b""
    for page in pages:
        out, before = b"", None
        for place in sorted(page):
            out += varint(place if before is None else place - before - 1)
            before = place
            numbers = sorted(page[place])
            last = None
            for number in numbers:
                distance = number if last is None else number - last - 1
                out += varint(2 * distance + (number != numbers[-1]))
                last = number
        body += out
        directory += struct.pack("<II", len(body), crc32c(out))
    head = b"TAUDIDX\n" + struct.pack("<H", 1) + log_id
    head += struct.pack("<QQQIBI", segment.first, segment.next, len(segment.data), len(blocks), bits, len(table))
    head += table + directory
    return head + struct.pack("<I", crc32c(head)) + body


# ---- section 9: verifying -------------------------------------------------


class Log:
    def __init__(self, directory, log_id):
        self.directory, self.log_id = directory, log_id
        self.problems = []
        self.tree = Tree()
        self.events = {}
        self.told = {}  # key -> (sequence, by OPEN)
        self.origin = None
        self.pruned_to = 0
        self.tree_stored = 0
        self.first = self.size = 0

    def read(self):
        self.own = self.checkpoint_file("checkpoint")
        self.rotations = [self.checkpoint_file(path.name) for path in sorted(self.directory.iterdir())
                          if re.fullmatch("checkpoint-[0-9a-f]{8}", path.name)]
        self.stored_tiles = []
        for level in range(8):
            path = self.directory / "tree" / f"{level:02}"
            if not path.exists():
                break
            self.stored_tiles.append(path.read_bytes())
        self.segments = self.read_segments()
        self.first = self.segments[0].first if self.segments else 0
        for index in range(self.first):
            leaf = (self.stored_tiles or [b""])[0][32 * index:32 * index + 32]
            demand(len(leaf) == 32, "hashes of pruned entries are missing")
            self.tree.append(leaf)
        following = self.first
        sealed = {}
        last = None
        for segment in self.segments:
            demand(segment.first == following, f"{segment.name}: {following} should come first")
            sealed[segment.first] = segment
            for at, sequence, entry in segment.frames:
                if sequence is None:
                    continue
                try:
                    event = parse_entry(entry, sequence)
                except Damage as damage:
                    if segment.schema != 1:
                        event = None
                    else:
                        raise Damage(f"{segment.name}: byte {at}: sequence {sequence}: {damage}") from damage
                self.events[sequence] = event
                if event is not None:
                    last = self.tell(event, last, sealed)
                self.tree.append(leaf_hash(entry))
            following = segment.next
        self.size = following
        self.is_closed = bool(self.segments) and self.segments[-1].is_closed

    def read_segments(self):
        found = {}
        for path in sorted((self.directory / "segments").iterdir()):
            name = re.fullmatch(r"(\d{20})\.(open|seg|zst)", path.name, re.ASCII)
            if name:
                found.setdefault(int(name[1]), {})[name[2]] = path
        segments = []
        for number, (first, paths) in enumerate(sorted(found.items())):
            is_last = number + 1 == len(found)
            demand("open" not in paths or (is_last and len(paths) == 1), "a segment behind the open one")
            if "zst" in paths:
                data, path = unpack(paths["zst"].read_bytes(), paths["zst"].name), paths["zst"]
            else:
                path = paths.get("seg") or paths["open"]
                data = path.read_bytes()
            segment = Segment(data, first, self.log_id, "open" in paths, path.name)
            segment.path = path
            segments.append(segment)
        return segments

    def checkpoint_file(self, name):
        path = self.directory / name
        try:
            return Checkpoint(path.read_bytes(), path)
        except FileNotFoundError:
            return None
        except (ValueError, IndexError) as error:
            self.problems.append(f"{path.name}: {error}")
            return None

    def tell(self, event, last, sealed):
        """Takes note of an entry about the log; returns what comes of it."""
        operation = event["operation"] if event.get("kind") == "log" else None
        sequence = event["sequence"]
        if last == "CLOSE" or sequence == 0:
            demand(operation == "OPEN", f"sequence {sequence}: OPEN should stand here")
        if operation == "OPEN" and last not in ("CLOSE", None):
            print(f"notice: sequence {sequence}: not closed before")
        facts = event.get("metadata", {})
        if operation in ("OPEN", "KEY") and "vkey" in facts:
            try:
                key = Key.parse(facts["vkey"])
            except ValueError as error:
                raise Damage(f"sequence {sequence}: {error}") from error
            before = self.told.get(key, (sequence, False))
            self.told[key] = before[0], before[1] or operation == "OPEN"
        if operation == "OPEN" and self.origin is None:
            self.origin = facts.get("origin")
        if operation == "PRUNE":
            self.pruned_to = max(self.pruned_to, int(facts.get("first", 0)))
        if operation == "SEAL" and int(facts.get("first", -1)) in sealed:
            segment = sealed[int(facts["first"])]
            self.tree_stored = max(self.tree_stored, segment.next)
            for fact, found in [("next", segment.next), ("bytes", len(segment.data)),
                                ("sha256", hashlib.sha256(segment.data).hexdigest())]:
                if fact in facts and str(facts[fact]) != str(found):
                    self.problems.append(f"sequence {sequence}: SEAL says another {fact}")
            if segment.path.suffix == ".zst" and "zst_sha256" in facts:
                if facts["zst_sha256"] != hashlib.sha256(segment.path.read_bytes()).hexdigest():
                    self.problems.append(f"sequence {sequence}: SEAL says another packed file")
        return operation or "event"

    def judge(self, given, outside):
        """Returns whether a checkpoint from outside covers anything."""
        stored = self.stored_keys()
        self.origin = self.origin or (stored[0].name if stored else "")
        keys = [Key(self.origin, key.public) for key in given] or stored or list(self.told)
        if given:
            keys = self.rotated(keys)
        if self.own is None:
            self.problems.append("no checkpoint")
        signed = covered = 0
        for checkpoint in filter(None, [self.own, *self.rotations]):
            if self.holds(checkpoint, keys):
                signed = max(signed, checkpoint.size)
        for checkpoint in outside:
            if self.holds(checkpoint, keys + list(self.told)):
                covered = max(covered, checkpoint.size)
        if self.is_closed and max(signed, covered) < self.size:
            self.problems.append("a closed log that is not signed to its end")
        if self.first > self.pruned_to:
            self.problems.append(f"entries before {self.first} are missing")
        self.judge_rebuildable(stored, keys if given else [])
        return covered > self.first

    def holds(self, checkpoint, keys):
        name = checkpoint.path
        if checkpoint.origin != self.origin:
            self.problems.append(f"{name}: of {checkpoint.origin}")
        elif checkpoint.has_bad_signature(keys) or not any(map(checkpoint.is_signed_by, keys)):
            self.problems.append(f"{name}: not signed by a trusted key")
        elif checkpoint.size > self.size:
            self.problems.append(f"{name}: of {checkpoint.size} entries, there are {self.size}")
        elif self.tree.roots[checkpoint.size] != checkpoint.root:
            self.problems.append(f"{name}: another root")
        else:
            return True
        return False

    def rotated(self, keys):
        keys = list(keys)
        for _ in self.rotations:
            for key, (sequence, _) in self.told.items():
                for checkpoint in filter(None, self.rotations):
                    if (key not in keys and sequence < checkpoint.size <= self.size
                            and self.tree.roots[checkpoint.size] == checkpoint.root
                            and checkpoint.is_signed_by(key)
                            and any(map(checkpoint.is_signed_by, keys))):
                        keys.append(key)
        return keys

    def stored_keys(self):
        path = self.directory / "log.vkey"
        keys, self.vkey_text = [], path.read_bytes() if path.exists() else b""
        for line in self.vkey_text.decode("utf-8", "replace").split("\n"):
            try:
                keys.append(Key.parse(line))
            except ValueError:
                pass
        return keys

    def judge_rebuildable(self, stored, trusted):
        if "".join(f"{key}\n" for key in stored).encode() != self.vkey_text or not stored:
            self.problems.append("log.vkey: not keys alone")
        if any(by_open and key not in stored for key, (_, by_open) in self.told.items()):
            self.problems.append("log.vkey: a key is missing")
        if any(key in self.told and key not in stored for key in trusted):
            self.problems.append("log.vkey: a key is missing")
        if self.first == 0 and any(key not in self.told for key in stored):
            self.problems.append("log.vkey: a strange key")
        needed = max(self.tree_stored, self.pruned_to)
        made = tiles_of(self.tree.leaves)
        for level in range(8):
            needed //= 256
            tiles = self.stored_tiles[level] if level < len(self.stored_tiles) else b""
            whole = len(tiles) // 8192
            right = made[level] if level < len(made) else b""
            if whole < needed:
                self.problems.append(f"tree/{level:02}: {whole} tiles of {needed}")
            if tiles[:8192 * whole] != right[:8192 * whole]:
                self.problems.append(f"tree/{level:02}: other hashes")
        for segment in self.segments:
            if segment.path.suffix != ".zst":
                continue
            path = segment.path.with_suffix(".idx")
            if not path.exists() or path.read_bytes() != index_of(segment, self.events, self.log_id):
                self.problems.append(f"{path.name}: not what the segment gives")


def logs_at(directory):
    if not directory.is_dir():
        raise Unreadable(f"{directory}: no directory")
    named = re.compile("log-([0-9a-f]{32})")
    if named.fullmatch(directory.name) or (directory / "segments").exists():
        return [directory]
    return sorted(path for path in directory.iterdir() if named.fullmatch(path.name))


def log_id_of(directory):
    name = re.fullmatch("log-([0-9a-f]{32})", directory.name)
    if name:
        return bytes.fromhex(name[1])
    for path in sorted((directory / "segments").iterdir()):
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = unpack(data, path.name)
        return data[10:26]
    raise Unreadable(f"{directory}: no segments")


def verify(directory, keys, outside):
    """Returns the exit status for one log."""
    try:
        log = Log(directory, log_id_of(directory))
        log.read()
        is_anchored = log.judge(keys, [c for c in outside if c.origin.endswith("/" + log.log_id.hex())])
    except Damage as damage:
        print(f"tampered: {damage}")
        return 1
    except (OSError, Unreadable) as error:
        print(f"unreadable: {error}")
        return 1 if isinstance(error, FileNotFoundError) else 2
    for problem in log.problems:
        print(f"tampered: {problem}")
    print(f"{directory.name}: {log.size - log.first} entries")
    return 1 if log.problems else 0 if is_anchored else 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--checkpoint", action="append", default=[], type=Path)
    arguments = parser.parse_args()
    try:
        keys = [Key.parse(key) for key in arguments.key]
        outside = [Checkpoint(path.read_bytes(), path) for path in arguments.checkpoint]
        directories = logs_at(arguments.directory)
    except (OSError, ValueError, Unreadable) as error:
        print(f"unreadable: {error}")
        return 2
    statuses = [verify(directory, keys, outside) for directory in directories]
    there = {log_id_of(directory).hex() for directory in directories if statuses}
    for checkpoint in outside:
        if checkpoint.origin.rsplit("/", 1)[-1] not in there:
            print(f"tampered: {checkpoint.origin} is missing")
            statuses.append(1)
    for status in (1, 2, 3, 0):
        if status in statuses:
            return status
    print("unreadable: no log")
    return 2


if __name__ == "__main__":
    sys.exit(main())
