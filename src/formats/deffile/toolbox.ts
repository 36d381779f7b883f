/**
 * Shell functions that a printed `%post` (or `%setup`) brings along where plain commands would not mean the same.
 * POSIX shell, and only options that GNU and busybox tools share. The scripts run with `-e`: what fails stops the build.
 * None of them leaves a variable behind, which a later RUN would see; those that become a command set none of a name
 * that an ENV may have either.
 */

export type Tool =
  | 'inside'
  | 'folder'
  | 'put'
  | 'layer'
  | 'glob'
  | 'own'
  | 'owner'
  | 'exec'
  | 'clean'
  | 'user'
  | 'mount'
  | 'parents'

/** In the order in which they are printed; a function stands behind those it calls. */
const order: readonly Tool[] = [
  'inside',
  'folder',
  'parents',
  'put',
  'layer',
  'glob',
  'owner',
  'own',
  'exec',
  'clean',
  'user',
  'mount',
]

/** K89: links on the way to a folder are followed, also to where nothing is yet. */
const folder = [
  'sifstage_folder() { # FOLDER: makes what is missing of it, links followed',
  '    if [ -d "$1" ]; then return; fi',
  '    set -- "${1%/}"',
  '    set -- "$1" "$(dirname "$1")" "$(readlink "$1" || :)"',
  '    case $3 in',
  '        "") sifstage_folder "$2"; mkdir "$1" ;;',
  '        /*) sifstage_folder "$3" ;;',
  '        *) sifstage_folder "$2/$3" ;;',
  '    esac',
  '}',
]

/**
 * K145, K96: what COPY does with one source. What lies in the way of a file inside a folder gives way, a destination
 * that is itself a link is followed; folders that are there keep owner and mode, those below take the source's. A file
 * is always a new one: another name of the old one, or who reads from a FIFO, sees nothing of it.
 */
const put = [
  'sifstage_put() ( # FILE-OR-FOLDER DESTINATION NAME: as COPY does',
  '    if [ -d "$1" ] && [ ! -L "$1" ]; then',
  '        sifstage_folder "$2"',
  `        ( cd "$1" && find . ! -type d -exec sh -c 'for f; do if [ -L "$0/$f" ] || { [ -e "$0/$f" ] && [ ! -d "$0/$f" ]; }; then rm "$0/$f"; fi; done' "$2" {} + )`,
  // GNU cp leaves sticky and setgid bits of a folder that is there.
  `        ( cd "$1" && find . -mindepth 1 -type d -exec sh -c 'for d; do if [ -d "$0/$d" ]; then chmod 00755 "$0/$d"; fi; done' "$2" {} + )`,
  '        from=$1 to=$2',
  '        set --',
  '        for e in "$from"/* "$from"/.[!.]* "$from"/..?*; do',
  '            if [ -e "$e" ] || [ -L "$e" ]; then set -- "$@" "$e"; fi',
  '        done',
  '        if [ $# -gt 0 ]; then cp -a "$@" "$to/"; fi',
  '    else',
  '        case "$2" in */) sifstage_folder "$2" ;; *) sifstage_folder "$(dirname "$2")" ;; esac',
  '        to=$2',
  '        if [ -d "$2" ]; then to=${2%/}/$3; fi',
  '        for _ in 1 2 3 4 5 6 7 8; do',
  '            if [ ! -L "$to" ]; then break; fi',
  '            link=$(readlink "$to")',
  '            case $link in /*) to=$link ;; *) to=$(dirname "$to")/$link ;; esac',
  '            sifstage_folder "$(dirname "$to")"',
  '        done',
  '        if [ -d "$to" ] || [ -L "$to" ]; then echo "cannot replace $to with a file" >&2; exit 1; fi',
  '        rm -f "$to"',
  '        cp -a "$1" "$to"',
  '    fi',
  ')',
]

/**
 * K100, K103: what `--link` brings and what an archive holds replaces what is there, and only folders are merged: they
 * take the new owner and mode. Folders that an archive does not name keep theirs, and links to them are followed, which
 * do not lead out of the folder that it is unpacked in.
 */
const layer = [
  'sifstage_layer() ( # FOLDER DESTINATION [NAMED [ROOT]]: lays what is in the folder over what is there',
  '    named=${3-} root=${4-$2}',
  '    for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do',
  '        if [ ! -e "$e" ] && [ ! -L "$e" ]; then continue; fi',
  '        to=${2%/}/${e##*/}',
  '        if [ -n "$named" ] && [ -d "$e" ] && [ ! -L "$e" ] && ! grep -qxF -e "${e#"${named%.folders}"/}" "$named"; then',
  '            for _ in 1 2 3 4 5 6 7 8; do',
  '                if [ ! -L "$to" ]; then break; fi',
  '                link=$(readlink "$to")',
  '                if [ "$root" != / ]; then case $link in *..*) echo "$to leads to $link" >&2; exit 1 ;; esac; fi',
  '                case $link in /*) to=${root%/}$link ;; *) to=$(dirname "$to")/$link ;; esac',
  '            done',
  '            mkdir -p "$to"',
  '        elif [ -d "$e" ] && [ ! -L "$e" ] && [ -d "$to" ] && [ ! -L "$to" ]; then',
  '            chown "$(stat -c %u:%g "$e")" "$to"',
  '            chmod "0000$(stat -c %a "$e")" "$to"',
  '        else',
  '            rm -rf "$to"',
  '            mv "$e" "$to"',
  '            continue',
  '        fi',
  '        sifstage_layer "$e" "$to" "$named" "$root"',
  '    done',
  ')',
]

/**
 * K84, K86, K91: every match of a pattern in a staged folder, in order of name, links followed inside what is staged.
 * The pattern is a shell pattern of the same meaning; each level of it is one argument.
 */
const glob = [
  'sifstage_glob() ( # STAGED ORIGIN AT PATTERN...: calls sifstage_match with every match below AT',
  '    staged=$1 origin=$2 at=$3',
  '    shift 3',
  '    if [ $# -gt 0 ]; then',
  '        pattern=$1',
  '        shift',
  '        ( cd "$at" && find . -mindepth 1 -maxdepth 1 ) | LC_ALL=C sort | while IFS= read -r name; do',
  '            name=${name#./}',
  '            case $name in $pattern) if [ $# -eq 0 ] || { [ -d "$at/$name" ] && [ ! -L "$at/$name" ]; }; then sifstage_glob "$staged" "$origin" "$at/$name" "$@"; fi ;; esac',
  '        done',
  '        exit',
  '    fi',
  '    name=${at##*/}',
  '    for _ in 1 2 3 4 5 6 7 8; do',
  '        if [ ! -L "$at" ]; then break; fi',
  '        link=$(readlink "$at")',
  '        case $link in',
  '            /*) case $link in "$origin"/*) at=$staged/${link#"$origin"/} ;; *) at=/nowhere ;; esac ;;',
  '            *) at=$(dirname "$at")/$link ;;',
  '        esac',
  '        if [ ! -e "$at" ] && [ ! -L "$at" ]; then echo "$name leads to $link, which is not among the files copied here" >&2; exit 1; fi',
  '    done',
  '    if [ -L "$at" ]; then echo "$at: too many links" >&2; exit 1; fi',
  '    sifstage_match "$at" "$name"',
  ')',
]

/** K97: a name brings its own group, a number is its own; whoever is not there is root, as BuildKit has it. */
const owner = [
  'sifstage_owner() ( # USER[:GROUP]: prints UID:GID',
  '    set +x',
  '    u=${1%%:*} g= uid= gid=',
  '    case $1 in *:*) g=${1#*:} ;; esac',
  '    case $u in',
  '        "") uid=0 ;;',
  '        *[!0-9]*) if [ -f /etc/passwd ]; then while IFS=: read -r n _ i p _ || [ -n "$n" ]; do if [ "$n" = "$u" ]; then uid=$i gid=$p; break; fi; done < /etc/passwd; fi ;;',
  '        *) uid=$u gid=$u ;;',
  '    esac',
  '    case $g in',
  '        "") ;;',
  '        *[!0-9]*) if [ -f /etc/group ]; then while IFS=: read -r n _ i _ || [ -n "$n" ]; do if [ "$n" = "$g" ]; then gid=$i; break; fi; done < /etc/group; fi ;;',
  '        *) gid=$g ;;',
  '    esac',
  '    if [ -z "$uid" ]; then echo "$u is not in /etc/passwd: root owns the files, as with docker" >&2; fi',
  '    echo "${uid:-0}:${gid:-0}"',
  ')',
]

/** K114: a program by its name, which docker looks up in PATH where busybox takes one of its own. */
const exec = [
  'sifstage_exec() ( # PROGRAM ARGUMENT...',
  '    set +x',
  '    sifstage_program=$(',
  '        IFS=:',
  '        for folder in $PATH; do if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then echo "$folder/$1"; exit; fi; done',
  '        echo "$1: not found in $PATH" >&2',
  '        exit 127',
  '    )',
  '    shift',
  '    exec "$sifstage_program" "$@"',
  ')',
]

/** K115, K116: what Apptainer, `cd` and the script's own shell have set, for commands that show their environment. */
const clean = [
  'sifstage_clean() ( # COMMAND...: without the variables of Apptainer and of this shell',
  '    set +x',
  '    unset OLDPWD PWD SHLVL',
  '    for sifstage_n in APPNAME BIND COMMAND CONTAINER ENVIRONMENT LABELS NAME ROOTFS; do unset "APPTAINER_$sifstage_n" "SINGULARITY_$sifstage_n"; done',
  '    "$@"',
  ')',
]

/** K97: files, folders and links get the owner, and keep setuid bits, which chown takes away. */
const own = [
  'sifstage_own() ( # OWNER PATH',
  `    special=$(find "$2" -type f \\( -perm -4000 -o -perm -2000 \\) -exec stat -c '%a %n' {} +)`,
  '    chown -hR "$1" "$2"',
  `    printf '%s\\n' "$special" | while read -r mode file; do if [ -n "$file" ]; then chmod "$mode" "$file"; fi; done`,
  ')',
]

/** On the machine that builds, no link of the image may lead out of it. */
const inside = [
  'sifstage_inside() ( # PATH below the root of the image',
  '    path=$1',
  '    while [ "${#path}" -gt "${#SINGULARITY_ROOTFS}" ]; do',
  '        if [ -L "$path" ]; then case $(readlink "$path") in /* | *..*) echo "$path is a link that may lead out of the image" >&2; exit 1 ;; esac; fi',
  '        path=$(dirname "$path")',
  '    done',
  ')',
]

/** K97, K121: missing folders of a path, with an owner. */
const parents = [
  'sifstage_parents() { # OWNER MODE FOLDER: makes what is missing of the folder, as its owner would have it',
  '    if [ ! -d "$3" ]; then',
  '        sifstage_parents "$1" "$2" "$(dirname "$3")"',
  '        mkdir "$3"',
  '        chown "$1" "$3"',
  '        if [ "$2" != 755 ]; then chmod "$2" "$3"; fi',
  '    fi',
  '}',
]

/**
 * K116, K120, K147: a command as another user, by whatever the image has for it: util-linux, GNU coreutils, or
 * busybox. The last knows users of passwd only, so it is shown one until it has become that user.
 */
const user = [
  'sifstage_ids() { # USER[:GROUP]: sets sifstage_uid, _gid, _all and _home as docker would',
  '    sifstage_uid=${1%%:*} sifstage_gid= sifstage_name= sifstage_all= sifstage_home=/',
  '    case $1 in *:*) sifstage_gid=${1#*:} ;; esac',
  '    if [ -z "$sifstage_uid" ]; then sifstage_uid=0; fi',
  '    if [ -f /etc/passwd ]; then while IFS=: read -r sifstage_n _ sifstage_i sifstage_g _ sifstage_d _ || [ -n "$sifstage_n" ]; do',
  '        if [ "$sifstage_n" = "$sifstage_uid" ] || [ "$sifstage_i" = "$sifstage_uid" ]; then',
  '            sifstage_uid=$sifstage_i sifstage_name=$sifstage_n sifstage_home=$sifstage_d',
  '            if [ -z "$sifstage_gid" ]; then sifstage_gid=$sifstage_g sifstage_all=yes; fi',
  '            break',
  '        fi',
  '    done < /etc/passwd; fi',
  '    case $sifstage_uid in *[!0-9]*) echo "unable to find user $sifstage_uid: no matching entries in passwd file" >&2; exit 1 ;; esac',
  '    case $sifstage_gid in *[!0-9]*) while IFS=: read -r sifstage_n _ sifstage_i _ || [ -n "$sifstage_n" ]; do if [ "$sifstage_n" = "$sifstage_gid" ]; then sifstage_gid=$sifstage_i; break; fi; done < /etc/group ;; esac',
  '    case $sifstage_gid in *[!0-9]*) echo "unable to find group $sifstage_gid: no matching entries in group file" >&2; exit 1 ;; esac',
  '    sifstage_gid=${sifstage_gid:-0}',
  '    if [ -z "$sifstage_all" ]; then sifstage_all=$sifstage_gid; return; fi',
  '    sifstage_all=$sifstage_gid',
  '    if [ -f /etc/group ]; then while IFS=: read -r _ _ sifstage_i sifstage_n || [ -n "$sifstage_i" ]; do case ",$sifstage_n," in *",$sifstage_name,"*) sifstage_all=$sifstage_all,$sifstage_i ;; esac; done < /etc/group; fi',
  '}',
  'sifstage_as() ( # [-h] USER[:GROUP] COMMAND...; with -h HOME stays as it is',
  '    set +x',
  '    sifstage_keep=',
  '    if [ "$1" = -h ]; then sifstage_keep=yes; shift; fi',
  '    sifstage_ids "$1"',
  '    shift',
  '    if [ -z "$sifstage_keep" ]; then export HOME="$sifstage_home"; fi',
  '    if setpriv --reuid 0 --clear-groups true 2> /dev/null; then',
  '        exec setpriv --reuid "$sifstage_uid" --regid "$sifstage_gid" --groups "$sifstage_all" "$@"',
  '    elif chroot --userspec=0:0 --skip-chdir / true 2> /dev/null; then',
  '        exec chroot --userspec="$sifstage_uid:$sifstage_gid" --groups="$sifstage_all" --skip-chdir / "$@"',
  '    elif start-stop-daemon --help 2>&1 | grep -q BusyBox; then',
  '        mkdir -p /.sifstage/user',
  '        rm -f /.sifstage/user/*',
  '        { echo "sifstage:x:$sifstage_uid:$sifstage_gid::$sifstage_home:"; cat /etc/passwd; } > /.sifstage/user/passwd',
  `        { echo "sifstage:x:$sifstage_gid:"; cat /etc/group; echo "$sifstage_all" | tr , '\\n' | sed 's/.*/sifstage-&:x:&:sifstage/'; } > /.sifstage/user/group`,
  '        mkfifo -m 666 /.sifstage/user/go',
  '        mount -n --bind /.sifstage/user/passwd /etc/passwd',
  '        mount -n --bind /.sifstage/user/group /etc/group',
  `        start-stop-daemon -S -q -p /.sifstage/none -c sifstage -x /bin/sh -- -c 'read -r _ < /.sifstage/user/go; exec "$@"' sh "$@" < /dev/null &`,
  '        sifstage_pid=$!',
  `        while ! { grep -q "^Uid:[^0-9]*$sifstage_uid[^0-9]" "/proc/$sifstage_pid/status" && grep -q "^Gid:[^0-9]*$sifstage_gid[^0-9]" "/proc/$sifstage_pid/status"; } 2> /dev/null; do if [ ! -d "/proc/$sifstage_pid" ]; then break; fi; done`,
  '        umount -n /etc/passwd /etc/group',
  '        echo > /.sifstage/user/go',
  '        wait "$sifstage_pid"',
  '    else',
  '        echo "this image has neither setpriv, GNU chroot nor busybox, so that nothing in it can become user $sifstage_uid" >&2',
  '        exit 1',
  '    fi',
  ')',
]

/** K128, K129: a mount for one command; the folders that had to be made for it go again. */
const mount = [
  'sifstage_mount() ( # SOURCE TARGET [OPTION]: mounts a folder, a file or tmpfs; what is not there is made and remembered',
  '    top= at=$2',
  '    while [ ! -e "$at" ]; do top=$at at=$(dirname "$at"); done',
  '    if [ -f "$1" ]; then',
  '        mkdir -p "$(dirname "$2")"',
  '        if [ ! -e "$2" ]; then : > "$2"; fi',
  '    else',
  '        mkdir -p "$2"',
  '    fi',
  '    if [ "$1" = tmpfs ]; then mount -n -t tmpfs -o "${3:-rw}" tmpfs "$2"; else mount -n --bind "$1" "$2"; fi',
  '    if [ "${3-}" = ro ]; then mount -n -o remount,ro,bind "$2"; fi',
  `    printf '%s\\n' "$2" "$top" >> /.sifstage/mounts`,
  ')',
  'sifstage_unmount() { # takes all of them away, the last one first',
  `    sed -n '1!G;h;$p' /.sifstage/mounts | while IFS= read -r top && IFS= read -r at; do`,
  '        umount -n "$at"',
  '        if [ -n "$top" ] && [ -f "$at" ] && [ ! -s "$at" ]; then rm "$at"; at=$(dirname "$at"); fi',
  '        while [ -n "$top" ] && [ "${#at}" -ge "${#top}" ] && rmdir "$at" 2> /dev/null; do at=$(dirname "$at"); done',
  '    done',
  '    rm /.sifstage/mounts',
  '}',
]

const tools: Readonly<Record<Tool, readonly string[]>> = {
  inside,
  folder,
  put,
  layer,
  glob,
  own,
  owner,
  exec,
  clean,
  parents,
  user,
  mount,
}

const needs: Readonly<Partial<Record<Tool, readonly Tool[]>>> = {glob: ['put', 'folder'], put: ['folder']}

/** The lines of some tools and of those that they call. */
export function toolLines(wanted: ReadonlySet<Tool>): readonly string[] {
  const all = new Set(wanted)
  for (const tool of wanted) for (const other of needs[tool] ?? []) all.add(other)
  return order.filter(tool => all.has(tool)).flatMap(tool => tools[tool])
}
