// The reference of commands, made from the commands themselves: docs/commands.md and the man page.
//
//   npm run docs        writes docs/commands.md anew, after a build
//   npm run build       writes man/sifstage.1
//
// A test compares the page with what this makes, so that it cannot go stale.
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const fill = text => (text ?? '').replaceAll('<%= config.bin %>', 'sifstage')
const nameOf = ({id}) => `sifstage ${id.replaceAll(':', ' ')}`

/** The commands that are shown, in the order of their names; those of one topic stand together. */
function commandsOf(manifest) {
  return Object.values(manifest.commands)
    .filter(each => !each.hidden)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function argumentsOf({args, strict}) {
  // What is not strict takes several.
  const several = strict === false ? '...' : ''
  return Object.values(args).map(({name, description, required}) => ({
    text: required ? `${name.toUpperCase()}${several}` : `[${name.toUpperCase()}${several}]`,
    description: description ?? '',
  }))
}

/** Flags in the order of their names; `about` says value, default and environment besides. */
function flagsOf({flags}) {
  return Object.values(flags)
    .filter(each => !each.hidden)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({name, char, type, options, helpValue, multiple, description, default: value, env, required}) => ({
      name: `--${name}`,
      char: char === undefined ? undefined : `-${char}`,
      value: type === 'boolean' ? undefined : (helpValue ?? options?.join('|') ?? 'VALUE'),
      about: [
        description ?? '',
        ...(required ? ['required'] : []),
        ...(multiple && !/repeated/.test(description ?? '') ? ['may be repeated'] : []),
        ...(value === undefined || value === false ? [] : [`default: ${value}`]),
        ...(env === undefined ? [] : [`environment: ${env}`]),
      ].join('; '),
    }))
}

function usageOf(command) {
  return [
    nameOf(command),
    ...argumentsOf(command).map(each => each.text),
    ...(Object.keys(command.flags).length === 0 ? [] : ['[flags]']),
  ].join(' ')
}

const exampleOf = each =>
  typeof each === 'string' ? {command: fill(each)} : {description: each.description, command: fill(each.command)}

const cell = text => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

function commandPart(command) {
  const args = argumentsOf(command)
  const flags = flagsOf(command)
  return [
    `## ${nameOf(command).replace(/^sifstage /, '')}`,
    fill(command.summary),
    `\`\`\`\n${usageOf(command)}\n\`\`\``,
    ...(command.description ? [fill(command.description)] : []),
    ...(args.length === 0 ? [] : [args.map(({text, description}) => `- \`${text}\`: ${description}`).join('\n')]),
    ...((command.examples ?? []).length === 0
      ? []
      : [
          `\`\`\`sh\n${command.examples
            .map(exampleOf)
            .map(each => (each.description ? `# ${each.description}\n${each.command}` : each.command))
            .join('\n\n')}\n\`\`\``,
        ]),
    ...(flags.length === 0
      ? []
      : [
          [
            '| flag | what it does |',
            '|---|---|',
            ...flags.map(({name, char, value, about}) => {
              const names = [char, name].filter(each => each !== undefined).join(', ')
              return `| \`${cell(names)}${value === undefined ? '' : ` ${cell(value)}`}\` | ${cell(about)} |`
            }),
          ].join('\n'),
        ]),
  ].join('\n\n')
}

/** @param manifest oclif.manifest.json */
export function commandsPage(manifest) {
  const commands = commandsOf(manifest)
  return `# Commands

<!-- Made by npm run docs from the commands themselves. Do not edit. -->

| command | does |
|---|---|
${commands
  .map(
    each =>
      `| [\`${nameOf(each).replace(/^sifstage /, '')}\`](#${nameOf(each)
        .replace(/^sifstage /, '')
        .replaceAll(' ', '-')}) | ${cell(fill(each.summary))} |`,
  )
  .join('\n')}

**INPUT** is a description (YAML), a Dockerfile or a definition file, told by its name, then by its text; \`-\` is standard input. Left
out, it is the only candidate in the current folder. Results go to standard output, all else to standard error.

**Exit codes**: 0 done; 1 the described work is wrong (a check found an error, an artifact failed verification); 2 wrong usage, or
something that cannot be read or written; 3 it cannot be expressed faithfully; 4 no usable engine; 5 a step, a test, the engine, a
registry or the disk failed; 70 a bug of ours; 130, 143 interrupted.

The examples are run by a test as they stand here, in the folder of the project.

${commands.map(commandPart).join('\n\n')}
`
}

/** Text for a man page: nothing in it is taken for a request. https://man7.org/linux/man-pages/man7/groff_man.7.html */
const roff = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')

function manCommand(command) {
  const flags = flagsOf(command)
  return [
    `.SS ${roff(nameOf(command))}`,
    roff(fill(command.summary)),
    '.PP',
    `.B ${roff(usageOf(command))}`,
    ...(command.description
      ? ['.PP', roff(fill(command.description).replaceAll('\n\n', '\n.PP\n')).replaceAll('\\&.PP', '.PP')]
      : []),
    ...argumentsOf(command).flatMap(({text, description}) => ['.TP', `.I ${roff(text)}`, roff(description)]),
    ...flags.flatMap(({name, char, value, about}) => [
      '.TP',
      `.B ${roff([char, name].filter(each => each !== undefined).join(', '))}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}`,
      roff(about),
    ]),
    ...(command.examples ?? [])
      .map(exampleOf)
      .flatMap(({description, command: line}) => [
        '.PP',
        ...(description ? [`${roff(description)}:`] : []),
        '.PP',
        '.RS 4',
        '.EX',
        roff(line),
        '.EE',
        '.RE',
      ]),
  ].join('\n')
}

/** @param version of the package */
export function manPage(manifest, version) {
  const commands = commandsOf(manifest)
  return `.TH SIFSTAGE 1 "" "sifstage ${version}" "User Commands"
.SH NAME
sifstage \\- build multi\\-stage container images stage by stage, and verify every copied path
.SH SYNOPSIS
.B sifstage
.I COMMAND
.RI [ INPUT ]
.RI [ flags ]
.SH DESCRIPTION
Builds an image from a description with several stages, one stage at a time: a .sif with Apptainer, or an image of docker, podman or
buildah. Before the next stage starts, every path that it copies out of an earlier one is looked for in that stage's image.
.PP
INPUT is a description in YAML, a Dockerfile or a definition file; \\- is standard input.
.SH COMMANDS
${commands.map(manCommand).join('\n')}
.SH EXIT STATUS
.TP
0
done
.TP
1
the described work is wrong: a check found an error, an artifact failed verification
.TP
2
wrong usage, or something that cannot be read or written
.TP
3
it cannot be expressed faithfully
.TP
4
no usable engine
.TP
5
a step, a test, the engine, a registry or the disk failed
.TP
70
a bug of sifstage
.TP
130, 143
interrupted
.SH FILES
.TP
.I sifstage.config.yaml
settings of a project: the nearest in the current folder or above it
.TP
.I ~/.config/sifstage/config.yaml
settings of a user
.TP
.I ~/.cache/sifstage
the store
.SH SEE ALSO
.BR apptainer (1),
.BR docker (1),
.BR podman (1),
.BR buildah (1)
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  writeFileSync(join(root, 'docs/commands.md'), commandsPage(JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))))
  process.stderr.write('docs/commands.md is written\n')
}
