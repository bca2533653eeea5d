#!/usr/bin/env bash
# Installs what the tests need and runs all of them: tests/run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
export OPENBLAS_NUM_THREADS=1  # as the command line sets it: threads that share small regressions cost ten times the work
unset PYTHONDONTWRITEBYTECODE  # some hundred processes read the same modules: they are compiled once

python=${PYTHON:-python3}
venv=${FLEXSCOPE_VENV:-.venv}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
stamp=$(cat pyproject.toml requirements-test.lock tests/requirements-timely.lock | sha256sum)
if [ "$(cat "$venv/.tests-installed" 2>/dev/null)" != "$stamp" ]; then
    "$venv/bin/pip" install --quiet --require-hashes --no-deps -r requirements-test.lock -r tests/requirements-timely.lock
    "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --editable .
    echo "$stamp" > "$venv/.tests-installed"
fi

# Programs the tests start themselves; on Debian as root they are installed, elsewhere the tests say what is missing.
missing=()
command -v chromium-headless-shell >/dev/null || missing+=(chromium-headless-shell)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v glpsol >/dev/null || missing+=(glpk-utils)
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        echo "Could not install ${missing[*]}; the tests that need them say so." >&2
fi
if ! command -v postgres >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    "$venv/bin/pip" install --quiet --require-hashes -r tests/requirements-postgres.lock
fi

if [ $# -gt 0 ]; then
    exec "$venv/bin/python" -m pytest "$@"
fi
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
said=$(mktemp)
trap 'rm -f "$said"' EXIT
(   # they take a minute of a core, beside the tests, which often wait for something
    set -e
    "$venv/bin/mypy"
    "$venv/bin/lint-imports"
    "$venv/bin/bandit" --quiet --configfile pyproject.toml --recursive app components db engine
) >"$said" 2>&1 & checks=$!
status=0
# One file to one process, so that the servers of a module start once; in the order of tests/conftest.py
"$venv/bin/python" -m pytest -p tests.sharing_out --processes 3 --durations 25 || status=$?
wait $checks || status=1
cat "$said"
exit $status
