// Prints docs/checks.md: every rule that check, build and verify report, from the registries of the rules themselves.
//
//   npm run docs        writes it anew, after a build
//
// A test compares the file with what this makes, so that the page cannot go stale.
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const cell = text => text.replaceAll('|', '\\|')
const languages = {def: 'singularity', dockerfile: 'dockerfile', yaml: 'yaml'}

/** A block that shows a text as it is, however many backticks are in it. */
function block({format, text}) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(match => match[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${languages[format]}\n${text.replace(/\n+$/, '')}\n${fence}`
}

/** One rule: what, why, and an example of each kind where there are some. */
function rulePart({name, severity, summary, why, bad = [], good = []}) {
  const example = (title, all) => (all[0] === undefined ? [] : [`${title}\n\n${block(all[0])}`])
  return [`### ${name}`, `*${severity}.* ${summary}`, why, ...example('Found in:', bad), ...example('Not in:', good)].join('\n\n')
}

function table(rules) {
  return ['| rule | severity | finds |', '|---|---|---|', ...rules.map(row)].join('\n')
}

function row({name, severity, summary}) {
  return `| [\`${name}\`](#${name}) | ${severity} | ${cell(summary)} |`
}

function section({title, intro, rules}) {
  return [`## ${title}`, ...(intro === undefined ? [] : [intro]), table(rules), ...rules.map(rulePart)].join('\n\n')
}

function rateTable({inputs, found}, severities) {
  const rows = Object.entries(found).map(([name, count]) => `| \`${name}\` | ${severities.get(name) ?? ''} | ${count} | 0 |`)
  return `## How often they are wrong

All rules are run over the ${inputs} inputs of this repository that build or are built by people: the examples, every
conformance case, and the Dockerfiles and definition files in test/real. Every error, warning and prediction was read and
is listed with its reason in test/checks/false-alarms.test.ts; a new one fails that test until somebody has read it.
Rules that are not in the table found nothing. Those on files of the build context are left out, since these inputs come
without their files.

| rule | severity | findings | wrong |
|---|---|---|---|
${rows.join('\n')}`
}

/**
 * @param groups as in src/checks/index.ts @param remarks as in src/formats/remarks.ts
 * @param elsewhere remarks without examples @param artifacts as in src/checks/artifacts/index.ts @param rate test/checks/rate.json
 */
export function checksPage({groups, remarks, elsewhere, artifacts, rate}) {
  const sections = [
    ...groups.map(({title, intro, checks}) => ({title, intro, rules: checks})),
    ...remarks.map(group => ({title: group.title, rules: group.remarks})),
    {title: 'Reported with other files or the command line', rules: elsewhere},
    {
      title: 'Artifacts',
      intro: 'Judged by `build` and `verify` in the image that a stage made, before a later stage copies from it.',
      rules: Object.values(artifacts).flat(),
    },
  ]
  const severities = new Map(sections.flatMap(({rules}) => rules.map(each => [each.name, each.severity])))
  const count = [...severities].length
  return `# Rules

<!-- Made by npm run docs from the registries of the rules. Do not edit. -->

${count} rules, by the names that findings end in. \`sifstage check INPUT\` reports all but those on artifacts; \`plan\` leaves
out remarks on style and practice, and the other commands report what must not be wrong whatever is done with the input.

- **error**: it cannot work, and nothing is built. Exit code 1, or 2 where the input cannot be read.
- **warning**: it probably breaks, leaks or is not what was meant. The exit code stays 0.
- **info**: a prediction, or a remark.

A rule may report a case that is less sure one step lower than its own severity. A comment \`# sifstage: ignore RULE reason\`
on the line of a finding, or on the line above, silences it there, in every language.

\`check --format sarif\` holds all of these texts for code-scanning services; \`--format github\` writes annotations for a
pull request, \`--format json\` one document.

${sections.map(section).join('\n\n')}

${rateTable(rate, severities)}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const load = path => import(join(root, 'dist', path))
  const [{groups}, {remarkGroups, remarksElsewhere}, {artifactChecks}] = await Promise.all([
    load('checks/index.js'),
    load('formats/remarks.js'),
    load('checks/artifacts/index.js'),
  ])
  const page = checksPage({
    groups,
    remarks: remarkGroups,
    elsewhere: remarksElsewhere,
    artifacts: artifactChecks,
    rate: JSON.parse(readFileSync(join(root, 'test/checks/rate.json'), 'utf8')),
  })
  writeFileSync(join(root, 'docs/checks.md'), page)
  process.stderr.write('docs/checks.md is written\n')
}
