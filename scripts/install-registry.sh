#!/bin/bash
# Puts Debian's docker-registry and skopeo on the machine, for registry.sh.
#
#   install-registry.sh       (as root)
set -euo pipefail
. "$(dirname "$0")/debian.sh"
need_root
if ! registry_program >/dev/null; then
  need_debian
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  [ -n "$(apt-cache policy docker-registry)" ] || again apt-get -qq -o Acquire::Retries=3 update
  (cd "$work" && again apt-get -qq -o APT::Sandbox::User=root download docker-registry)
  mkdir -p "$registry_folder"
  dpkg-deb -x "$work"/docker-registry_*.deb "$registry_folder"
fi
command -v skopeo >/dev/null || { need_debian; install_packages skopeo; }
