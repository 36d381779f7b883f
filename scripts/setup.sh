#!/bin/bash
# Puts on a bare Debian 12 machine what the demo and the tests need; what is there stays as it is.
#
#   setup.sh [--user USER] [--bases "NAME..." | --no-bases] [--no-registry] [--no-engines]
#
#   --user USER       who runs the engine, since root in a container cannot (hpc, or $SIFSTAGE_TEST_USER)
#   --bases NAMES     base images to make: all that base-images.sh knows, unless some are named
#   --no-bases        make none
#   --no-registry     leave out the registry, the compiler, tmux, Graphviz, the browser and other shells, which only the tests need
#   --no-engines      leave out Docker, podman and buildah, which only the tests need
#
# Everything comes from this machine's own Debian mirror, and nothing that is installed is upgraded. An ordinary user
# gets a list of what is missing, exit code 4 and the command for the administrator.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/debian.sh"
command="sudo${SIFSTAGE_TEST_BASES:+ SIFSTAGE_TEST_BASES=$SIFSTAGE_TEST_BASES} $here/setup.sh"
[ $# = 0 ] || command+=$(printf ' %q' "$@")
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$here/setup.sh"; }
user=${SIFSTAGE_TEST_USER:-hpc}; bases=all; registry=yes; engines=yes
while [ $# -gt 0 ]; do
  case $1 in
  --user) user=${2:?--user: who?}; shift 2 ;;
  --bases) bases=${2:?--bases: which?}; shift 2 ;;
  --no-bases) bases=; shift ;;
  --no-registry) registry=; shift ;;
  --no-engines) engines=; shift ;;
  --help) usage; exit ;;
  *) usage >&2; exit 2 ;;
  esac
done
[ "$bases" != all ] || bases=$("$here/base-images.sh" --list)
read -ra names <<< "$bases"
folder=${SIFSTAGE_TEST_BASES:-/var/tmp/sifstage-bases}
is_root() { [ "$(id -u)" = 0 ]; }
as_user() { if is_root; then "$here/as-user.sh" "$user" "$@"; else "$@"; fi; }
have() { local name; for name in "$@"; do command -v "$name" >/dev/null || return 1; done; }

has_user() { id "$user" >/dev/null 2>&1 && grep -qs "^$user:" /etc/subuid && grep -qs "^$user:" /etc/subgid && { [ ! -e /dev/fuse ] || [ -w /dev/fuse ]; }; }
makes_user() { "$here/build-user.sh" "$user"; }

has_apptainer() { (cd / && as_user apptainer version) >/dev/null 2>&1 && have mksquashfs unsquashfs; }
makes_apptainer() { "$here/install-apptainer.sh"; install_packages squashfs-tools; }

has_namespaces() { (cd / && as_user unshare --user --map-root-user true) >/dev/null 2>&1; }
makes_namespaces() {
  fail 4 "user $user may make no user namespaces, and Apptainer without root needs them" \
    'allow them: sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 (in a container: on its host)'
}

has_bases() { local name; for name in "${names[@]}"; do [ -r "$folder/$name.docker.tar" ] || return 1; done; }
makes_bases() { "$here/base-images.sh" "${names[@]}"; }

has_registry() { registry_program >/dev/null && have skopeo; }
makes_registry() { "$here/install-registry.sh"; }

has_compiler() { have gcc readelf zstd tmux && [ -e /usr/include/stdio.h ]; }
makes_compiler() { install_packages gcc libc6-dev binutils zstd tmux; }

has_pictures() { have dot chromium groff && [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]; }
makes_pictures() { install_packages graphviz chromium fonts-dejavu-core groff-base; }

has_shells() { have bash zsh fish script git mkfifo && [ -e /usr/share/bash-completion/bash_completion ]; }
makes_shells() { install_packages bash zsh fish bash-completion bsdutils git coreutils; }

makes_docker() { "$here/docker.sh" install; }
has_docker() { has_docker_programs; }

has_containers() { have podman buildah runc; }
makes_containers() { "$here/containers.sh" install; }

seconds_since() { local now=${EPOCHREALTIME/./} then=${1/./}; printf '%d.%d s' "$(((now - then) / 1000000))" "$(((now - then) / 100000 % 10))"; }

# step NAME WHAT: has_NAME looks; makes_NAME, for root, does something about it.
lacking=0
step() {
  local began=$EPOCHREALTIME
  if "has_$1"; then printf '  %s: is here\n' "$2"; return; fi
  if ! is_root; then printf '  %s: missing\n' "$2"; lacking=1; return; fi
  printf '  %s: being made...\n' "$2"
  "makes_$1" 2>&1 | sed -u 's/^/    /'
  "has_$1" || fail 5 "$2: still missing; what stands above may say why"
  printf '  %s: made in %s\n' "$2" "$(seconds_since "$began")"
}

began=$EPOCHREALTIME
echo "What is needed on this machine:"
! is_root || step user "user $user, who runs the engine"
step apptainer 'Apptainer, and squashfs-tools'
[ "$lacking" = 1 ] || step namespaces 'user namespaces'
[ -z "$bases" ] || step bases "base images in $folder: ${names[*]}"
[ -z "$registry" ] || step registry 'docker-registry and skopeo'
[ -z "$registry" ] || step compiler 'gcc and binutils, by which the reader of programs is judged, and tmux'
[ -z "$registry" ] || step pictures 'Graphviz, and a browser, by which pictures and pages are judged'
[ -z "$registry" ] || step shells 'zsh and fish, in which completion is tried'
[ -z "$engines" ] || step docker 'Docker, in a folder of its own'
[ -z "$engines" ] || step containers 'podman and buildah'
[ "$lacking" = 0 ] || fail 4 'something is missing that only an administrator can install' "run: $command"
echo "All is here ($(seconds_since "$began"))."
