"""One column of cells: texts of times and of numbers → arrays; how they are written is decided for all of them."""
