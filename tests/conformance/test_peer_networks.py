"""tf_slim's own tests of its networks, pointed at slimnets.nets."""

import pytest

from tests.conformance import peer

# tf_slim 1.1.0's files, each with the number of its tests.
BATCHES = {
    "inceptions": {
        "nets/inception_v1_test.py": 11,
        "nets/inception_v2_test.py": 14,
        "nets/inception_v3_test.py": 15,
    },
    "the rest": {
        "nets/alexnet_test.py": 7,
        "nets/overfeat_test.py": 7,
        "nets/resnet_v1_test.py": 15,
        "nets/resnet_v2_test.py": 15,
        "nets/vgg_test.py": 21,
    },
}


@pytest.mark.parametrize("batch", BATCHES)
def test_tf_slims_own_tests_of_its_networks_pass_on_slimnets(batch, tmp_path):
    outcomes = peer.outcomes(BATCHES[batch], tmp_path)
    assert [test for test, outcome in outcomes.items() if outcome == "failed"] == []
    assert list(outcomes.values()).count("passed") >= sum(BATCHES[batch].values())
