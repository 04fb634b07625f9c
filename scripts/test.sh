#!/usr/bin/env bash
# The tests, with pytest's arguments. The slowest are printed; build/tests.xml holds the seconds of every test and of the run.
set -euo pipefail

unset PYTHONDONTWRITEBYTECODE # many processes start; each would compile again what it imports
export OMP_NUM_THREADS=1 # PyTorch's threads, which wait by spinning, would take from other tests what they need
TMPDIR="$(bash scripts/test-room.sh)"
export TMPDIR

exec .venv/bin/python -m pytest --durations 30 --junitxml build/tests.xml "$@"
