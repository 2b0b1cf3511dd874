"""Reads or writes a log with tlog-scales alone.

audit DIRECTORY VKEY ORIGIN OLDER-SIZE OLDER-ROOT
    exit status 0 only if everything about the log holds
write DIRECTORY ORIGIN SIZE
    prints the verifier key, then a tlog-proof of entry 333
"""

import base64
import sys
from pathlib import Path

from tlog_scales import cli, signing, tiles
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.writer import TilesWriter


def audit(directory, vkey, origin, older_size, older_root):
    reader = TilesReader(LocalBackend(Path(directory)))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(vkey))
    assert checkpoint.origin == origin, "another log"
    assert reader.calculate_root_hash() == checkpoint.root_hash, "the tiles have another root"
    for index in range(checkpoint.size):
        leaf = tiles.leaf_hash(reader.get_entry(index))
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf, checkpoint.root_hash)
    assert int(older_size) <= checkpoint.size, "the log shrank"
    proof = reader.get_consistency_proof(int(older_size), checkpoint.size)
    proof.check(base64.b64decode(older_root), checkpoint.root_hash)
    print(f"{checkpoint.size} entries")


def write(directory, origin, size):
    log = TilesWriter.create(Path(directory), origin)
    for number in range(int(size)):
        log.add_leaf(f'{{"sequence":{number},"operation":"STORE"}}'.encode())
    signer = signing.PlainEd25519Signer(origin, bytes([9] * 32))
    log.commit([signer])
    print(signer.vkey.serialize())
    arguments = cli.build_parser().parse_args(["gen-proof", directory, "333"])
    arguments.func(arguments)


if __name__ == "__main__":
    {"audit": audit, "write": write}[sys.argv[1]](*sys.argv[2:])
