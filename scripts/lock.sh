#!/bin/sh
# Writes the lock files anew: the newest versions that pyproject.toml allows.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python -m venv "$scratch/venv"
pip="$scratch/venv/bin/python -m pip --disable-pip-version-check"

# The requirements of one list in pyproject.toml, one a line.
wanted() {
    .venv/bin/python -c '
import functools, operator, sys, tomllib
with open("pyproject.toml", "rb") as file:
    told = tomllib.load(file)
for path in sys.argv[1:]:
    print(*functools.reduce(operator.getitem, path.split("/"), told), sep="\n")' "$@"
}

write() {
    { printf '# %s\n# Made by: make lock\n' "$2"; $pip freeze; } >"$1"
}

wanted build-system/requires project/dependencies project/optional-dependencies/fast >"$scratch/run"
$pip install --quiet editables -r "$scratch/run"
write requirements.lock "What Billow runs on, pinned: make run installs exactly this. hatchling and editables build it."
wanted project/optional-dependencies/accounts project/optional-dependencies/payments >"$scratch/gas"
$pip install --quiet -r "$scratch/gas"
write requirements-gas.lock "What GAS runs on, pinned: make gas installs exactly this, the extras for accounts and payments included."
.venv/bin/python -m venv "$scratch/photos"
{ cat "$scratch/run"; wanted project/optional-dependencies/accounts project/optional-dependencies/photos; } >"$scratch/fakeflickr"
"$scratch/photos/bin/python" -m pip install --disable-pip-version-check --quiet editables -r "$scratch/fakeflickr"
{ printf '# %s\n# Made by: make lock\n' "What FakeFlickr runs on, pinned: make fakeflickr installs exactly this, accounts and pictures included."; "$scratch/photos/bin/python" -m pip freeze; } >requirements-fakeflickr.lock
wanted dependency-groups/dev project/optional-dependencies/postgres project/optional-dependencies/photos >"$scratch/dev"
$pip install --quiet -r "$scratch/dev"
write requirements-dev.lock "What Billow is developed and tested with, pinned: make test installs exactly this."
