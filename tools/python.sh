#!/bin/sh
# Print a Python that is new enough and able to make virtual environments; say what is missing where there is none.
# A name on the PATH proves nothing (version managers leave stand-ins there), so each one is asked.
found=""
for name in "$PYTHON" python3.14 python3.13 python3.12 python3.11 python3 python; do
    [ -n "$name" ] || continue
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
    found="$name"
    if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$name"
        exit 0
    fi
done
if [ -n "$found" ]; then
    echo "$found is new enough, but lacks the modules venv and ensurepip." >&2
    echo "On Debian and Ubuntu: apt install python3-venv" >&2
else
    echo "Headway needs Python 3.11 or newer, and none was found. Install one (https://www.python.org/downloads/)," >&2
    echo "or name it: make PYTHON=/path/to/python3.12 …" >&2
fi
exit 1
