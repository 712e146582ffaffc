"""tf_slim's own tests of its networks, pointed at slimnets.nets."""

import pytest

pytestmark = pytest.mark.slow

# tf_slim 1.1.0's files, each with the number of its tests.
FILES = {
    "nets/inception_v3_test.py": 15,
    "nets/resnet_v1_test.py": 15,
    "nets/resnet_v2_test.py": 15,
    "nets/inception_v2_test.py": 14,
    "nets/vgg_test.py": 21,
    "nets/inception_v1_test.py": 11,
    "nets/overfeat_test.py": 7,
    "nets/alexnet_test.py": 7,
}


@pytest.mark.parametrize("file", FILES)
def test_tf_slims_own_tests_of_its_networks_pass_on_slimnets(outcomes_of, file):
    outcomes = outcomes_of(file)
    assert [test for test, outcome in outcomes.items() if outcome == "failed"] == []
    assert list(outcomes.values()).count("passed") >= FILES[file]
