#!/bin/sh
# Make .venv and install the programme ("." ) or the programme with its tools (".[dev]"), at the tried versions.
set -eu
python=$(sh tools/python.sh)
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
echo "Installing (the first time takes a minute or two)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$1"
