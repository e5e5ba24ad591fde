"""A digest of labelled pairs that does not depend on the order of rows."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray, BoolArray, FloatArray, Int32Array

_PAIRS_AT_ONCE = 1 << 16
_BYTES_AT_ONCE = 1 << 20
_N_SUMS = 2
_POSITIVE = np.uint64(0x9E3779B97F4A7C15)


def digest_of(
    kind: str,
    distances: FloatArray,
    is_positive: BoolArray,
    groups: Sequence[tuple[pa.Array, Int32Array]],
) -> str:
    """SHA-256 of scores, labels and groups.

    Each pair has a hash, in which the order of its two sides has no say, and hashes are added up:
    as the digest of embeddings, it rests on numbers of 64 bits for each row.

    Parameters
    ----------
    groups
        Names of groups as texts, and the groups of each pair, shape ``(n_sides, n_pairs)``.
    """
    keys = np.random.default_rng(0).integers(0, 2**64, size=_N_SUMS, dtype=np.uint64)
    hashed = [(hashes_of(names), sides) for names, sides in groups]
    sums = np.zeros(_N_SUMS, dtype=np.uint64)
    for start in range(0, len(distances), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        words = mixed(distances[some].view(np.uint64) + _POSITIVE * is_positive[some])
        for place, (names, sides) in enumerate(hashed, 1):
            for side in sides:
                words = words + mixed(names[side[some]] * np.uint64(2 * place + 1))
        sums += np.stack([mixed(words ^ key).sum(keepdims=True) for key in keys])[:, 0]
    digest = hashlib.sha256(f"{kind}:{len(distances)}:{len(groups)};".encode())
    digest.update(sums.astype("<u8").tobytes())
    return digest.hexdigest()


def mixed(words: AnyArray) -> AnyArray:
    """Spread each bit of 64 over all of them (the finaliser of SplitMix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(words ^ (words >> np.uint64(31)))


def hashes_of(names: pa.Array) -> AnyArray:
    """Shape ``(n_names,)``, uint64: random multiples of the bytes of each text, added up."""
    offsets = np.frombuffer(names.buffers()[1], np.int64)[names.offset :][: len(names) + 1]
    letters = np.frombuffer(names.buffers()[2] or b"", np.uint8)
    lengths = np.diff(offsets)
    longest = int(lengths.max(initial=0))
    keys = np.random.default_rng(1).integers(0, 2**64, size=longest + 1, dtype=np.uint64) | 1
    hashes = mixed(lengths.astype(np.uint64))
    at_once = max(1, _BYTES_AT_ONCE // max(1, longest))
    for start in range(0, len(names), at_once):
        of = offsets[start : start + at_once + 1]
        here, size = letters[of[0] : of[-1]].astype(np.uint64), np.diff(of)
        place = np.arange(len(here)) - np.repeat(of[:-1] - of[0], size)
        total = np.concatenate([[np.uint64(0)], np.cumsum((here + 1) * keys[place])])
        hashes[start : start + at_once] += total[of[1:] - of[0]] - total[of[:-1] - of[0]]
    return mixed(hashes)
