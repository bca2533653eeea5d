#!/usr/bin/env bash
# Makes the environment on first use, then serves pages and API: ./panel-serve.sh [--demo] [--host …] [--port …]
set -euo pipefail
cd "$(dirname "$0")"

python=${PYTHON:-python3}
venv=${FLEXSCOPE_VENV:-.venv}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "Flexscope needs Python 3.11 or newer; name one with PYTHON=…" >&2; exit 1; }
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
stamp=$(cat pyproject.toml requirements.lock | sha256sum)
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$stamp" ]; then
    echo "Setting up the environment in $venv; this takes a minute or two, once."
    "$venv/bin/pip" install --quiet --require-hashes --no-deps -r requirements.lock
    "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --editable .
    echo "$stamp" > "$venv/.installed"
fi
exec "$venv/bin/flexscope" run "$@"
