#!/bin/sh
# Stands for the bundler: modules first, then the program that uses them.
set -e
modules=$1 main=$2
for module in "$modules"/*/index.js; do
  echo "// ${module}"
  cat "$module"
done
echo "// $main"
cat "$main"
