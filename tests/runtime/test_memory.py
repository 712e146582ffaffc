"""What the files of Linux tell of memory."""

import pytest
import tensorflow as tf

from slimnets.runtime import memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Returns what writes the files that tell, in place of this machine's."""
    monkeypatch.setattr(memory, "_MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    monkeypatch.setattr(memory, "_PROCESS", tmp_path)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])

    def write(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / name.replace("memory_", "memory.")).write_text(text)

    return write


MEMINFO = "MemTotal: 9000000 kB\nMemAvailable:   4000000 kB\n"


def test_of_the_machine(machine):
    machine(meminfo=MEMINFO)
    assert memory.available() == pytest.approx(4.096)


@pytest.mark.parametrize(("limit", "left"), [("max\n", 4.096), ("3000000000\n", 2.5)])
def test_of_a_container(machine, limit, left):
    machine(
        meminfo=MEMINFO,
        memory_max=limit,
        memory_current="1000000000\n",
        memory_stat="anon 1\ninactive_file 500000000\n",
    )
    assert memory.available() == pytest.approx(left)


def test_where_nothing_tells(machine):
    assert memory.available() is None and memory.most_held() is None
    memory.be_the_first_to_go()


def test_of_this_process(machine, tmp_path):
    machine(status="Name:\tpython\nVmHWM:\t  500000 kB\n", oom_score_adj="0")
    assert memory.most_held() == pytest.approx(0.512)
    memory.be_the_first_to_go()
    assert (tmp_path / "oom_score_adj").read_text() == "1000"
