"""The networks, one family a file, under research/slim's module and function names."""
