"""What a user is told when the input is at fault."""

import pytest
import tensorflow as tf

from slimnets import errors


def test_an_input_error_is_a_value_error():
    assert issubclass(errors.InputError, ValueError)


def test_unknown_names_the_nearest():
    error = errors.unknown("network", "mobilnet_v1", ["mobilenet_v1", "resnet50"])
    assert str(error) == "unknown network 'mobilnet_v1'; did you mean mobilenet_v1?"


def test_unknown_lists_all_if_none_is_near():
    error = errors.unknown("split", "zzz", iter(["train", "test"]))
    assert str(error) == "unknown split 'zzz'; known: train, test"


def test_report_errors_turns_an_input_error_into_a_line_and_status_2(capsys):
    @errors.report_errors
    def main(argv: list[str]) -> None:
        raise errors.InputError(f"no {argv[0]}")

    with pytest.raises(SystemExit) as ending:
        main(["file"])
    assert ending.value.code == 2
    assert capsys.readouterr().err == "error: no file\n"


def test_report_errors_keeps_to_one_line(capsys):
    @errors.report_errors
    def main(argv: list[str]) -> None:
        raise errors.InputError("a\nb\udcff")

    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().err == "error: a\\nb\\udcff\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            tf.errors.ResourceExhaustedError(
                None, None, "{{function_node f}} OOM of shape[9] [Op:Conv2D] name: "
            ),
            "out of memory: OOM of shape[9]; give a smaller --batch_size",
        ),
        (MemoryError(), "out of memory: MemoryError; give a smaller --batch_size"),
        (
            tf.errors.ResourceExhaustedError(
                None, None, "runs/a/events.v2; No space left on device"
            ),
            "the disk is full: runs/a/events.v2; No space left on device\n",
        ),
        (OSError(28, "No space left", "x.npz"), "[Errno 28] No space left: 'x.npz'"),
    ],
)
def test_report_errors_tells_of_memory_and_disk_in_a_line(capsys, error, line):
    @errors.report_errors
    def main(argv: list[str]) -> None:
        raise error

    with pytest.raises(SystemExit) as ending:
        main([])
    assert ending.value.code == 2
    written = capsys.readouterr().err
    assert written.startswith(f"error: {line}") and written.count("\n") == 1


def test_report_errors_leaves_other_errors_alone():
    @errors.report_errors
    def main(argv: list[str]) -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        main([])


def test_report_errors_ends_quietly_at_ctrl_c(capsys):
    @errors.report_errors
    def main(argv: list[str]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ending:
        main([])
    assert ending.value.code == 130
    assert capsys.readouterr().err == ""


def test_words_that_are_no_flags_are_refused():
    errors.refuse_arguments(["program"])
    with pytest.raises(errors.InputError, match="unexpected 'model=x y'"):
        errors.refuse_arguments(["program", "model=x", "y"])


def test_names_are_printed_as_one_line():
    assert errors.printable("a\nb\u2028日本 ü") == r"a\nb\u2028日本 ü"
    assert errors.printable("caf\udce9") == r"caf\udce9"
