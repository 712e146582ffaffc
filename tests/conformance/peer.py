"""tf_slim's own unit tests, pointed at slimnets, in a process of their own.

They need one: they turn eager execution off for good. What is altered in the copies is
where `slim` and the networks come from, and what the tests themselves took from
TensorFlow, NumPy and unittest that is gone.
"""

import os
import re
from pathlib import Path

import pytest
import tf_slim

HOME = Path(tf_slim.__file__).parent

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


class Outcomes:
    """A plugin of pytest that keeps 'passed', 'failed' or 'skipped' for each test."""

    def __init__(self) -> None:
        self.by_test: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("::")[2].replace("::", ".")
        if report.when == "call" or report.outcome != "passed":
            self.by_test[test] = report.outcome


def outcomes(file: str, folder: Path) -> dict[str, str]:
    """Runs a copy of a test file of tf_slim that tests slimnets.

    Prints what pytest prints of it; turns eager execution off for good.

    Args:
      file: its path below tf_slim's folder.
      folder: for the copy.

    Returns:
      'passed', 'failed' or 'skipped' for each test, by '<class>.<test>'.
    """
    copy = folder / Path(file).name
    copy.write_text(_repointed((HOME / file).read_text()))
    found = Outcomes()
    options = ["-q", "-c", os.devnull, "-W", "ignore", "--tb=short"]
    options += ["-p", "no:xdist", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    pytest.main([*options, str(copy)], plugins=[found])
    return found.by_test


def _repointed(source: str) -> str:
    for pattern, replacement in (POINTED_AT_SLIMNETS | GONE).items():
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source
