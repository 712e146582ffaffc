"""The command."""

import pytest
from absl import flags

from slimnets import errors
from slimnets.upgrade import __main__ as program


@pytest.fixture
def output(tmp_path):
    flags.FLAGS(["upgrade", f"--output={tmp_path / 'new'}"])
    yield tmp_path / "new"
    flags.FLAGS.unparse_flags()


def test_a_line_says_what_happened(output, tmp_path, capsys):
    pytest.importorskip("libcst")
    (tmp_path / "net.py").write_text("import tensorflow as tf\n")
    program.main(["upgrade", str(tmp_path / "net.py")])
    assert capsys.readouterr().out == (
        "1 files, 1 of them rewritten: 1 changes, 0 things left to do;"
        f" see {output}/upgrade_report.txt\n"
    )


@pytest.mark.parametrize("words", [[], ["a", "b"]])
def test_one_program_at_a_time(output, words):
    with pytest.raises(errors.InputError):
        program.main(["upgrade", *words])
