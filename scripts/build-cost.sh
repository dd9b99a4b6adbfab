#!/usr/bin/env bash
# Measures what building each crate alone costs, and writes the table of it into the README.
#
#   scripts/build-cost.sh                  every row
#   scripts/build-cost.sh xacct-types …    only these rows, by crate or by whole line; the others stay as they are
#   scripts/build-cost.sh --list           the builds, one a line
#
# Each build has a target directory of its own, so that it shares nothing with another. Counted are the crates that
# were compiled, the CPU seconds of all compilers, and the memory of the largest of them. Crates must have been
# downloaded before (cargo fetch). Needs python3, which asks the system for those figures.
set -euo pipefail
cd "$(dirname "$0")/.."

# Package and features: what somebody who needs only this crate builds.
BUILDS="xacct-types
xacct-converge
xacct-net --no-default-features
xacct-net
xacct-iam --no-default-features
xacct-iam
msk-serverless --no-default-features
msk-serverless
redshift-streaming --no-default-features
redshift-streaming
msk-clickstream
xacct-sim
xacct"

if [ "${1:-}" = --list ]; then
    echo "$BUILDS"
    exit 0
fi

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# Prints: crates compiled, CPU seconds, megabytes.
measure() {
    CARGO_TARGET_DIR=$room/target python3 - "$@" <<'PYTHON'
import json, resource, subprocess, sys

command = ["cargo", "build", "--locked", "--offline", "--message-format", "json", "--package", *sys.argv[1:]]
built = subprocess.run(command, stdout=subprocess.PIPE, text=True)
if built.returncode:
    sys.exit(built.returncode)
messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
made = {m["package_id"] for m in messages if m["reason"] == "compiler-artifact" and not m["fresh"]}
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(len(made), round(used.ru_utime + used.ru_stime), round(used.ru_maxrss / 1024))
PYTHON
    rm -rf "$room/target"
}

begin='<!-- build cost: begin -->'
end='<!-- build cost: end -->'
grep -qF "$begin" README.md && grep -qF "$end" README.md || {
    echo "the README has no place for the table: $begin … $end" >&2
    exit 1
}

{
    echo "| alone | crates compiled | CPU seconds | largest compiler, MB |"
    echo "|---|---|---|---|"
} >"$room/table"
while IFS= read -r build; do
    name=${build%% *}
    label="\`$build\`"
    old=$(grep -F "| $label |" README.md || true)
    if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qxF -e "$name" -e "$build"; then
        [ -z "$old" ] || echo "$old" >>"$room/table"
        continue
    fi
    echo "building $build" >&2
    # shellcheck disable=SC2086
    figures=$(measure $build)
    read -r crates seconds memory <<<"$figures"
    echo "| $label | $crates | $seconds | $memory |" | tee -a "$room/table" >&2
done <<<"$BUILDS"

awk -v begin="$begin" -v end="$end" -v table="$room/table" '
    $0 == begin { print; while ((getline line < table) > 0) print line; skip = 1; next }
    $0 == end { skip = 0 }
    !skip' README.md >"$room/README.md"
cp "$room/README.md" README.md
