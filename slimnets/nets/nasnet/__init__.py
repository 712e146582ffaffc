"""NASNet-A and PNASNet-5: tables of cells, their interpreter, and what stacks them."""
