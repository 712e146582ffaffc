"""tf_slim's own unit tests, pointed at slimnets.slim, in a process of their own.

They need one: they turn TensorFlow 2's behaviour off for good. What is altered in the
copies is where `slim` comes from, and what the tests themselves took from TensorFlow
and NumPy that is gone.
"""

import os
import re
import subprocess
import sys
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
    r"^from tf_slim(\.layers|\.data)? import ": ("from slimnets.slim import "),
}
GONE = {
    r"(?<![\w.])ops\.(IndexedSlices|Tensor)\b": r"tf.\1",
    r"control_flow_ops\.case\b": "tf.case",
    r"variable_scope\.((disable_|enable_)?resource_variables)": r"tf.\1",
    r"variables(_lib)?\.VariableV1": "tf.Variable",
    r"np\.product": "np.prod",
    r"\.tostring\(\)": ".tobytes()",
    r"int\(2 \* self\._labels\[i\]": "int(2 * self._labels[i, 0]",
}

BATCHES = {
    "layers": ["layers/layers_test.py", "ops/arg_scope_test.py"],
    "the rest": [
        "data/tfexample_decoder_test.py",
        "layers/optimizers_test.py",
        "layers/utils_test.py",
        "learning_test.py",
        "metrics/histogram_ops_test.py",
        "ops/variables_test.py",
    ],
}

NAMED_FOR_KERAS = (
    "wants a loss named for Keras' variable; ours says 'weights', 'biases'"
)
EXPECTED_FAILURES = {
    "layers_test.BatchNormTest.testAdjustmentCreated": (
        "adjustment is not offered, and says so"
    ),
    "layers_test.ConvolutionTest.testCreateConvWithWD": NAMED_FOR_KERAS,
    "layers_test.DropoutTest.testCreateDropout": (
        "wants the name of TensorFlow 1's last op; dropout now ends in a select"
    ),
    "layers_test.FCTest.testCreateFCWithBD": NAMED_FOR_KERAS,
    "layers_test.FCTest.testCreateFCWithWD": NAMED_FOR_KERAS,
    "layers_test.SeparableConv2dTest.testCreateConvWithWeightDecay": (NAMED_FOR_KERAS),
    "variables_test.VariablesTest.testVariableWithReplicaDeviceSetter": (
        "tf_slim.variable's own: a resource variable goes by its job's device"
    ),
}


def repointed(source: str) -> str:
    for pattern, replacement in (POINTED_AT_SLIMNETS | GONE).items():
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


def outcomes(report: Path) -> tuple[set[str], set[str]]:
    """The names of the tests that failed, and of the others."""
    failed, others = set(), set()
    for case in ElementTree.parse(report).iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        name = f"{case.get('classname')}.{case.get('name')}"
        (failed if bad else others).add(name)
    return failed, others


def run(tests: Path) -> Path:
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


@pytest.mark.parametrize("batch", BATCHES)
def test_tf_slims_own_tests_pass_on_slimnets(batch, tmp_path):
    home = Path(tf_slim.__file__).parent
    for file in BATCHES[batch]:
        if not (home / file).exists():
            pytest.skip(f"this tf_slim is installed without its {file}")
        copy = tmp_path / Path(file).name
        copy.write_text(repointed((home / file).read_text()))
    failed, others = outcomes(run(tmp_path))
    modules = {Path(file).stem for file in BATCHES[batch]}
    assert failed == {n for n in EXPECTED_FAILURES if n.split(".")[0] in modules}
    assert {name.split(".")[0] for name in others} == modules
