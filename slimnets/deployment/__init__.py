"""Clones of a network on several devices, in v1 graphs."""
