"""A process beside a worker's own, for tests that change TensorFlow for good."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.conformance import peer


@pytest.fixture(scope="session")
def process() -> Iterator[Executor]:
    """Returns one process, in which TensorFlow starts once for all of tf_slim's files.

    Not forked: TensorFlow's threads would be missing in the copy.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        yield executor


@pytest.fixture
def outcomes_of(process: Executor, tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Returns what runs a test file of tf_slim: see `peer.outcomes`."""

    def outcomes_of(file: str) -> dict[str, str]:
        if not (peer.HOME / file).exists():
            pytest.skip(f"this tf_slim is installed without its {file}")
        return process.submit(peer.outcomes, file, tmp_path).result()

    return outcomes_of
