r"""Moves a program written for TF-Slim over to slimnets and today's TensorFlow.

Example:

  python -m slimnets.upgrade --output=new/program old/program

The program, a folder or one file, stays as it is. The output is a copy in which imports
and names are today's; comments and layout stay. What was changed, and what is left to
do, stands in upgrade_report.txt there, each with file, line and remedy. Exit status 0
says that the copy is whole; what is left to do is counted in the line printed.
"""

from pathlib import Path

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags

_OUTPUT = dataclass_flags.define_path(
    "output",
    None,
    "Folder to write the program into; it must not be there yet, or be empty.",
    required=True,
)
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Moves the program over, and prints what happened in a line."""
    if len(argv) < 2:
        raise errors.InputError(
            "which program? Give its folder: upgrade SRC --output=DST"
        )
    errors.refuse_arguments(argv[1:])
    from slimnets.upgrade import tree

    output = Path(_OUTPUT.value)
    report = tree.upgrade(Path(argv[1]).expanduser(), output)
    print(f"{report.summary()}; see {output / tree.REPORT}")


if __name__ == "__main__":
    startup.run(main)
