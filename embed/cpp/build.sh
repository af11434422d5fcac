#!/usr/bin/env bash
# Fetch what the C++ program needs, by package name only, and build it.
#
#   embed/cpp/build.sh              -> embed/cpp/build/deploy/tdgammon-embed
#   embed/cpp/build.sh --sanitize   -> embed/cpp/build/sanitize/tdgammon-embed too
#
# Needs a C++17 compiler, CMake 3.16, and Python with pip. ONNX Runtime's library comes from the
# Python package onnxruntime. Its headers are in no Python package: they, and nlohmann-json, come
# from the system if it has them, else from the Debian packages libonnxruntime-dev and
# nlohmann-json3-dev, which are unpacked into the build folder; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")"

build=$PWD/build
deps=$build/deps
# 1.32 and later are 19 % larger; headers of API 21 work with every later library.
onnxruntime="onnxruntime==1.31.*"

fail() { echo "build.sh: $1" >&2; exit 1; }
. ../debian.sh

for tool in c++ cmake; do
    command -v "$tool" > /dev/null || fail "$tool is missing; on Debian: apt install g++ cmake make"
done
python=${PYTHON:-../../.venv/bin/python}
command -v "$python" > /dev/null || python=python3

fetch_library() {
    local wheels=$build/wheels
    rm -rf "$wheels"
    "$python" -m pip download --quiet --no-deps --only-binary :all: -d "$wheels" "$onnxruntime" \
        || fail "pip could not fetch $onnxruntime"
    "$python" -m zipfile -e "$wheels"/onnxruntime-*.whl "$wheels/unpacked"
    mkdir -p "$deps/lib"
    cp "$wheels"/unpacked/onnxruntime/capi/libonnxruntime.so.* "$deps/lib/libonnxruntime.so.1"
    ln -sf libonnxruntime.so.1 "$deps/lib/libonnxruntime.so"
    rm -rf "$wheels"
}

fetch_headers() {
    local missing=()
    has_header onnxruntime/onnxruntime_cxx_api.h || missing+=(libonnxruntime-dev)
    has_header nlohmann/json.hpp || missing+=(nlohmann-json3-dev)
    [ ${#missing[@]} = 0 ] && return
    fetch_from_debian "${missing[@]}"
}

make_in() {
    local folder=$1
    shift
    cmake -S . -B "$folder" -DCMAKE_PREFIX_PATH="$deps${CMAKE_PREFIX_PATH:+;$CMAKE_PREFIX_PATH}" \
        -DONNXRUNTIME_LIBRARY="$deps/lib/libonnxruntime.so" "$@" > "$folder.log" 2>&1 \
        && cmake --build "$folder" --parallel "${JOBS:-$(nproc)}" >> "$folder.log" 2>&1 \
        || { tail -n 30 "$folder.log" >&2; fail "the build failed; see $folder.log"; }
}

mkdir -p "$build"
[ -e "$deps/lib/libonnxruntime.so.1" ] || fetch_library
fetch_headers
make_in "$build/release"
cmake --install "$build/release" --prefix "$build/deploy" --strip > /dev/null
if [ "${1:-}" = --sanitize ]; then
    make_in "$build/sanitize" -DSANITIZE=ON
fi
echo "$build/deploy/tdgammon-embed"
