"""What draws: charts, tables and maps that render on a page, in a notebook and in a file of their own."""
