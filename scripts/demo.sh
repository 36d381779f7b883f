#!/bin/bash
# Shows what sifstage does, with a real engine: npm run demo
#
# It builds examples/lab3 cold, again, and after two changes; then a file with its stages in the wrong order, and one
# that copies a path that is not there. Each command stands after a `$`, with what it really prints. The demo fails if
# one of them does not end as it should. Nothing is left behind but what setup.sh put on the machine.
#
# As root it installs what is missing, and the engine runs as user hpc ($SIFSTAGE_TEST_USER). An ordinary user needs
# Apptainer; without base images on the machine (setup.sh makes them) the public ones are pulled.
# shellcheck disable=SC2016  # commands are shown as they stand, then expanded
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/debian.sh"
root=$(dirname "$here"); node=$(node_program)
user=${SIFSTAGE_TEST_USER:-hpc}; folder=${SIFSTAGE_TEST_BASES:-/var/tmp/sifstage-bases}
is_root() { [ "$(id -u)" = 0 ]; }
# The caller's settings are left aside, but for where there is room.
for name in "${!SIFSTAGE_@}"; do
  case $name in SIFSTAGE_TMPDIR | SIFSTAGE_TEST_*) ;; *) unset "$name" ;; esac
done
[ -e "$root/dist/cli/main.js" ] || fail 2 'sifstage is not built' "run npm ci in $root"

since() { local now=${EPOCHREALTIME/./} then=${1/./}; printf '%d.%d s' "$(((now - then) / 1000000))" "$(((now - then) / 100000 % 10))"; }
began=$EPOCHREALTIME
number=0
title() { number=$((number + 1)); printf '\n\n== %s. %s\n' "$number" "$1"; }
say() { printf '\n'; printf '%s\n' "$@"; }

registry_answers() {
  NODE_USE_ENV_PROXY=1 "$node" -e 'fetch("https://registry-1.docker.io/v2/", {signal: AbortSignal.timeout(5000)}).then(() => 0, () => 1).then(process.exit)'
}

title 'What this demo needs'
if is_root; then say 'As root, what is missing is installed.'; else say 'You are not root: nothing is installed, only looked for.'; fi
if is_root || { [ -r "$folder/gcc.docker.tar" ] && [ -r "$folder/busybox.docker.tar" ]; } || ! registry_answers; then
  "$here/setup.sh" --bases 'busybox gcc' --no-registry --no-engines
  # A folder is the quicker base, but some of its files are root's alone.
  if is_root; then form=/rootfs; else form=.docker.tar; fi
  bases="--base gcc:12=$folder/gcc$form --base alpine:3.20=$folder/busybox$form"
else
  "$here/setup.sh" --no-bases --no-registry --no-engines
  echo 'The public base images gcc:12 and alpine:3.20 will be pulled.'
  bases=
fi

# In /var/tmp, where the engine's user can go and there is room.
work=$(mktemp -d /var/tmp/sifstage-demo-XXXXXX); chmod 755 "$work"
clean() {
  cd /
  # Files of subordinate ids, should one be left after a crash, are only our namespace's to remove.
  rm -rf "$work" 2>/dev/null || unshare --map-root-user --map-auto rm -rf "$work" || true
}
trap clean EXIT
cp -r "$root/examples/lab3" "$root/examples/lab3-wrong" "$work/"
mkdir "$work/bin"; ln -s "$root/bin/sifstage" "$work/bin/sifstage"

export PATH=$work/bin:$PATH NO_COLOR=1 XDG_CONFIG_HOME=$work/config

# The engine's starts are counted by a script that stands before it in PATH.
starts=$work/engine-starts; : > "$starts"; chmod 666 "$starts"
count_engine_starts() {
  local engine; engine=$(command -v apptainer || echo /usr/local/bin/apptainer)
  cat > "$work/bin/apptainer" <<SH
#!/bin/sh
echo "\$1" >> "$starts"
exec "$engine" "\$@"
SH
  chmod 755 "$work/bin/apptainer"
}

# run CODE COMMAND: shows the command and what it prints; its exit code has to be CODE.
run() {
  local wanted=$1 line=$2 code=0 at count
  printf '\n$ %s\n' "$line"
  : > "$starts"; at=$EPOCHREALTIME
  eval "$line" 2>&1 | tee "$work/output" || code=${PIPESTATUS[0]}
  count=$(wc -l < "$starts")
  case $line in
  'sifstage build'*) printf '(exit code %s, %s, engine started %s)\n' "$code" "$(since "$at")" "$count times" ;;
  sifstage*) printf '(exit code %s, %s)\n' "$code" "$(since "$at")" ;;
  esac
  [ "$code" = "$wanted" ] || fail 1 "the demo fails: this should have ended with exit code $wanted, not $code"
}
# printed TEXT: what the last command has to have printed.
printed() { grep -qF -- "$1" "$work/output" || fail 1 "the demo fails: this should have printed \"$1\""; }
never_printed() { ! grep -qF -- "$1" "$work/output" || fail 1 "the demo fails: this should not have printed \"$1\""; }
no_engine() { [ ! -s "$starts" ] || fail 1 'the demo fails: no engine should have been started'; }

cd "$work/lab3"
say "All of it happens in $work, with a store of its own: nothing is built before."
settings="export SIFSTAGE_CACHE_DIR=$work/cache"
if is_root; then settings+=" SIFSTAGE_RUN_AS=$user"; fi
eval "$settings"
printf '\n'; printf '$ %s\n' "cd $PWD" "$settings" ${bases:+"bases='$bases'"}

title 'Which engine is here'
run 0 'sifstage engines'
count_engine_starts

title 'Two stages: compile in one, copy the program to the other'
run 0 'cat lab3.def'
say 'A script that stands before the engine in PATH counts how often it is started.'
run 0 'sifstage build lab3.def $bases'
printed '/root/hello is there, for final'
if is_root; then engine_run="$here/as-user.sh $user apptainer run"; else engine_run='apptainer run'; fi
run 0 "$engine_run lab3.sif"
printed 'Hello from lab 3'

title 'Again: nothing has changed, so no engine is started'
run 0 'sifstage build lab3.def $bases'
printed '[compiler] cached'; printed '[final] cached'; no_engine

title 'Another greeting: both stages are built anew, since the program is another'
run 0 'sed -i "s/Hello from lab 3/Greetings from lab 3/" hello.c'
run 0 'sifstage build lab3.def $bases'
printed '[compiler] built'; printed '[final] built'
run 0 "$engine_run lab3.sif"
printed 'Greetings from lab 3'

title 'A new comment: the compiler makes the same program of it, so the final stage stays as it is'
run 0 'sed -i "1i /* Says hello. */" hello.c'
run 0 'sifstage build lab3.def $bases'
printed '[compiler] built'; printed '[final] cached'

title 'Stages in the wrong order: refused before anything runs'
cd "$work/lab3-wrong"; printf '\n$ cd ../lab3-wrong\n'
run 1 'sifstage check lab3-wrong.def'
printed 'copy-from-later-stage'
run 1 'sifstage build lab3-wrong.def $bases'
printed 'Nothing was built.'; no_engine

title 'A path that is not there: found right after the stage that should have made it'
cd "$work/lab3"; printf '\n$ cd ../lab3\n'
run 0 'sed "s|/root/hello /usr|/root/helo /usr|" lab3.def > misspelt.def'
run 1 'diff lab3.def misspelt.def'
run 1 'sifstage build misspelt.def --no-cache $bases'
printed 'artifact-missing'; printed '/root/hello'; printed 'not run: final'; never_printed '[final] →'

printf '\n\nAll of it went as it should, in %s.\n' "$(since "$began")"
