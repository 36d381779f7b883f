/** What engines say of where they are, in their own output: only for whoever watches. */

/** Lines of `apptainer build`, and the sections of a definition file that they tell of. */
const sections: readonly (readonly [line: RegExp, section: string | undefined])[] = [
  [/^INFO:\s+Running pre scriptlet/, '%pre'],
  [/^INFO:\s+Running setup scriptlet/, '%setup'],
  [/^INFO:\s+Copying .+ to /, '%files'],
  [/^INFO:\s+Running post scriptlet/, '%post'],
  [/^INFO:\s+Running testscript/, '%test'],
  [/^INFO:\s+(?:Extracting|Fetching|Copying blob|Starting build)/, 'unpacking its base'],
]

/** The section of a definition file that Apptainer has come to. */
export function apptainerDoing(line: string): string | undefined {
  return sections.find(([begins]) => begins.test(line))?.[1]
}

/** The instruction that BuildKit (`#7 [2/3] RUN make`) or buildah (`STEP 2/3: RUN make`) has come to. */
export function instructionDoing(line: string): string | undefined {
  return /^(?:#\d+ \[[^\]]*\d+\/\d+\]|(?:\[[^\]]*\] )?STEP \d+\/\d+:) (\S.*)$/.exec(line)?.[1]
}
