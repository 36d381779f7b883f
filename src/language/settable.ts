/** Names that a script can or cannot set (tried with dash, bash, busybox and Apptainer 1.4.5). */

const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)

/** Names that bash holds fast, or with which the shell of `%post` itself would read or print otherwise. */
const heldByShells = /^(UID|EUID|PPID|BASHOPTS|SHELLOPTS|BASH_VERSINFO|IFS|PS4)$/

/**
 * Names that Apptainer's own shell, which reads `%environment`, holds fast or changes: `e`, `key` and `__script__` are
 * variables of its start script.
 */
const heldByApptainer =
  /^(UID|EUID|GID|IFS|e|key|__(script|exported_env)__|PROMPT_COMMAND|SING_USER_DEFINED_\w+|(APPTAINER|SINGULARITY)_(APPNAME|BIND|COMMAND|CONTAINER|ENVIRONMENT|NAME))$/

/** Whether `export` in `%post` can set it in every shell; others are given to each command by `env`. */
export function isExportable(name: string): boolean {
  return isName(name) && !heldByShells.test(name)
}

/** Whether an image can have it at run time. */
export function lastsInImage(name: string): boolean {
  return isName(name) && !heldByApptainer.test(name)
}
