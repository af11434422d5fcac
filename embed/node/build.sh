#!/usr/bin/env bash
# Fetch what the Node package needs, by package name only, check its types and write them down.
#
#   embed/node/build.sh   -> embed/node/bin/tdgammon-embed.js
#
# Needs Node 20 and npm. The program is JavaScript and runs as it stands; the types are for those
# who use the package as a library. Nothing is installed outside this folder.
set -euo pipefail
cd "$(dirname "$0")"

fail() { echo "build.sh: $1" >&2; exit 1; }

for tool in node npm; do
    command -v "$tool" > /dev/null || fail "$tool is missing; on Debian 13: apt install nodejs npm"
done
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
    || fail "Node $(node --version) is too old; version 20 or newer is needed"

# What onnxruntime-node would fetch after its installation are libraries for GPUs.
export ONNXRUNTIME_NODE_INSTALL=skip
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --loglevel=error > /dev/null || fail "npm could not fetch the packages"
fi
rm -rf types
npm run --silent build >&2 || fail "the types are not in order"
# A package goes out with its licence: "npm pack" takes it from here.
cp ../../LICENSE LICENSE
echo "$PWD/bin/tdgammon-embed.js"
