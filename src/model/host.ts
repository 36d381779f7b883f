/** The machine that an image is to run on. */

/** What a machine says of itself, as it says it: `inspection/host.ts` makes facts of it. */
export interface HostTexts {
  /** In Go's words. */
  readonly architecture: string
  /** `uname -r`. */
  readonly release: string
  /** /proc/cpuinfo. */
  readonly cpuinfo: string
  /** Of the C library; undefined where there is none of GNU's. */
  readonly glibc: string | undefined
  /** /proc/driver/nvidia/version; undefined where no driver is loaded. */
  readonly nvidia: string | undefined
  /** What `mpirun --version` prints; undefined where there is none. */
  readonly mpirun: string | undefined
  /** Names of the handlers of foreign programs (/proc/sys/fs/binfmt_misc). */
  readonly binfmt: readonly string[]
  /** Environment modules name their MPI there. */
  readonly environment: Readonly<Record<string, string | undefined>>
}
