"""What stands for an import that has no place today."""

import pytest

from slimnets.upgrade.gone import Gone, GoneError

LOST = Gone("a.b", "use c")


@pytest.mark.parametrize("use", [lambda: LOST.attribute, lambda: LOST(1)])
def test_every_use_names_it_and_the_remedy(use):
    with pytest.raises(GoneError, match=r"^a\.b is gone: use c$"):
        use()


def test_a_class_of_it_does_so_too():
    with pytest.raises(GoneError, match=r"^a\.b is gone: use c$"):

        class _Sub(LOST):
            pass


def test_a_program_may_ask_whether_it_is_there():
    assert not hasattr(LOST, "attribute")
