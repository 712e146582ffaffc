"""Indentation of tabs and spaces mixed, which Python 2 read and Python 3 refuses."""

import io
import tokenize


def expand_tabs(source: bytes) -> bytes:
    """Returns the source with tabs in indentation as wide as Python 2 took them.

    Lines that begin inside a string stay as they are.

    Args:
      source: the bytes of a file.

    Raises:
      SyntaxError: its indentation makes no sense in Python 2 either.
    """
    lines = source.splitlines(keepends=True)
    wide = [_expand(line) for line in lines]
    try:
        for token in tokenize.tokenize(io.BytesIO(b"".join(wide)).readline):
            if token.type == tokenize.STRING:
                inside = slice(token.start[0], token.end[0])
                wide[inside] = lines[inside]
    except tokenize.TokenError as error:
        raise SyntaxError(str(error)) from error
    return b"".join(wide)


def _expand(line: bytes) -> bytes:
    text = line.lstrip(b" \t")
    return line[: len(line) - len(text)].expandtabs(8) + text
