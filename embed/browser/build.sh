#!/usr/bin/env bash
# Put the page together: a folder of static files that any web server can serve.
#
#   embed/browser/build.sh                      -> embed/browser/build/site, nets exported anew
#   embed/browser/build.sh my.onnx other.onnx   the same with these nets, the first one to begin
#   embed/browser/build.sh --out FOLDER ...     the same there
#
# Needs npm, for the package onnxruntime-web. Without files it exports td-gammon and pretrained with
# the command tdgammon of .venv, or of the PATH; TDGAMMON=... names another. It writes into the build
# folder alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

build=$here/build
# The version of embed/node's onnxruntime-node.
runtime=onnxruntime-web@1.30.0

fail() { echo "build.sh: $1" >&2; exit 1; }

fetch_runtime() {
    command -v npm > /dev/null || fail "npm is missing; on Debian: apt install npm"
    rm -rf "$build/package"
    mkdir -p "$build/package" "$build/runtime"
    (cd "$build/package" && npm pack --silent "$runtime" > /dev/null && tar -xzf ./*.tgz) \
        || fail "npm could not fetch $runtime"
    # Of all that the package brings, what runs on the processor alone.
    cp "$build/package/package/dist/ort.wasm.bundle.min.mjs" "$build/runtime/"
    cp "$build/package/package/dist/ort-wasm-simd-threaded.wasm" "$build/runtime/"
    rm -rf "$build/package"
    echo "$runtime" > "$build/runtime.txt"
}

export_nets() {
    local command=${TDGAMMON:-$here/../../.venv/bin/tdgammon} name
    command -v "$command" > /dev/null || command=tdgammon
    command -v "$command" > /dev/null || fail "the command tdgammon is missing; name files of \
\"tdgammon export\", or the command in TDGAMMON"
    mkdir -p "$build/nets"
    for name in td-gammon pretrained; do
        "$command" export "$name" --to onnx --out "$build/nets/$name.onnx" --force >&2
    done
}

list_nets() {
    local file name between="" seen=" "
    printf '['
    for file in "$@"; do
        name=$(basename "$file" .onnx)
        [[ $name =~ ^[A-Za-z0-9._:\ -]+$ ]] || fail "the name of $file has other characters than \
letters, digits and . _ : -"
        [[ $seen != *" $name "* ]] || fail "two files are called $name"
        seen+="$name "
        printf '%s\n  {"name": "%s", "file": "%s"}' "$between" "$name" "$name.onnx"
        between=,
    done
    printf '\n]'
}

out=$build/site
if [ "${1:-}" = --out ]; then
    [ $# -ge 2 ] || fail "--out needs a folder"
    out=${2%/}
    shift 2
fi
# A folder that is there is replaced only if it is such a page, or empty.
if [ -e "$out" ] && [ ! -e "$out/models/models.json" ] && [ -n "$(ls -A "$out")" ]; then
    fail "$out is there already and is no page of build.sh; name another folder"
fi
for file in "$@"; do
    [ -f "$file" ] || fail "there is no file $file"
done
if [ $# = 0 ]; then
    export_nets
    set -- "$build/nets/td-gammon.onnx" "$build/nets/pretrained.onnx"
fi
listed=$(list_nets "$@")
mkdir -p "$build"
[ "$(cat "$build/runtime.txt" 2> /dev/null)" = "$runtime" ] || fetch_runtime

site=$out.new
rm -rf "$site"
mkdir -p "$site/app" "$site/rules" "$site/runtime" "$site/models"
cp "$here/index.html" "$here/style.css" "$site/"
cp "$here"/src/*.js "$site/app/"
cp "$build"/runtime/* "$site/runtime/"
# What rules.js names, and what those name: none of it needs Node.
for name in rules board error json moves notation player plays position_id protocol; do
    cp "$here/../node/src/$name.js" "$site/rules/"
done
for file in "$@"; do
    cp "$file" "$site/models/$(basename "$file" .onnx).onnx"
done
echo "$listed" > "$site/models/models.json"
rm -rf "$out"
mv "$site" "$out"
echo "$out"
