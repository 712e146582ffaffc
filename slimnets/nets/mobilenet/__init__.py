"""MobileNet v2 and its kin: blocks, a table's interpreter, and the tables."""
