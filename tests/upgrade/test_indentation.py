"""Tabs and spaces mixed in indentation."""

import pytest

from slimnets.upgrade.indentation import expand_tabs

MIXED = b"if True:\n        x = 1\n\ty = 2\nz = '''\n\ta\n'''\n"


def test_a_tab_is_as_wide_as_python_2_took_it():
    names: dict = {}
    exec(expand_tabs(MIXED), names)
    assert (names["y"], names["z"]) == (2, "\n\ta\n")


def test_a_file_with_both_is_moved(move):
    moved = move(MIXED.decode())
    assert moved.read().encode() == expand_tabs(MIXED)
    assert [str(note) for note in moved.report.changed] == [
        "net.py: tabs in its indentation -> spaces"
    ]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(SyntaxError):
        expand_tabs(b"if True:\n\tx = 1\n    y = 2\n")
