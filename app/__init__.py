"""Flexscope as people and programs meet it: API, pages, command line, jobs, and the seam to engine and store."""
