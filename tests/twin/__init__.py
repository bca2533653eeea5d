"""The twin: the same requests to FlexMeasures and to Flexscope, and where their answers differ.

FlexMeasures is asked once, by a developer; its statuses, keys and numbers are kept as data, none of its sentences. The
tests ask Flexscope the same and need no FlexMeasures. Every difference is explained in ``deviations.py``, which
``docs/moving-from-flexmeasures.md`` lists for those who move.

- ``cases/*.json``: scenes and requests, one case a line; ``flex_fields.py`` adds one for each field and value.
- ``answers/*.json``: what FlexMeasures answered, one case a line.
- ``python -m tests.twin.compare [--only REGEX]``: prints where Flexscope answers otherwise.
- ``PEER_PYTHON=/path/to/python python -m tests.twin.record [--only REGEX]``: asks FlexMeasures again. Its environment
  is one of its own, outside the repository: ``uv venv peer && uv pip install --python peer flexmeasures==1.0.1``. It
  starts its own PostgreSQL and Redis, and takes about ten minutes for all cases.

A new case is a line in ``cases``; record it with ``--only``, see the test fail or pass, and mend or explain.
"""
