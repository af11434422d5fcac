#!/usr/bin/env bash
# Fetch what the C++ and the Node.js program need, by package name only, and build them.
#
#   embed/tensorflow/build.sh   -> embed/tensorflow/build/tdgammon-tensorflow
#                                  embed/tensorflow/node/bin/tdgammon-tensorflow.js
#
# Needs a C++17 compiler, CMake 3.16, Python with pip, and Node 20 with npm. TensorFlow's libraries
# and headers come from the Python package tensorflow-cpu; nlohmann-json from the system if it has
# it, else from Debian 13; koffi from npm. Nothing is installed outside this folder.
set -euo pipefail
cd "$(dirname "$0")"

build=$PWD/build
deps=$build/deps
tensorflow="tensorflow-cpu==2.21.*"

fail() { echo "build.sh: $1" >&2; exit 1; }
. ../debian.sh

for tool in c++ cmake node npm; do
    command -v "$tool" > /dev/null \
        || fail "$tool is missing; on Debian 13: apt install g++ cmake make nodejs npm"
done
python=${PYTHON:-../../.venv/bin/python}
command -v "$python" > /dev/null || python=python3

# Of the package only the two libraries and the headers of the C API are kept.
fetch_tensorflow() {
    local wheels=$build/wheels
    rm -rf "$wheels" "$deps/lib"
    "$python" -m pip download --quiet --no-deps --only-binary :all: -d "$wheels" "$tensorflow" \
        || fail "pip could not fetch $tensorflow"
    mkdir -p "$deps/lib"
    "$python" - "$wheels"/tensorflow_cpu-*.whl "$deps" <<'END' || fail "the package is damaged"
import pathlib, shutil, sys, zipfile

# The headers that tensorflow/c/c_api.h reads.
HEADERS = ("tensorflow/c/", "tensorflow/core/platform/ctstring", "tsl/platform/ctstring",
           "xla/tsl/c/")
LIBRARIES = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
LICENCES = {"tensorflow/include/LICENSE": "tensorflow",
            "tensorflow/THIRD_PARTY_NOTICES.txt": "tensorflow-third-party"}
package, deps = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
for name in package.namelist():
    kept = name.removeprefix("tensorflow/include/")
    if kept != name and kept.startswith(HEADERS) and kept.endswith(".h"):
        to = deps / "include" / kept
    elif name.removeprefix("tensorflow/") in LIBRARIES:
        to = deps / "lib" / f"{name.removeprefix('tensorflow/')}.new"
    elif name in LICENCES:
        to = deps / "licences" / LICENCES[name]
    else:
        continue
    to.parent.mkdir(parents=True, exist_ok=True)
    with package.open(name) as source, open(to, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
# Under their names only once they are whole.
for name in LIBRARIES:
    (deps / "lib" / f"{name}.new").rename(deps / "lib" / name)
END
    rm -rf "$wheels"
}

build_cpp() {
    local places=$deps${CMAKE_PREFIX_PATH:+;$CMAKE_PREFIX_PATH}
    cmake -S cpp -B "$build/cpp" -DCMAKE_PREFIX_PATH="$places" > "$build/cpp.log" 2>&1 \
        && cmake --build "$build/cpp" --parallel "${JOBS:-$(nproc)}" >> "$build/cpp.log" 2>&1 \
        || { tail -n 30 "$build/cpp.log" >&2; fail "the build failed; see $build/cpp.log"; }
    ln -sf cpp/tdgammon-tensorflow cpp/tdgammon-tensorflow-benchmark "$build/"
}

mkdir -p "$build"
[ -e "$deps/lib/libtensorflow_cc.so.2" ] || fetch_tensorflow
has_header nlohmann/json.hpp || fetch_from_debian nlohmann-json3-dev
build_cpp
if [ ! node/node_modules/.package-lock.json -nt node/package-lock.json ]; then
    # koffi's package for this platform has its library; nothing is compiled.
    (cd node && npm ci --ignore-scripts --loglevel=error > /dev/null) \
        || fail "npm could not fetch koffi"
fi
echo "$build/tdgammon-tensorflow"
echo "$PWD/node/bin/tdgammon-tensorflow.js"
