"""PyTorch's weights, read without PyTorch and without running what a file says."""
