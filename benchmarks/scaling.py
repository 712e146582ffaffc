"""How the cost of training and inference grows: batch, image size, workers.

    python -m benchmarks.scaling --model=mobilenet_v2

Workers are processes of `train.train_image_classifier --strategy=multi_worker` on this
machine, which they share: what is measured is what working together costs.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import NamedTuple

from absl import flags

from benchmarks import contest, results
from benchmarks.work import INFER, TRAIN, Work
from slimnets import errors, startup
from slimnets.config import dataclass_flags

_MODEL = flags.DEFINE_string("model", "mobilenet_v2", "The network.")
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", [1, 4, 16, 64], "At 224 pixels.")
_IMAGE_SIZES = flags.DEFINE_list("image_sizes", [96, 192, 384, 512], "At batch 8.")
_WORKERS = flags.DEFINE_list("workers", [1, 2, 4], "At batch 8 each, of digits.")
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of each measurement.")
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)

_STEPS = 30  # of the workers; the first ten are not counted
_LOG_EVERY = 10
_RATE = re.compile(r"\((\S+) sec/step, (\S+) images/s")


class Row(NamedTuple):
    """One measurement; or why it was not done."""

    what: str
    network: str
    setting: str
    batch_size: int
    image_size: int
    workers: int
    images_per_s: float | None = None
    memory_MB: float | None = None
    failed: str = ""


def _works() -> Iterator[Work]:
    for mode, batch_sizes in ((TRAIN, _BATCH_SIZES), (INFER, _BATCH_SIZES)):
        for batch_size in map(int, batch_sizes.value):
            yield Work(_MODEL.value, mode, batch_size)
    for mode in (TRAIN, INFER):
        for size in map(int, _IMAGE_SIZES.value):
            yield Work(_MODEL.value, mode, 8, size)


def _measured(work: Work) -> Row:
    setting = "auto" if work.mode == TRAIN else "tensorflow"
    row = Row(
        work.mode, work.network, setting, work.batch_size, work.image_size, workers=1
    )
    try:
        contender = contest.Contender("slimnets", setting, work)
        try:
            contest.race([contender], turns=3, seconds=_SECONDS.value)
        finally:
            contender.close()
    except contest.Failed as failed:
        return row._replace(failed=str(failed))
    return row._replace(images_per_s=contender.rate, memory_MB=contender.megabytes)


def _together(workers: int) -> Row:
    """Trains with some workers on loopback; the rate is that of all together."""
    row = Row("train together", _MODEL.value, "auto", 8 * workers, 96, workers)
    with TemporaryDirectory() as folder:
        cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(workers)]}
        running = [_worker(cluster, index, row, folder) for index in range(workers)]
        said = [process.communicate()[0] for process in running]
    status = next((p.returncode for p in running if p.returncode), 0)
    rates = _RATE.findall(said[0])
    if status or not rates:
        return row._replace(failed=said[0].strip().splitlines()[-1])
    return row._replace(images_per_s=float(rates[-1][1]))


def _worker(
    cluster: dict[str, list[str]], index: int, row: Row, folder: str
) -> subprocess.Popen:
    task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
    command = [
        *(sys.executable, "-m", "train.train_image_classifier"),
        f"--model={row.network}",
        f"--image_size={row.image_size}",
        f"--batch_size={row.batch_size}",
        f"--train_dir={folder}",
        f"--max_number_of_steps={_STEPS}",
        f"--log_every_n_steps={_LOG_EVERY}",
        "--strategy=multi_worker",
    ]
    return subprocess.Popen(
        command,
        env=os.environ | {"TF_CONFIG": json.dumps(task)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def _rows() -> Iterator[Row]:
    yield from map(_measured, _works())
    yield from map(_together, map(int, _WORKERS.value))


def main(argv: list[str]) -> None:
    """Measures all, and says each as it comes."""
    errors.refuse_arguments(argv)
    from slimnets.nets import registry

    registry.get_row(_MODEL.value)
    rows = []
    for row in _rows():
        speed = row.failed or f"{row.images_per_s:.1f} images/s"
        print(
            f"{row.what} {row.network}, batch {row.batch_size}, {row.image_size} px,"
            f" {row.workers} workers: {speed}",
            flush=True,
        )
        rows.append(row)
    results.report(rows, "scaling", _OUTPUT.value)


if __name__ == "__main__":
    startup.run(main)
