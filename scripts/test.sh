#!/usr/bin/env bash
# The tests, with pytest's arguments. AGAIN=alone runs what failed once more, by itself: on a crowded machine a time limit
# says little. Whatever passes only then is named at the end, and is a defect to mend.
set -uo pipefail

unset PYTHONDONTWRITEBYTECODE # many processes start; each would compile again what it imports
export OMP_NUM_THREADS=1 # PyTorch's threads, which wait by spinning, would take from other tests what they need
TMPDIR="$(bash scripts/test-room.sh)" || exit
export TMPDIR

.venv/bin/python -m pytest "$@"
ended=$?
if [ "$ended" -ne 1 ] || [ "${AGAIN:-}" != alone ]; then # 1: tests failed; anything else is no matter of a test
  exit "$ended"
fi
echo "These failed beside others, and are run once more by themselves:"
.venv/bin/python -c 'import json; print(*json.load(open(".pytest_cache/v/cache/lastfailed")), sep="\n")'
.venv/bin/python -m pytest --last-failed --last-failed-no-failures none
