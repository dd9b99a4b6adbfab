#!/usr/bin/env bash
# Does what the README says, on a clone, with nothing in reach but Rust and a C
# toolchain: cc, make, perl and the usual small tools of a Unix system. There is
# no C++ compiler, no cmake, no pkg-config, no Python; headers of an installed
# OpenSSL are hidden behind ones that do not compile.
#
#   scripts/fresh-clone.sh                 the README's commands, one by one, each timed
#   scripts/fresh-clone.sh --empty         the same with an empty cargo home: every crate is downloaded, too
#   scripts/fresh-clone.sh --check         only that the surroundings are as poor as said
#   scripts/fresh-clone.sh --list          only what the README's commands are
#
# The commands are those of the first block of the README's chapter "Try it", read from the clone and not repeated
# here. Without --empty the registry's download cache is shared with the caller's; nothing that was compiled is.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

TOOLCHAIN="cargo rustc rustdoc cc make perl ar as ld nm objdump ranlib strip"
SMALL_TOOLS="sh bash awk basename cat chmod cmp comm cp cut date dd diff dirname echo env expr false
    find grep gzip head id install ln ls mkdir mktemp mv nproc od printf pwd readlink realpath rm rmdir
    sed seq sleep sort stat tail tar tee test touch tr true uname uniq wc xargs"

# One small script for each tool, so that whatever lies beside it stays out of reach.
offer() {
    local tool real shell
    shell=$(command -v sh)
    mkdir "$room/bin"
    for tool in $TOOLCHAIN $SMALL_TOOLS; do
        real=$(type -P "$tool") || continue
        printf '#!%s\nexec "%s" "$@"\n' "$shell" "$real" >"$room/bin/$tool"
        chmod +x "$room/bin/$tool"
    done
    for tool in cargo rustc cc make perl; do
        [ -x "$room/bin/$tool" ] || { echo "this machine has no $tool" >&2 && exit 2; }
    done
}

# Directories of C_INCLUDE_PATH come after every -I and before the system's own.
hide_openssl() {
    local header
    mkdir -p "$room/include/openssl"
    for header in ssl crypto evp err opensslv opensslconf configuration; do
        echo '#error "headers of an installed OpenSSL are out of reach here"' >"$room/include/openssl/$header.h"
    done
}

poor() {
    env -i HOME="$HOME" PATH="$room/bin" TERM="${TERM:-dumb}" \
        CARGO_HOME="$cargo_home" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" \
        C_INCLUDE_PATH="$room/include" CARGO_TERM_PROGRESS_WHEN=never "$@"
}

check() {
    local tool
    for tool in c++ g++ clang++ cmake pkg-config python3 git curl; do
        if poor sh -c "command -v $tool" >/dev/null 2>&1; then
            echo "$tool is in reach" >&2 && exit 1
        fi
    done
    if echo '#include <openssl/ssl.h>' | poor cc -E - >/dev/null 2>&1; then
        echo "headers of OpenSSL are in reach" >&2 && exit 1
    fi
    poor cargo --version
    poor cc --version | head -n 1
    echo "no C++ compiler, cmake, pkg-config or OpenSSL headers in reach"
}

# The commands of the README, one a line, without what is said about them.
commands() {
    awk '/^## /{chapter=($0 == "## Try it")} /^```/{if (open) exit; if (chapter && /^```sh/) {open=1; next}} open' "$1" |
        sed -e 's/[[:space:]]*#.*$//' -e '/^$/d'
}

# Runs every command and prints how long each took, also when one failed.
perform() {
    local command begun all
    all=$(commands README.md)
    [ -n "$all" ] || { echo "the README has no commands under \"Try it\"" >&2 && exit 1; }
    trap 'summary; rm -rf "$room"' EXIT
    while IFS= read -r command; do
        printf '\n== %s\n' "$command"
        begun=$SECONDS
        times+=("$(printf '%8s  %s' failed "$command")")
        poor sh -c "$command" </dev/null
        times[-1]=$(printf '%6d s  %s' $((SECONDS - begun)) "$command")
    done <<<"$all"
}

summary() {
    printf '\non %s cores, %s:\n' "$(nproc)" "$surroundings"
    printf '%s\n' "${times[@]:-nothing was run}"
}

cargo_home=${CARGO_HOME:-$HOME/.cargo}
surroundings="with the caller's downloads"
times=()
case ${1:-} in
    --list) commands "$repository/README.md" && exit 0 ;;
    --empty)
        cargo_home=$room/cargo
        surroundings="with an empty cargo home"
        mkdir "$cargo_home"
        ;;
    --check | "") ;;
    *) echo "no option $1; there are --empty, --check and --list" >&2 && exit 2 ;;
esac

offer
hide_openssl
check
[ "${1:-}" != --check ] || exit 0

git clone --quiet "$repository" "$room/clone"
cd "$room/clone"
perform
