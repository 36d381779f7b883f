/** What an image says of how it runs: the `config` of an OCI image, as far as the languages look at it. */
export interface ImageConfig {
  readonly env: ReadonlyMap<string, string>
  /** Empty when the image has none. */
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly labels: ReadonlyMap<string, string>
  /** Empty when the image has none. */
  readonly workdir: string
  readonly user: string
  readonly shell: readonly string[] | undefined
  /** Text of the ONBUILD triggers (K77). */
  readonly onbuild: readonly string[]
  readonly exposed: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSignal: string | undefined
}
