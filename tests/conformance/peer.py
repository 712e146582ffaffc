"""tf_slim's own unit tests, pointed at slimnets, in a process of their own.

They need one: they turn TensorFlow 2's behaviour off for good. What is altered in the
copies is where `slim` and the networks come from, and what the tests themselves took
from TensorFlow, NumPy and unittest that is gone.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tf_slim

ROOT = Path(__file__).parents[2]

POINTED_AT_SLIMNETS = {
    r"^from tf_slim\.ops\.arg_scope import arg_scope$": (
        "from slimnets.slim import arg_scope"
    ),
    r"^from tf_slim\.ops import arg_scope as": (
        "from slimnets.slim import arg_scope_lib as"
    ),
    r"^from tf_slim\.ops import variables as": "from slimnets import slim as",
    r"^from tf_slim\.ops import variables$": "from slimnets import slim as variables",
    r"^from tf_slim\.metrics import (\w+)$": (
        r"from slimnets import slim; \1 = slim.metrics.\1"
    ),
    r"^from tf_slim\.nets import ": "from slimnets.nets import ",
    r"^from tf_slim(\.layers|\.data)? import ": "from slimnets.slim import ",
}
GONE = {
    r"(?<![\w.])ops\.(IndexedSlices|Tensor)\b": r"tf.\1",
    r"control_flow_ops\.case\b": "tf.case",
    r"variable_scope\.((disable_|enable_)?resource_variables)": r"tf.\1",
    r"variables(_lib)?\.VariableV1": "tf.Variable",
    r"np\.product": "np.prod",
    r"assertItemsEqual": "assertCountEqual",
    r"assertEquals\b": "assertEqual",
    r"\.tostring\(\)": ".tobytes()",
    r"int\(2 \* self\._labels\[i\]": "int(2 * self._labels[i, 0]",
}


def outcomes(files: Iterable[str], folder: Path) -> dict[str, str]:
    """Runs copies of tf_slim's test files that test slimnets; prints what they print.

    Args:
      files: paths below tf_slim's folder.
      folder: an empty one, for the copies.

    Returns:
      'passed', 'failed' or 'skipped' for each test, by '<module>.<class>.<test>'.
    """
    home = Path(tf_slim.__file__).parent
    for file in files:
        if not (home / file).exists():
            pytest.skip(f"this tf_slim is installed without its {file}")
        (folder / Path(file).name).write_text(_repointed((home / file).read_text()))
    cases = ElementTree.parse(_report(folder)).iter("testcase")
    return {
        f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases
    }


def _repointed(source: str) -> str:
    for pattern, replacement in (POINTED_AT_SLIMNETS | GONE).items():
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


def _report(tests: Path) -> Path:
    """Runs a folder's tests in a process of their own; returns pytest's XML report."""
    report = tests / "report.xml"
    options = ["-q", "-c", os.devnull, "-W", "ignore", "--tb=short"]
    options += ["-p", "no:xdist", "-p", "no:cacheprovider", f"--junitxml={report}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, tests.glob("*_test.py"))],
        cwd=tests,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(finished.stdout, finished.stderr)
    return report


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"
