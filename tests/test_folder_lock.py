"""A folder has one writer at a time; a dead one holds nothing."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from slimnets import errors, folder_lock

HOLD = (
    "import sys, time; from pathlib import Path; from slimnets import folder_lock\n"
    "with folder_lock.lock(Path(sys.argv[1]), 'training'):\n"
    "    print('held', flush=True); time.sleep(60)"
)


def test_a_second_writer_is_refused(tmp_path):
    with folder_lock.lock(tmp_path, "training"):
        with (
            pytest.raises(errors.InputError) as caught,
            folder_lock.lock(tmp_path, "training"),
        ):
            pass
        line = str(caught.value)
        assert line.startswith(f"{tmp_path} is being written already: training by")
        assert f"process {os.getpid()} on " in line
    assert not list(tmp_path.iterdir())
    with folder_lock.lock(tmp_path, "training"):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(errors.InputError, match=f"by process {holder.pid} on"),
        folder_lock.lock(tmp_path, "training"),
    ):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with folder_lock.lock(tmp_path, "training"):
        pass
    assert not list(tmp_path.iterdir())


def test_where_there_are_no_locks_nothing_is_held(tmp_path, monkeypatch):
    def flock(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(folder_lock.fcntl, "flock", flock)
    with folder_lock.lock(tmp_path, "one"), folder_lock.lock(tmp_path, "two"):
        pass


def test_a_second_writer_waits_where_it_may(tmp_path):
    told, order = threading.Event(), []

    def write_too():
        with folder_lock.lock(tmp_path, "converting", lambda line: told.set()):
            order.append("second")

    thread = threading.Thread(target=write_too)
    with folder_lock.lock(tmp_path, "downloading"):
        thread.start()
        assert told.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    assert not list(tmp_path.iterdir())
