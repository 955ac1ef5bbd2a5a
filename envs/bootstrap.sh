#!/bin/sh
# Set up what a make target needs: find a Python that is new enough, and hand over to bootstrap.py.
# Usage: sh envs/bootstrap.sh report|cluster|test|slurm|lint   (PYTHON=... names the Python to use)
here=$(dirname "$0")
target=$1
if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.11 python3.12 python3.13 python3; fi
for python in "$@"; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        exec "$python" "$here/bootstrap.py" "$target"
    fi
done
echo "set-up: no Python 3.11 or newer (tried $*); install one, or name yours: make PYTHON=/path/to/python3.11 ..." >&2
exit 1
