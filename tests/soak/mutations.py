"""Changes to files as accidents and attackers make them; the same for the same seed."""

import random
from collections.abc import Callable, Sequence

# Numbers at which readers trip, as they stand in files.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63)
_WORDS = (
    *(b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"true", b"\n", b"\xff"),
    *(b"99999999999", b"\0", b"\\ud800", b"../", b":", b"=", b"--", b"[" * 2000),
)


def mutate(content: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Returns a file with one to a few changes.

    Args:
      content: a valid file.
      others: files to take pieces of.
      rng: what decides.
    """
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        rng.choice(_CHANGES)(changed, others, rng)
    return bytes(changed)


def _flip_a_bit(
    content: bytearray, others: Sequence[bytes], rng: random.Random
) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _set_a_byte(
    content: bytearray, others: Sequence[bytes], rng: random.Random
) -> None:
    if content:
        content[rng.randrange(len(content))] = rng.randrange(256)


def _write_a_number(
    content: bytearray, others: Sequence[bytes], rng: random.Random
) -> None:
    size = rng.choice((1, 2, 4, 8))
    number = rng.choice(_NUMBERS) % 2 ** (8 * size)
    place = rng.randrange(len(content) + 1)
    order = rng.choice(("little", "big"))
    content[place : place + size] = number.to_bytes(size, order)


def _write_a_word(
    content: bytearray, others: Sequence[bytes], rng: random.Random
) -> None:
    word = rng.choice(_WORDS)
    place = rng.randrange(len(content) + 1)
    content[place : place + rng.choice((0, 1, len(word)))] = word


def _cut_off(content: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _leave_out(content: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    del content[place : place + rng.randrange(1, 64)]


def _repeat(content: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    piece = bytes(content[place : place + rng.randrange(1, 64)])
    content[place:place] = piece * rng.choice((1, 2, 50))


def _take_from_another(
    content: bytearray, others: Sequence[bytes], rng: random.Random
) -> None:
    other = rng.choice(others)
    start = rng.randrange(len(other) + 1)
    place = rng.randrange(len(content) + 1)
    length = rng.randrange(1, 256)
    content[place : place + length] = other[start : start + length]


_CHANGES: tuple[Callable[[bytearray, Sequence[bytes], random.Random], None], ...] = (
    *(_flip_a_bit, _set_a_byte, _write_a_number, _write_a_word),
    *(_cut_off, _leave_out, _repeat, _take_from_another),
)
