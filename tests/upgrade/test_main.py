"""The command."""

from tests.binaries import programs

MODULE = "slimnets.upgrade.__main__"


def test_a_line_says_what_happened(tmp_path):
    (tmp_path / "net.py").write_text("import tensorflow as tf\n")
    output = tmp_path / "new"
    ended = programs.run(MODULE, str(tmp_path / "net.py"), f"--output={output}")
    assert (ended.status, ended.said) == (0, "")
    assert ended.printed == (
        "1 files, 1 of them rewritten: 1 changes, 0 things left to do;"
        f" see {output}/upgrade_report.txt\n"
    )


def test_one_program_at_a_time(tmp_path):
    for words in ((), ("a", "b")):
        ended = programs.run(MODULE, *words, f"--output={tmp_path / 'new'}")
        assert ended.status == 2 and ended.said.startswith("error: ")
