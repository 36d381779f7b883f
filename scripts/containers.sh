#!/bin/bash
# podman and buildah for the tests, configured so that they keep and mount images here, as root and as USER.
#
#   containers.sh install            from Debian, when they are missing
#   containers.sh env [USER]         prints the variables to export for that user (default: who asks)
#
# Root on Debian 12 only. Neither has a daemon; nothing runs afterwards but podman's own pause process, which keeps
# USER's namespace. Configuration and images lie in STATE (default: a folder of TMPDIR for each user), not in /etc and
# not where that user keeps his own images.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/debian.sh"
[ "$(id -u)" = 0 ] || { echo "run as root" >&2; exit 77; }

install_all() {
  local need=() each
  for each in podman buildah; do command -v "$each" >/dev/null || need+=("$each"); done
  [ ${#need[@]} = 0 ] || install_packages "${need[@]}" runc uidmap
}

# Without `driver`, a rootless store copies the whole image for each layer. podman remembers the driver that it saw
# first in `static_dir`. default_ulimits: podman asks for more open files than a container may have.
print_env() {
  local user=$1 state run
  state=${STATE:-${TMPDIR:-/var/tmp}}/sifstage-containers-$user
  run=$state/run
  install -d -m 700 -o "$user" "$state" "$state/graph" "$run"
  cat > "$state/containers.conf" <<CONF
[containers]
default_ulimits = []
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = "$state/libpod"
tmp_dir = "$run/tmp"
volume_path = "$state/volumes"
CONF
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrootless_storage_path = "%s"\nrunroot = "%s"\n' \
    "$state/graph" "$state/graph" "$run" > "$state/storage.conf"
  chown "$user" "$state"/*.conf
  echo "export CONTAINERS_CONF=$state/containers.conf CONTAINERS_STORAGE_CONF=$state/storage.conf"
}

case ${1:-} in
install) install_all ;;
env) print_env "${2:-$(id -un)}" ;;
*) echo "usage: $0 install | env [USER]" >&2; exit 64 ;;
esac
