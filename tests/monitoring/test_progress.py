"""Lines in a log, bars on a terminal."""

import pytest

from slimnets.monitoring import progress as bars


@pytest.mark.parametrize(("end", "left"), [(250, ", 0:05:00 left"), (None, "")])
def test_a_line_of_progress(capsys, end, left):
    progress = bars.TrainingProgress(90, end)
    progress.step()
    progress.report(100, 1.23456, 16.0, 2.0)
    progress.close()
    assert capsys.readouterr().out == (
        f"global step 100: loss = 1.2346 (2.000 sec/step, 16.0 images/s{left})\n"
    )


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = bars.TrainingProgress(90, 100)
    progress.step()
    progress.report(91, 1.23456, 16.0, 2.0)
    progress.close()
    written = capsys.readouterr()
    assert "91/100" in written.err and "loss 1.2346, 16.0 images/s" in written.err
    assert not written.out


def test_a_bar_of_images(capsys, monkeypatch):
    with bars.image_bar(3) as bar:
        bar.update()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with bars.image_bar(3) as bar:
        bar.update(2)
    assert "2/3" in capsys.readouterr().err
