"""Moves programs written for TF-Slim and TensorFlow 1 over to slimnets.

`renames` has the facts: which name stands where today, and what to do where none does.
`resolution` answers for one name; `rewriting` goes through a file's syntax tree; `tree`
through a folder of files, which it copies; `report` says what was changed and what is
left.
"""
