#!/bin/sh
# Makes src/{ballast,client_server,server_compute}.rs from the interface files.
#
#   idl/generate.sh           writes them
#   idl/generate.sh --check   compares them with what is checked in; status 1 if they differ
#
# Only Thrift compiler 0.17.0 (Debian bookworm's `thrift-compiler`) will do: each version words its output differently,
# and a comparison across versions means nothing. Without a compiler the check is skipped, with a line that says so.
#
# Generated readers trust the element counts that a peer claims: `Vec::with_capacity(list_ident.size as usize)`. A
# message of thirty bytes then reserves gigabytes, and the process aborts. The crate has `prealloc_size`, which is what
# newer compilers call; the substitution below puts it in.
set -eu

wanted="Thrift version 0.17.0"
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
modules="ballast client_server server_compute"

case "${1-}" in
  "" | --check) mode=${1-} ;;
  *) echo "usage: idl/generate.sh [--check]" >&2; exit 2 ;;
esac

compiler=${THRIFT:-thrift}
if ! command -v "$compiler" >/dev/null 2>&1; then
  if [ "$mode" = "--check" ]; then
    echo "skipped: no Thrift compiler here, so the generated code was not compared with the interface"
    exit 0
  fi
  echo "no Thrift compiler found: install 0.17.0 (apt-get install thrift-compiler on Debian bookworm)" >&2
  exit 1
fi
version=$("$compiler" --version)
if [ "$version" != "$wanted" ]; then
  if [ "$mode" = "--check" ]; then
    echo "skipped: the check needs '$wanted', this one is '$version'"
    exit 0
  fi
  echo "refused: '$wanted' is needed, this one is '$version', whose output is worded differently" >&2
  exit 1
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$compiler" --gen rs -r --out "$scratch" "$here/ballast.thrift"

status=0
for module in $modules; do
  sed -E 's/Vec::with_capacity\(([a-z_]+\.size) as usize\)/Vec::with_capacity(thrift::protocol::prealloc_size(\1))/' \
    "$scratch/$module.rs" >"$scratch/$module.patched"
  if grep -nE 'with_capacity\([a-z_.]+ as usize\)' "$scratch/$module.patched" >&2; then
    echo "refused: $module.rs still preallocates what a peer claims (lines above)" >&2
    exit 1
  fi
  if [ "$mode" = "--check" ]; then
    diff -u "$here/src/$module.rs" "$scratch/$module.patched" || status=1
  else
    cp "$scratch/$module.patched" "$here/src/$module.rs"
  fi
done

if [ "$status" -ne 0 ]; then
  echo "the checked-in code is not what the interface generates: run idl/generate.sh" >&2
fi
exit "$status"
