#!/bin/sh
# Stands for the installation of the server's packages: lays them out under a prefix.
set -e
prefix=$1
mkdir -p "$prefix/bin" "$prefix/lib"
cp server.conf "$prefix/lib/"
sed "s|@PREFIX@|$prefix|" serve.in > "$prefix/bin/serve"
chmod 755 "$prefix/bin/serve"
