"""Values in files: CSV, Excel and Parquet, in and out, bounded and row by row."""
