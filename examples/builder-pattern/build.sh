#!/bin/sh
# How this was built before Docker had stages: the builder pattern. `sifstage import` reads this script and never runs it.
set -eu
cd "$(dirname "$0")"
docker build -t app-build -f Dockerfile.build .
docker create --name extract app-build
docker cp extract:/src/app ./app
docker rm -f extract
docker build -t app .
