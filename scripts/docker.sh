#!/bin/bash
# A Docker daemon with BuildKit for the tests, without iptables or a bridge, on a unix socket of its own.
#
#   docker.sh install                      what it needs, when that is missing
#   eval "$(scripts/docker.sh start)"      exports DOCKER_HOST, DOCKER_CONFIG and PATH; installs if need be
#   docker.sh stop
#
# Root on Debian 12 only. Its packages come from SUITE (default sid: Docker 28, whose BuildKit knows Dockerfile 1.19)
# and are unpacked in PREFIX, since Debian 12's own is too old; they need no newer libc. Debian 12's runc is used.
# MIRROR (default http://127.0.0.1:5077) answers for Docker Hub: `FROM busybox` is MIRROR's library/busybox.
# STATE keeps socket, data and log. A daemon of STATE that runs already is used.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/debian.sh"
state=${STATE:-${TMPDIR:-/tmp}/sifstage-docker}
prefix=$docker_folder
suite=${SUITE:-sid}
mirror=${MIRROR:-http://127.0.0.1:5077}
[ "$(id -u)" = 0 ] || { echo "run as root" >&2; exit 77; }

alive() { [ -s "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }

install_all() {
  has_docker_programs && return
  need_debian
  install_packages runc iptables
  [ -x "$docker_buildx" ] && return
  local apt each
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$(debian_mirror)" "$suite" > "$work/sources.list"
  # Lists of its own, without descriptions in other languages: nothing of SUITE is to be seen by the machine's own apt.
  apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Acquire::Languages=none
       -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Acquire::Retries=3)
  again "${apt[@]}" update
  (cd "$work/debs" && again "${apt[@]}" download docker.io docker-cli docker-buildx containerd)
  rm -rf "$prefix.new"
  for each in "$work"/debs/*.deb; do dpkg-deb -x "$each" "$prefix.new"; done
  rm -rf "$prefix"
  mv "$prefix.new" "$prefix"
}

case ${1:-} in
install) install_all ;;
start)
  # Two at once would start two.
  mkdir -p "$state"; exec 9>"$state/lock"; flock 9
  install_all >&2
  mkdir -p "$state"/{data,exec,client/cli-plugins}
  # podman and buildah refuse a DOCKER_CONFIG without one.
  [ -e "$state/client/config.json" ] || echo '{}' > "$state/client/config.json"
  ln -sfn "$docker_buildx" "$state/client/cli-plugins/docker-buildx"
  if ! alive; then
    # Neither iptables nor a bridge: builds here use the host's network or none.
    cat > "$state/daemon.json" <<JSON
{ "features": {"containerd-snapshotter": true}, "iptables": false, "ip6tables": false, "bridge": "none",
  "ip-forward": false, "ip-masq": false, "registry-mirrors": ["$mirror"],
  "data-root": "$state/data", "exec-root": "$state/exec", "pidfile": "$state/dockerd.pid",
  "hosts": ["unix://$state/docker.sock"], "insecure-registries": ["127.0.0.0/8"], "shutdown-timeout": 5 }
JSON
    PATH=$prefix/usr/bin:$prefix/usr/sbin:$PATH nohup setsid "$prefix/usr/sbin/dockerd" \
      --config-file "$state/daemon.json" </dev/null >"$state/log" 2>&1 9>&- &
    echo $! > "$state/pid"
    for _ in $(seq 300); do
      [ -S "$state/docker.sock" ] && grep -q 'API listen on' "$state/log" && break
      alive || { tail -5 "$state/log" >&2; rm -f "$state/pid"; exit 1; }
      sleep 0.1
    done
  fi
  echo "export DOCKER_HOST=unix://$state/docker.sock DOCKER_CONFIG=$state/client PATH=$prefix/usr/bin:\$PATH" ;;
stop)
  if alive; then
    pid=$(cat "$state/pid")
    kill "$pid"
    for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -f "$state/pid" ;;
*) echo "usage: $0 install | start | stop" >&2; exit 64 ;;
esac
