"""Keras Applications' weights: their files, and a table of name rules a family."""
