"""A contender in a process of its own: does one task, and answers with one line.

    python -m benchmarks.finetuning.worker NAME TASK

TASK is a `Task` as JSON; the line is a `Training`, also as JSON.
"""

import importlib
import json
import os
import sys

from benchmarks.finetuning.task import Task


def main() -> None:
    """Runs the contender that the command line names."""
    name, text = sys.argv[1:]
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print
    contender = importlib.import_module(f"benchmarks.finetuning.run_{name}")
    training = contender.train(Task.read(text))
    os.write(answers, (json.dumps(training._asdict()) + "\n").encode())


if __name__ == "__main__":
    main()
