"""Programs that measure slimnets, and its peers beside it, on this machine."""
