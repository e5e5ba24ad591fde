"""Ways in which bytes are damaged, chosen by a seeded generator."""

import json

_LENGTHS = (0, 1, 2, 7, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1,
            2**64 - 1)  # fmt: skip
_TOKENS = (
    b"[" * 5000, b"{\"a\":" * 3000, b"\0", b"\xff\xfe", b"\xc3", b"nan", b"NaN", b"Infinity",
    b"-1", b"1e999", b"true", b"null", b'"', b"\n", b"\r", b",", b"[]", b"{}", b"9" * 5000,
    b"\x1b]0;x\x07", b"\\u0000", b"\\ud800", b'""', b"\xef\xbb\xbf", b"=1+1", b"-", b"x" * 70000,
)  # fmt: skip
_VALUES = (
    None, True, False, 0, -1, 1e308, 2**70, "", "0.9", "x" * 1000, [], {}, [[]], float("nan"),
    float("inf"), -0.0, "euclidean", "\x1b[31m", "\ud800",
)  # fmt: skip


def flip_bit(data, random):
    at = random.randrange(len(data))
    data[at] ^= 1 << random.randrange(8)


def set_byte(data, random):
    data[random.randrange(len(data))] = random.choice(
        (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
    )


def set_length(data, random):
    """Write a number where a length may be."""
    width = random.choice((2, 4, 8))
    at = random.randrange(max(1, len(data) - width + 1))
    if random.random() < 0.7:
        at -= at % width
    value = random.choice(_LENGTHS) & (2 ** (8 * width) - 1)
    data[at : at + width] = value.to_bytes(width, random.choice(("little", "big")))


def cut(data, random):
    del data[random.randrange(len(data)) :]


def cut_out(data, random):
    at = random.randrange(len(data))
    del data[at : at + random.randint(1, 64)]


def repeat(data, random):
    at = random.randrange(len(data))
    piece = data[at : at + random.randint(1, 256)]
    data[at:at] = piece * random.choice((1, 2, 50))


def copy_over(data, random):
    n = random.randint(1, 64)
    source, target = (random.randrange(len(data)) for _ in range(2))
    data[target : target + n] = data[source : source + n]


def zero(data, random):
    at = random.randrange(len(data))
    n = random.randint(1, 200)
    data[at : at + n] = bytes(len(data[at : at + n]))


def put_token(data, random):
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(_TOKENS)


def change_value(data, random):
    """Put another value into the first JSON object, keeping a length before it right."""
    start = data.find(b"{")
    try:
        found, length = json.JSONDecoder().raw_decode(data[start:].decode("latin1"))
    except (ValueError, RecursionError):
        return put_token(data, random)
    holder, key = _somewhere(found, random)
    if holder is None:
        return put_token(data, random)
    if random.random() < 0.2:
        del holder[key]
    else:
        holder[key] = random.choice(_VALUES)
    text = json.dumps(found).encode("latin1")
    if start == 8 and int.from_bytes(data[:8], "little") == length:  # safetensors
        data[:8] = len(text).to_bytes(8, "little")
    data[start : start + length] = text
    return None


def _somewhere(found, random):
    holder, key = None, None
    while isinstance(found, dict | list) and found:
        holder = found
        key = (
            random.choice(list(found)) if isinstance(found, dict) else random.randrange(len(found))
        )
        found = found[key]
        if random.random() < 0.4:
            break
    return holder, key


ANYWHERE = (flip_bit, flip_bit, flip_bit, set_byte, set_byte, set_length, set_length, set_length,
            cut, cut_out, repeat, copy_over, zero)  # fmt: skip
IN_TEXT = (*ANYWHERE, put_token, put_token, put_token, put_token)
IN_JSON = (*IN_TEXT, change_value, change_value, change_value, change_value, change_value)
WAYS = {
    "csv": IN_TEXT, "labels": IN_TEXT, "jsonl": IN_JSON, "threshold": IN_JSON, "head": IN_JSON,
}  # fmt: skip


def damaged(contents, reader, random):
    """Contents after one to four kinds of damage."""
    data = bytearray(contents)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if data:
            random.choice(WAYS.get(reader, ANYWHERE))(data, random)
    return bytes(data)
