"""The other worker of tests/distribution/partners.py, for the tests of this folder."""

from tests.distribution.partners import partner  # noqa: F401
