#!/bin/bash
# A Docker daemon with BuildKit for the tests, without iptables or a bridge, on a unix socket of its own.
#
#   eval "$(scripts/docker.sh start)"      exports DOCKER_HOST, DOCKER_CONFIG and PATH
#   scripts/docker.sh stop
#
# Root on Debian 12 only. Its packages come from SUITE (default sid: Docker 28, whose BuildKit knows Dockerfile 1.19)
# and are unpacked in PREFIX, since Debian 12's own is too old; they need no newer libc. Debian 12's runc is used.
# MIRROR (default http://127.0.0.1:5077) answers for Docker Hub: `FROM busybox` is MIRROR's library/busybox.
# STATE keeps socket, data and log.
set -euo pipefail
state=${STATE:-${TMPDIR:-/tmp}/sifstage-docker}
prefix=${PREFIX:-/opt/sifstage-docker}
suite=${SUITE:-sid}
mirror=${MIRROR:-http://127.0.0.1:5077}
[ "$(id -u)" = 0 ] || { echo "run as root" >&2; exit 77; }

alive() { [ -s "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }

install_all() {
  if ! command -v runc >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends runc iptables >/dev/null
  fi
  [ -x "$prefix/usr/libexec/docker/cli-plugins/docker-buildx" ] && return
  local work archive apt
  work=$(mktemp -d)
  archive=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null ||
            awk '$1=="deb"{print $2; exit}' /etc/apt/sources.list)
  mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$archive" "$suite" > "$work/sources.list"
  apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=-
       -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$work/debs" && "${apt[@]}" download docker.io docker-cli docker-buildx containerd)
  rm -rf "$prefix.new" "$prefix"
  for each in "$work"/debs/*.deb; do dpkg-deb -x "$each" "$prefix.new"; done
  mv "$prefix.new" "$prefix"
  rm -rf "$work"
}

case ${1:-} in
start)
  install_all
  mkdir -p "$state"/{data,exec,client/cli-plugins}
  ln -sfn "$prefix/usr/libexec/docker/cli-plugins/docker-buildx" "$state/client/cli-plugins/docker-buildx"
  if ! alive; then
    # Neither iptables nor a bridge: builds here use the host's network or none.
    cat > "$state/daemon.json" <<JSON
{ "features": {"containerd-snapshotter": true}, "iptables": false, "ip6tables": false, "bridge": "none",
  "ip-forward": false, "ip-masq": false, "registry-mirrors": ["$mirror"],
  "data-root": "$state/data", "exec-root": "$state/exec", "pidfile": "$state/dockerd.pid",
  "hosts": ["unix://$state/docker.sock"], "insecure-registries": ["127.0.0.0/8"], "shutdown-timeout": 5 }
JSON
    PATH=$prefix/usr/bin:$prefix/usr/sbin:$PATH nohup setsid "$prefix/usr/sbin/dockerd" \
      --config-file "$state/daemon.json" </dev/null >"$state/log" 2>&1 &
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
*) echo "usage: $0 start | stop" >&2; exit 64 ;;
esac
