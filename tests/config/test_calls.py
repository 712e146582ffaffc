"""Names with arguments."""

import pytest

from slimnets import errors
from slimnets.config import calls


@pytest.mark.parametrize(
    ("words", "name", "arguments"),
    [
        ("vgg", "vgg", {}),
        ("vgg()", "vgg", {}),
        (
            "f(a=1, b='x', c=(0.5, None), d=True)",
            "f",
            dict(a=1, b="x", c=(0.5, None), d=True),
        ),
        ("my (old) nets/net.py:small", "my (old) nets/net.py:small", {}),
        (
            "my (old) nets/net.py:small(width=2)",
            "my (old) nets/net.py:small",
            {"width": 2},
        ),
        ("net.py:small(text='(')", "net.py:small", {"text": "("}),
    ],
)
def test_a_call_is_read_and_written(words, name, arguments):
    call = calls.parse(words)
    assert (call.name, call.arguments) == (name, arguments)
    assert calls.parse(str(call)) == call


@pytest.mark.parametrize(
    "words", ["f(1)", "f(a=b)", "f(a=1, a=2)", "f(**{'a': 1})", "f(a=__import__('os'))"]
)
def test_what_is_no_list_of_arguments(words):
    with pytest.raises(errors.InputError, match="is no name with arguments"):
        calls.parse(words)
