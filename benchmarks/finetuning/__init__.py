"""Fine-tuning by slimnets and by the libraries beside it, from the same weights.

Each `run_NAME` module has `train(task) -> Training`; `worker` runs one in a process of
its own.
"""

# The probe takes no steps: it is trained once, on features of the weights as they are.
PROBE = "probe"
TRAINED = ("slimnets", "keras", "pytorch")
NAMES = (*TRAINED, PROBE)
