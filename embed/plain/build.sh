#!/usr/bin/env bash
# Build the programs of the net without any library; nothing is fetched.
#
#   embed/plain/build.sh              -> embed/plain/build/deploy/plain-eval
#   embed/plain/build.sh --sanitize   -> embed/plain/build/sanitize/plain-eval too
#
# Needs a C++17 compiler and CMake 3.16. The JavaScript runs as it stands: js/plain-eval.mjs.
set -euo pipefail
cd "$(dirname "$0")"

build=$PWD/build

fail() { echo "build.sh: $1" >&2; exit 1; }

for tool in c++ cmake; do
    command -v "$tool" > /dev/null || fail "$tool is missing; on Debian: apt install g++ cmake make"
done

make_in() {
    local folder=$1
    shift
    cmake -S . -B "$folder" "$@" > "$folder.log" 2>&1 \
        && cmake --build "$folder" --parallel "${JOBS:-$(nproc)}" >> "$folder.log" 2>&1 \
        || { tail -n 30 "$folder.log" >&2; fail "the build failed; see $folder.log"; }
}

mkdir -p "$build"
make_in "$build/release"
cmake --install "$build/release" --prefix "$build/deploy" --strip > /dev/null
if [ "${1:-}" = --sanitize ]; then
    make_in "$build/sanitize" -DSANITIZE=ON
fi
echo "$build/deploy/plain-eval"
