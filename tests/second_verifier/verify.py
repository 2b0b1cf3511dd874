#!/usr/bin/env python3
"""verify.py DIRECTORY [--key VKEY]... [--checkpoint FILE]...   Written from FORMAT.md alone."""
import base64, binascii, datetime, hashlib, json, os, re, struct, subprocess, sys, shutil

# ---------------------------------------------------------------- primitives
def _tables():
    t0 = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        t0.append(c)
    return t0
_T = _tables()

def crc32c(*parts):
    c, t = 0xFFFFFFFF, _T
    for p in parts:
        for b in p:
            c = t[(c ^ b) & 255] ^ (c >> 8)
    return c ^ 0xFFFFFFFF
assert crc32c(b"123456789") == 0xE3069283

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQ = pow(2, (P - 1) // 4, P)

def _add(a, b):
    A = (a[1] - a[0]) * (b[1] - b[0]) % P
    B = (a[1] + a[0]) * (b[1] + b[0]) % P
    C = 2 * a[3] * b[3] * D % P
    E = 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def _mul(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = _add(q, p)
        p = _add(p, p)
        s >>= 1
    return q

def _point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else (0, y, 1, 0)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQ % P
    if (x * x - x2) % P:
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)

_B = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def ed25519(public, sig, msg):
    if len(sig) != 64 or len(public) != 32:
        return False
    a, r = _point(public), _point(sig[:32])
    s = int.from_bytes(sig[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(sig[:32] + public + msg).digest(), "little") % L
    x, y = _mul(s, _B), _add(r, _mul(h, a))
    return (x[0] * y[2] - y[0] * x[2]) % P == 0 and (x[1] * y[2] - y[1] * x[2]) % P == 0

M64 = 2**64 - 1
def siphash13(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    v0, v1, v2, v3 = k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
    def rnd(v0, v1, v2, v3):
        v0 = (v0 + v1) & M64; v1 = (v1 << 13 | v1 >> 51) & M64; v1 ^= v0; v0 = (v0 << 32 | v0 >> 32) & M64
        v2 = (v2 + v3) & M64; v3 = (v3 << 16 | v3 >> 48) & M64; v3 ^= v2
        v0 = (v0 + v3) & M64; v3 = (v3 << 21 | v3 >> 43) & M64; v3 ^= v0
        v2 = (v2 + v1) & M64; v1 = (v1 << 17 | v1 >> 47) & M64; v1 ^= v2; v2 = (v2 << 32 | v2 >> 32) & M64
        return v0, v1, v2, v3
    n = len(data) & 7
    body = data[:len(data) - n]
    last = data[len(data) - n:] + bytes(7 - n) + bytes([len(data) & 255])
    for (m,) in struct.iter_unpack("<Q", body + last):
        v3 ^= m
        v0, v1, v2, v3 = rnd(v0, v1, v2, v3)
        v0 ^= m
    v2 ^= 0xff
    for _ in range(3):
        v0, v1, v2, v3 = rnd(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3

def sha(b):
    return hashlib.sha256(b).digest()

def b64(s):
    raw = base64.b64decode(s, validate=True)
    if base64.b64encode(raw).decode() != s:
        raise ValueError("base64 not in its one spelling")
    return raw

# ---------------------------------------------------------------- keys, checkpoints
class Key:
    def __init__(self, name, public):
        self.name, self.public = name, public
        self.id = sha(name.encode() + b"\n\x01" + public)[:4]
    def __eq__(self, o): return (self.name, self.public) == (o.name, o.public)
    def __hash__(self): return hash((self.name, self.public))
    def text(self): return "%s+%s+%s" % (self.name, self.id.hex(), base64.b64encode(b"\x01" + self.public).decode())

def parse_vkey(text):
    name, kid, rest = text.split("+", 2)
    raw = b64(rest)
    if len(raw) != 33 or raw[0] != 1 or not name:
        raise ValueError("not an Ed25519 key")
    k = Key(name, raw[1:])
    if k.text() != text:
        raise ValueError("key id does not fit")
    return k

class Checkpoint:
    def __init__(self, data, where):
        self.where = where
        text = data.decode("utf-8")
        body, sep, sigs = text.partition("\n\n")
        if not sep or not sigs.endswith("\n"):
            raise ValueError("no signature lines")
        lines = body.split("\n")
        if len(lines) != 3:
            raise ValueError("not three lines")
        self.origin = lines[0]
        if not self.origin or not re.fullmatch(r"0|[1-9][0-9]*", lines[1]):
            raise ValueError("origin or size")
        self.size = int(lines[1])
        self.root = b64(lines[2])
        if len(self.root) != 32:
            raise ValueError("root")
        self.text = (body + "\n").encode()
        self.sigs = []
        for line in sigs[:-1].split("\n"):
            m = re.fullmatch("\u2014 ([^ \n]+) ([^ \n]+)", line)
            if not m:
                raise ValueError("signature line")
            raw = b64(m.group(2))
            if len(raw) < 5:
                raise ValueError("signature too short")
            self.sigs.append((m.group(1), raw[:4], raw[4:]))

    def signers(self, keys):
        """-> (keys with a good signature, keys with a bad one)"""
        good, bad = set(), set()
        for name, kid, sig in self.sigs:
            for k in keys:
                if k.name == name and k.id == kid:
                    (good if ed25519(k.public, sig, self.text) else bad).add(k)
        return good, bad

# ---------------------------------------------------------------- entries
class Num:
    __slots__ = ("raw", "is_float", "value")
    def __init__(self, raw, is_float):
        self.raw, self.is_float = raw, is_float
        if is_float:
            self.value = float(raw)
            if raw.replace("e+", "e") != float_text(self.value).replace("e+", "e"):
                raise ValueError("number %s not in its spelling" % raw)
        else:
            self.value = int(raw)
            if raw == "-0" or not -2**63 <= self.value < 2**64:
                raise ValueError("integer %s" % raw)

def float_text(v):
    if v != v or v in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    r = repr(v)
    sign = "-" if r[0] == "-" else ""
    m, _, e = r.lstrip("-").partition("e")
    i, _, f = m.partition(".")
    digits, exp = i + f, len(i) + int(e or 0)          # 0.digits * 10^exp
    k = len(digits) - len(digits.lstrip("0"))
    digits, exp = digits[k:].rstrip("0"), exp - k
    if not digits:
        return sign + "0.0"
    if 1e-5 <= abs(v) < 1e16:
        if exp <= 0:
            return sign + "0." + "0" * -exp + digits
        digits = digits.ljust(exp, "0")
        return sign + digits[:exp] + "." + (digits[exp:] or "0")
    e = exp - 1
    return sign + digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + "e" + ("+" if e > 0 else "") + str(e)

class Obj(list):      # pairs
    def d(self): return dict(self)

def _pairs(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return Obj(pairs)

def _const(_):
    raise ValueError("not JSON")

_DEC = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=lambda s: Num(s, True), parse_int=lambda s: Num(s, False), parse_constant=_const)
_ESC = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCRE = re.compile(r'["\\\x00-\x1f]')

def spell(s):
    return '"' + _ESCRE.sub(lambda m: _ESC.get(m.group()) or "\\u%04x" % ord(m.group()), s) + '"'

def encode(v):
    if isinstance(v, str): return spell(v)
    if v is True: return "true"
    if v is False: return "false"
    if v is None: return "null"
    if isinstance(v, Num): return v.raw
    if isinstance(v, Obj): return "{" + ",".join(spell(k) + ":" + encode(x) for k, x in v) + "}"
    return "[" + ",".join(map(encode, v)) + "]"

def depth(v):
    if isinstance(v, Obj): return 1 + max((depth(x) for _, x in v), default=0)
    if isinstance(v, list): return 1 + max((depth(x) for x in v), default=0)
    return 0

KEYS = ["sequence", "kind", "event_id", "timestamp", "recorded_at", "operation", "actor", "user_id", "session_id", "org_id", "resource", "source",
        "entry_ids", "part", "status", "status_source", "error_message", "duration_ms", "busy_ms", "metadata", "span"]
REQUIRED = {"sequence", "event_id", "timestamp", "recorded_at", "operation", "actor", "status", "status_source"}
ORDER = {k: i for i, k in enumerate(KEYS)}
SOURCES = set("explicit error return policy panic unwound incomplete cancelled closed open recovered".split())
HEX32 = re.compile(r"[0-9a-f]{32}")
HEX16 = re.compile(r"[0-9a-f]{16}")
EVT = re.compile(r"evt_[0-7][0-9A-HJKMNP-TV-Z]{25}")
TS = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{6})Z")
WS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
EPOCH = datetime.datetime(1970, 1, 1)

def micros(s):
    m = TS.fullmatch(s)
    y, mo, d, h, mi, se, us = map(int, m.groups())
    extra = 0
    if y == 0:                              # year 0 is a leap year like 400
        y, extra = 400, -146097 * 86400 * 10**6
    t = datetime.datetime(y, mo, d, h, mi, se, us) - EPOCH
    return (t.days * 86400 + t.seconds) * 10**6 + t.microseconds + extra

def need(ok, what):
    if not ok:
        raise ValueError(what)

def is_list(v, nonempty=True):
    return isinstance(v, list) and not isinstance(v, Obj) and (v or not nonempty)

def parse_entry(data, sequence):
    text = data.decode("utf-8")
    try:
        v, end = _DEC.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deep")
    need(end == len(text) and isinstance(v, Obj), "not one object")
    need(encode(v).encode("utf-8") == data, "not in its one spelling")
    keys = [k for k, _ in v]
    need(all(k in ORDER for k in keys), "unknown key")
    need(all(ORDER[a] < ORDER[b] for a, b in zip(keys, keys[1:])), "order of the keys")
    e = dict(v)
    need(REQUIRED <= e.keys(), "a key is missing")
    s = e["sequence"]
    need(isinstance(s, Num) and not s.is_float and s.value == sequence, "sequence in the entry")
    need(e.get("kind", "log") == "log", "kind")
    for k in ("event_id", "timestamp", "recorded_at", "operation", "actor", "status", "status_source", "user_id", "session_id", "org_id", "resource", "source", "error_message"):
        need(k not in e or isinstance(e[k], str), k)
    need(EVT.fullmatch(e["event_id"]), "event_id")
    for k in ("timestamp", "recorded_at"):
        need(TS.fullmatch(e[k]), k)
        micros(e[k])
    op = e["operation"]
    need(op and not re.search("[a-z]", op) and op.strip(WS) == op, "operation")
    if "entry_ids" in e:
        need(is_list(e["entry_ids"]) and all(isinstance(x, str) for x in e["entry_ids"]), "entry_ids")
    if "part" in e:
        m = re.fullmatch(r"([1-9][0-9]?)/([1-9][0-9]?)", e["part"]) if isinstance(e["part"], str) else None
        need(m and int(m[1]) <= int(m[2]) and 2 <= int(m[2]) <= 64, "part")
    need(e["status"] in ("SUCCESS", "FAILURE", "PARTIAL", "UNKNOWN"), "status")
    need(e["status_source"] in SOURCES, "status_source")
    for k in ("duration_ms", "busy_ms"):
        if k in e:
            need(isinstance(e[k], Num) and e[k].is_float and not e[k].raw.startswith("-"), k)
    if "metadata" in e:
        need(isinstance(e["metadata"], Obj) and e["metadata"], "metadata")
        need(depth(e["metadata"]) <= 17, "nested too deep")
    if "span" in e:
        sp = e["span"]
        need(isinstance(sp, Obj), "span")
        ks = [k for k, _ in sp]
        need(ks == [k for k in ("name", "target", "parent", "trace_id", "span_id", "links") if k in ks] and "name" in ks and "target" in ks, "keys of span")
        sp = dict(sp)
        need(isinstance(sp["name"], str) and isinstance(sp["target"], str), "span")
        if "parent" in sp:
            need(isinstance(sp["parent"], str) and EVT.fullmatch(sp["parent"]), "parent")
        for k, pattern in (("trace_id", HEX32), ("span_id", HEX16)):
            if k in sp:
                need(isinstance(sp[k], str) and pattern.fullmatch(sp[k]) and sp[k].strip("0"), k)
        if "links" in sp:
            need(is_list(sp["links"]) and all(isinstance(x, str) and EVT.fullmatch(x) for x in sp["links"]), "links")
    return e

def fact(e, name):
    m = e.get("metadata")
    v = dict(m).get(name) if m else None
    return v

def int_fact(e, name):
    v = fact(e, name)
    if isinstance(v, Num) and not v.is_float: return v.value
    if isinstance(v, str) and re.fullmatch("[0-9]+", v): return int(v)
    return None

# ---------------------------------------------------------------- segments
TOP = 2**63
def frame_at(data, off, low, high):
    """A frame at off whose sequence (without the top bit) is in low..high -> (end, sequence, length, closing) or None"""
    if off + 16 > len(data):
        return None
    n, c, s = struct.unpack_from("<IIQ", data, off)
    if n > 65535 or off + 16 + n > len(data):
        return None
    closing = bool(s & TOP)
    if closing:
        if n: return None
        s -= TOP
    if not low <= s <= high or s >= TOP - 1 and n:
        return None
    if crc32c(data[off:off + 4], data[off + 8:off + 16 + n]) != c:
        return None
    return off + 16 + n, s, n, closing

def mark(seq, closing):
    s = struct.pack("<Q", seq | (TOP if closing else 0))
    return bytes(4) + struct.pack("<I", crc32c(bytes(4), s)) + s

def remainder(data, at, nxt):
    """None if it is a remainder, else why it is damage."""
    rest = data[at:]
    if len(rest) >= 16:
        for closing in (False, True):
            m = mark(nxt, closing)
            if sum(a != b for a, b in zip(m, rest)) <= 2:
                cut = min(16, 512 - at % 512)
                parts = [(m[:cut], rest[:cut])] + ([(m[cut:], rest[cut:16])] if cut < 16 else [])
                if all(g != w and any(g) for w, g in parts):
                    return "a damaged mark"
    if not any(rest):
        return None
    first, marks, off = None, False, at + 1
    end = len(data)
    while off + 16 <= end:
        high = nxt + (off - at) // 17 + 1 if first is None else nxt + (off - at)
        f = frame_at(data, off, nxt, high)
        if f:
            if first is None:
                first = off
            if f[2] == 0:
                marks = True
                break
        off += 1
    if first is None:
        return None
    if marks:
        return "valid frames and a mark follow"
    if True:
        b = (at // 512 + 1) * 512
        while b <= first:
            seg = data[at:b]
            if not any(seg[-16:]):
                return None            # 16 zeros, or all bytes since the begin
            b += 512
    return "valid frames follow"

class Problem(Exception):
    pass

def zstd_decompress(block):
    try:
        import zstandard
        return zstandard.ZstdDecompressor().decompressobj().decompress(block)
    except ImportError:
        pass
    if not shutil.which("zstd"):
        raise OSError("neither zstandard nor zstd")
    r = subprocess.run(["zstd", "-dcq"], input=block, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode:
        raise Problem("zstd: " + r.stderr.decode(errors="replace").strip())
    return r.stdout

def seek_table(raw):
    """-> [(compressed, decompressed)] or None"""
    if len(raw) < 17: return None
    count, zero, magic = struct.unpack("<IBI", raw[-9:])
    size = 8 + 8 * count + 9
    if magic != 0x8F92EAB1 or zero or count < 1 or size > len(raw): return None
    t = raw[-size:]
    if struct.unpack("<II", t[:8]) != (0x184D2A5E, size - 8): return None
    blocks = list(struct.iter_unpack("<II", t[8:-9]))
    if sum(c for c, _ in blocks) != len(raw) - size: return None
    return blocks

def unzst(raw):
    blocks = seek_table(raw)
    if blocks is None:
        raise Problem("seek table")
    out, pos = [], 0
    for c, d in blocks:
        b = zstd_decompress(raw[pos:pos + c])
        if len(b) != d:
            raise Problem("a block is not as long as the seek table says")
        out.append(b)
        pos += c
    return b"".join(out), [d for _, d in blocks]

# ---------------------------------------------------------------- index
def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128); n >>= 7
    out.append(n)
    return bytes(out)

def zigzag(d):
    d &= M64
    if d >> 63: d -= 2**64
    return 2 * d if d >= 0 else -2 * d - 1

B32 = {c: i for i, c in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
def id64(evt):
    n = 0
    for c in evt[4:]: n = n * 32 + B32[c]
    return n >> 64

def terms(e):
    u = e.get("user_id")
    for n, k in ((1, "user_id"), (3, "session_id"), (4, "operation"), (5, "org_id"), (6, "resource"), (8, "status"), (10, "kind")):
        if k in e: yield n, e[k]
    if u is None or e["actor"] != "user:" + u: yield 2, e["actor"]
    for x in e.get("entry_ids", ()): yield 7, x
    p = dict(e.get("span", ())).get("parent")
    if p is not None: yield 9, p

def make_idx(logid, first, nxt, length, blocks):
    """blocks: [(decompressed length, [event or None])]"""
    table, cache, postings = b"", {}, {}
    pt = pi = 0
    for i, (size, events) in enumerate(blocks):
        opaque = any(e is None for e in events)
        table += varint(size) + varint(2 * len(events) + opaque)
        if events and not opaque:
            ts = [micros(e["timestamp"]) for e in events]
            ids = [id64(e["event_id"]) for e in events]
            table += varint(zigzag(min(ts) - pt)) + varint(max(ts) - min(ts)) + varint(zigzag(min(ids) - pi)) + varint(max(ids) - min(ids))
            pt, pi = min(ts), min(ids)
        for e in events:
            if e is None: continue
            for t in terms(e):
                h = cache.get(t)
                if h is None:
                    h = cache[t] = siphash13(logid, bytes([t[0]]) + t[1].encode()) >> 24
                l = postings.setdefault(h, [])
                if not l or l[-1] != i: l.append(i)
    p = 0
    while p < 24 and len(postings) > 1024 << p: p += 1
    pages = {}
    for h, l in postings.items():
        page, place = h >> (40 - p), h >> (24 - p) & 0xFFFF
        pages.setdefault(page, {}).setdefault(place, set()).update(l)
    body, directory = b"", b""
    for page in range(1 << p):
        out, prev = bytearray(), -1
        for place in sorted(pages.get(page, {})):
            out += varint(place - prev - 1)
            prev = place
            bs, pb = sorted(pages[page][place]), -1
            for j, b in enumerate(bs):
                out += varint(2 * (b - pb - 1) + (j + 1 < len(bs)))
                pb = b
        body += out
        directory += struct.pack("<II", len(body), crc32c(out))
    head = b"TAUDIDX\n" + struct.pack("<H", 1) + logid + struct.pack("<QQQIBI", first, nxt, length, len(blocks), p, len(table)) + table + directory
    return head + struct.pack("<I", crc32c(head)) + body

# ---------------------------------------------------------------- a log
class Outcome:
    def __init__(self):
        self.findings = self.unread = self.unwitnessed = 0

class Log:
    def __init__(self, path, out, given, outside):
        self.path, self.out, self.given, self.outside = path, out, given, outside
        self.shown = os.path.basename(os.path.abspath(path))

    def finding(self, s):
        self.out.findings += 1; print("%s: FINDING: %s" % (self.shown, s))
    def unread(self, s):
        self.out.unread += 1; print("%s: UNREADABLE: %s" % (self.shown, s))
    def note(self, s):
        print("%s: note: %s" % (self.shown, s))

    def read(self, *name, missing_ok=True):
        try:
            with open(os.path.join(self.path, *name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            if not missing_ok: self.unread("%s: not there any more" % "/".join(name))
        except OSError as e:
            self.unread(str(e))
            self.failed.add(name)
        return None

    def ls(self, *name):
        try:
            return sorted(n for n in os.listdir(os.path.join(self.path, *name)) if not n.endswith(".new"))
        except FileNotFoundError:
            return []
        except OSError as e:
            self.unread(str(e))
            return []

    def verify(self):
        self.failed = set()
        m = re.fullmatch("log-([0-9a-f]{32})", self.shown)
        self.id = bytes.fromhex(m.group(1)) if m else None
        cp = self.read("checkpoint")
        rotations = [(n[11:], self.read(n)) for n in self.ls() if re.fullmatch("checkpoint-[0-9a-f]{8}", n)]
        vk = self.read("log.vkey")
        tree = {}
        for n in self.ls("tree"):
            if re.fullmatch("[0-9]{2}", n):
                raw = self.read("tree", n)
                if raw is not None: tree[int(n)] = raw[:len(raw) // 8192 * 8192]
        self.entries, self.start, self.next = [], None, None   # parsed events (or None)
        self.leaves, self.last_closing, self.segs = [], False, {}
        self.raw_prev = None
        self.read_segments()
        if self.start is None:
            self.start = self.next = 0
        n, total = self.start, self.next
        self.order()
        # keys and origin
        vkeys = []
        if vk is None:
            if ("log.vkey",) not in self.failed: self.finding("log.vkey is missing")
        else:
            try:
                text = vk.decode()
                need(text.endswith("\n"), "does not end with LF")
                vkeys = [parse_vkey(l) for l in text[:-1].split("\n")]
                need(len(set(vkeys)) == len(vkeys), "a key twice")
            except ValueError as e:
                self.finding("log.vkey: %s" % e)
        if self.origin is None:
            self.origin = vkeys[0].name if vkeys else None
        if self.origin is None and cp:
            self.origin = cp.split(b"\n")[0].decode("utf-8", "replace")
        if self.origin is not None and self.id and not self.origin.endswith("/" + self.id.hex()):
            self.finding("the origin %s is not of this log" % self.origin)
        named = self.open_keys | set(self.key_entries)
        for k in vkeys:
            if k.name != self.origin: self.finding("log.vkey: a key with another name than the origin")
            if k not in named and n == 0: self.finding("log.vkey: %s was named by no entry" % k.id.hex())
        if vk is not None:
            for k in self.open_keys - set(vkeys): self.finding("log.vkey: lacks %s, named by an OPEN entry" % k.id.hex())
        self.build(tree, n, total)
        # checkpoints
        given = {Key(self.origin, k.public) for k in self.given} if self.origin else set()
        known = set(vkeys) | named | given
        trusted = set(given) if self.given else set(vkeys)
        rots = []
        for kid, data in rotations:
            if data is None: continue
            c = self.check(data, "checkpoint-" + kid)
            if not c: continue
            good, bad = c.signers(known)
            old = [k for k in good if k.id.hex() == kid]
            new = [k for k in good if k.id.hex() != kid and (
                k in self.key_entries and self.key_entries[k] < c.size or n > 0 and k in vkeys and k not in self.key_entries)]
            if bad or not old or not new:
                self.finding("checkpoint-%s: not signed by the old and a new key that a covered KEY entry names" % kid)
            else:
                rots.append((old[0], new))
        grown = True
        while grown:
            grown = False
            for old, new in rots:
                if old in trusted and not set(new) <= trusted:
                    trusted |= set(new); grown = True
        newest = None
        if cp is None:
            if ("checkpoint",) not in self.failed: self.finding("there is no checkpoint")
        else:
            newest = self.check(cp, "checkpoint")
            if newest: self.signed(newest, trusted)
        if newest and self.last_closing and newest.size < total:
            self.finding("the log was closed, but only %d of %d entries are signed" % (newest.size, total))
        elif newest and newest.size < total:
            self.note("%d entries behind the newest checkpoint" % (total - newest.size))
        covered = False
        for c in self.outside:
            ok = self.check(c, c.where)
            if ok and self.signed(c, trusted | named) and c.size > n: covered = True
        if not covered:
            self.out.unwitnessed += 1
            self.note("no checkpoint from outside covers one of its entries")
        print("%s: %d entries, from %d" % (self.shown, total - n, n))

    def signed(self, c, keys):
        good, bad = c.signers(keys)
        if bad: self.finding("%s: a signature by %s is wrong" % (c.where, ", ".join(k.id.hex() for k in bad)))
        elif not good: self.finding("%s: not signed by a key that counts" % c.where)
        return good and not bad

    def check(self, data, where):
        c = data
        if not isinstance(c, Checkpoint):
            try:
                c = Checkpoint(data, where)
            except ValueError as e:
                self.finding("%s: %s" % (where, e)); return None
        ok = True
        if c.origin != self.origin:
            self.finding("%s: the origin is %s" % (where, c.origin)); ok = False
        if c.size > self.next:
            self.finding("%s: of %d entries, but there are %d" % (where, c.size, self.next)); ok = False
        elif self.levels is None:
            self.finding("%s: no tree to compare with" % where); ok = False
        elif self.root(c.size) != c.root:
            self.finding("%s: another root" % where); ok = False
        return c if ok else None

    def read_segments(self):
        names, kinds = {}, {}
        listed = self.ls("segments")
        for nm in listed:
            m = re.fullmatch(r"([0-9]{20})\.(open|seg|zst|idx)", nm)
            if m: kinds.setdefault(int(m.group(1)), set()).add(m.group(2))
        firsts = sorted(f for f in kinds if kinds[f] & {"open", "seg", "zst"})
        for f in kinds:
            if f not in firsts: self.note("index %020d without a segment" % f)
        for i, f in enumerate(firsts):
            ks, stem = kinds[f], "%020d" % f
            blocks = None
            raw_zst = self.read("segments", stem + ".zst", missing_ok=False) if "zst" in ks else None
            use = "zst"
            if "seg" in ks and (raw_zst is None or seek_table(raw_zst) is None): use = "seg"
            if not ks & {"zst", "seg"}: use = "open"
            if "open" in ks and use != "open":
                self.finding("segment %s is there as .open and as .%s" % (stem, use))
            if use == "open" and i != len(firsts) - 1:
                self.finding("segment %s is open, but not the last" % stem)
            raw_idx = self.read("segments", stem + ".idx") if "idx" in ks else None
            if use == "zst":
                data = raw_zst
                if data is not None:
                    try:
                        data, blocks = unzst(data)
                    except Problem as e:
                        self.finding("segment %s.zst: %s" % (stem, e)); data = None
                    except OSError as e:
                        self.unread("segment %s.zst: %s" % (stem, e)); data = None
            else:
                data = self.read("segments", stem + "." + use, missing_ok=False)
            if data is None:
                self.next_unknown = True
                if self.start is None: self.start = self.next = f
                continue
            self.segment(f, stem, data, use, blocks, raw_zst, raw_idx)

    def segment(self, f, stem, data, use, blocks, raw_zst, raw_idx):
        bad = None
        if len(data) < 40: bad = "no header"
        else:
            magic, ver, lid, schema, first, crc = struct.unpack("<8sH16sHQI", data[:40])
            if crc != crc32c(data[:36]): bad = "checksum of the header"
            elif magic != b"TAUDSEG\n" or ver != 1 or schema != 1: bad = "magic or version"
            elif first != f: bad = "name and header differ"
            elif self.id is None: self.id = lid
            elif lid != self.id: bad = "header has another log id"
        if bad:
            self.finding("segment %s: %s" % (stem, bad))
            if self.start is None: self.start = self.next = f
            return
        if self.start is None: self.start = self.next = f
        elif self.next != f:
            self.finding("segment %s: expected sequence %d (a hole or an overlap)" % (stem, self.next))
            return                      # what follows can't be placed in the tree
        off, count, nxt, frames, events = 40, 0, f, [40], [[]]
        while off < len(data):
            fr = frame_at(data, off, nxt, nxt)
            if not fr:
                if use != "open": self.finding("segment %s: no valid frame at %d" % (stem, off))
                else:
                    why = remainder(data, off, nxt)
                    if why: self.finding("segment %s: damage at %d: %s" % (stem, off, why))
                    else: self.note("segment %s: a remainder of %d bytes at %d" % (stem, len(data) - off, off))
                break
            end, s, n, closing = fr
            ev = []
            if n:
                raw = data[off + 16:end]
                self.leaves.append(sha(b"\0" + raw))
                try:
                    e = parse_entry(raw, s)
                except (ValueError, RecursionError) as x:
                    self.finding("entry %d: %s" % (s, x)); e = None
                self.entries.append((e, f, self.last_closing_open))
                self.last_closing_open = False
                self.last_closing = False
                ev.append(e)
                nxt += 1; count += 1
            else:
                self.last_closing = closing
                if closing: self.last_closing_open = True
            frames.append(end); events.append(ev)
            off = end
        self.next = nxt
        if use != "open" and not count: self.finding("segment %s has no entry" % stem)
        self.segs[f] = (use, nxt, data, raw_zst, raw_idx)
        if use == "zst" and off == len(data):
            # blocks as they follow from the segment
            want, size, evs, prev = [], 0, [], 0
            for end, ev in zip(frames, events):
                n = end - prev
                if size + n > 65536 and size:
                    want.append((size, evs)); size, evs = 0, []
                size += n; evs = evs + ev; prev = end
            want.append((size, evs))
            if [s for s, _ in want] != blocks: self.finding("segment %s.zst: the blocks are not those that follow from it" % stem)
            if raw_idx is not None and make_idx(self.id, f, nxt, len(data), want) != raw_idx:
                self.finding("%s.idx is not what the segment gives" % stem)
    last_closing_open = False

    def order(self):
        self.origin, self.open_keys, self.key_entries = None, set(), {}
        self.seal_next, self.prune = 0, None
        prev = None
        open_part = None                    # (event id, k, n) of an event that has to go on
        for i, (e, seg, after_closing) in enumerate(self.entries):
            s = self.start + i
            part = None
            if e is not None and "part" in e:
                k, n = map(int, e["part"].split("/"))
                part = (e["event_id"], k, n)
            goes_on = open_part and part == (open_part[0], open_part[1] + 1, open_part[2])
            if open_part and not goes_on: self.note("entry %d: the event before ends with part %d/%d" % (s, open_part[1], open_part[2]))
            if part and part[1] > 1 and not goes_on and not (i == 0 and s > 0):
                self.finding("entry %d: part %s without the one before it" % (s, e["part"]))
            open_part = part if part and part[1] < part[2] else None
            is_log = e is not None and e.get("kind") == "log"
            op = e["operation"] if is_log else None
            if s == 0 and op != "OPEN": self.finding("entry 0 is no OPEN")
            if prev == "CLOSE" and op != "OPEN": self.finding("entry %d follows a CLOSE and is no OPEN" % s)
            elif after_closing and op != "OPEN": self.finding("entry %d follows a closing mark and is no OPEN" % s)
            if op == "OPEN":
                if prev not in ("CLOSE", None): self.note("entry %d: opened without a closing before" % s)
                cuts = fact(e, "cuts")
                if cuts: self.note("entry %d: recovery cut something: %s" % (s, encode(cuts)))
                lid = fact(e, "log")
                if lid is not None and self.id and lid != self.id.hex(): self.finding("entry %d: OPEN of another log" % s)
                size = int_fact(e, "size")
                if size is not None and size != s: self.finding("entry %d: OPEN says %d entries before" % (s, size))
                o = fact(e, "origin")
                if isinstance(o, str):
                    if self.origin is None: self.origin = o
                    elif o != self.origin: self.finding("entry %d: the origin changed" % s)
                wc = fact(e, "was_closed")
                if isinstance(wc, bool) and s and wc != after_closing: self.finding("entry %d: was_closed does not hold" % s)
            if op in ("OPEN", "KEY"):
                v = fact(e, "vkey")
                if isinstance(v, str):
                    try:
                        k = parse_vkey(v)
                        if op == "OPEN": self.open_keys.add(k)
                        else: self.key_entries.setdefault(k, s)
                    except ValueError as x: self.finding("entry %d: vkey: %s" % (s, x))
            if op == "SEAL": self.seal(e, s, seg)
            if op == "PRUNE":
                v = int_fact(e, "first")
                if v is None: self.finding("entry %d: PRUNE without first" % s)
                else: self.prune = v
            prev = op
        if self.start > 0 and (self.prune is None or self.prune < self.start):
            self.finding("the first entry is %d, and no PRUNE tells of that" % self.start)

    def seal(self, e, s, seg):
        first, nxt = int_fact(e, "first"), int_fact(e, "next")
        if nxt is not None:
            if nxt > s: self.finding("entry %d: SEAL next is beyond it" % s)
            else: self.seal_next = nxt
        if first not in self.segs: return
        use, n, data, raw_zst, raw_idx = self.segs[first]
        if first >= seg: self.finding("entry %d: SEAL of its own or a later segment" % s)
        bad = []
        if nxt is not None and nxt != n: bad.append("next")
        def cmp(name, raw, digest):
            v = fact(e, name)
            if v is None or raw is None: return
            if digest:
                if v != hashlib.sha256(raw).hexdigest(): bad.append(name)
            elif int_fact(e, name) != len(raw): bad.append(name)
        cmp("bytes", data, False)
        cmp("zst_bytes", raw_zst, False); cmp("zst_sha256", raw_zst, True)
        cmp("idx_bytes", raw_idx, False); cmp("idx_sha256", raw_idx, True)
        if bad: self.finding("entry %d: SEAL of %d does not hold: %s" % (s, first, ", ".join(bad)))

    def build(self, tree, n, total):
        """levels[k]: hashes of the full subtrees of 2^k leaves"""
        pruned = tree.get(0, b"")[:32 * n]
        self.levels = None
        if len(pruned) < 32 * n:
            self.finding("tree/00 lacks hashes of the entries that were pruned"); return
        lv = [[pruned[i:i + 32] for i in range(0, 32 * n, 32)] + self.leaves]
        while len(lv[-1]) > 1:
            a = lv[-1]
            lv.append([sha(b"\1" + a[i] + a[i + 1]) for i in range(0, len(a) - 1, 2)])
        self.levels = lv
        floor = max(self.seal_next, self.prune or 0)
        for l in set(tree) | set(range(8)):
            full, least = total // 256 ** (l + 1), floor // 256 ** (l + 1)
            raw = tree.get(l, b"")
            got = len(raw) // 8192
            if got < least: self.finding("tree/%02d has %d tiles, fewer than %d" % (l, got, least))
            if got > full: self.finding("tree/%02d has %d tiles, but the entries give %d" % (l, got, full))
            k = min(got, full)
            if k and b"".join(lv[8 * l][:256 * k]) != raw[:8192 * k]: self.finding("tree/%02d is not what the entries give" % l)

    def root(self, n):
        if n == 0: return sha(b"")
        peaks, at = [], 0
        for k in range(n.bit_length() - 1, -1, -1):
            if n >> k & 1:
                peaks.append(self.levels[k][at >> k]); at += 1 << k
        r = peaks.pop()
        while peaks: r = sha(b"\1" + peaks.pop() + r)
        return r

def main(argv):
    directory, keys, cps = None, [], []
    it = iter(argv)
    out = Outcome()
    for a in it:
        if a == "--key":
            v = next(it)
            if os.path.isfile(v): v = open(v).read()
            try: keys += [parse_vkey(l) for l in v.split("\n") if l]
            except ValueError as e: print("--key %s: %s" % (v, e)); return 2
        elif a == "--checkpoint": cps.append(next(it))
        else: directory = a
    if directory is None:
        print(__doc__); return 2
    outside = {}
    for c in cps:
        try:
            with open(c, "rb") as f: data = f.read()
            x = Checkpoint(data, c)
            outside.setdefault(x.origin.rpartition("/")[2], []).append(x)
        except OSError as e: out.unread += 1; print("UNREADABLE: %s" % e)
        except ValueError as e: out.findings += 1; print("FINDING: %s: %s" % (c, e))
    def err(e):
        out.unread += 1; print("UNREADABLE: %s" % e)
    found = []
    isl = lambda p: re.fullmatch("log-[0-9a-f]{32}", os.path.basename(os.path.abspath(p))) or os.path.isdir(os.path.join(p, "segments"))
    if isl(directory) and os.path.isdir(directory): found = [directory]
    else:
        for d, subs, _ in os.walk(directory, onerror=err):
            for s in sorted(subs):
                if re.fullmatch("log-[0-9a-f]{32}", s):
                    found.append(os.path.join(d, s)); subs.remove(s)
    seen = set()
    for p in found:
        m = re.fullmatch("log-([0-9a-f]{32})", os.path.basename(os.path.abspath(p)))
        lid = m.group(1) if m else None
        if lid is None:
            for c in sorted(os.listdir(os.path.join(p, "segments"))):
                if c.endswith((".open", ".seg")):
                    with open(os.path.join(p, "segments", c), "rb") as f: lid = f.read(26)[10:].hex()
                    break
        seen.add(lid)
        log = Log(p, out, keys, outside.get(lid, []))
        log.verify()
    for lid in outside:
        if lid not in seen: out.findings += 1; print("FINDING: a checkpoint from outside of %s, which is not there" % lid)
    if not found: out.unread += 1; print("there is no log")
    return 1 if out.findings else 2 if out.unread else 3 if out.unwitnessed else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
