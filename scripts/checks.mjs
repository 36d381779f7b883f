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
function block(text, language) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(match => match[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.replace(/\n+$/, '')}\n${fence}`
}

/** One rule: what, why, and an example of each kind. */
function rulePart({name, severity, summary, why, bad = [], good = [], session}) {
  const example = (title, [first]) => (first === undefined ? [] : [`${title}\n\n${block(first.text, languages[first.format])}`])
  const typed = (title, text) => (text === undefined ? [] : [`${title}\n\n${block(text, 'console')}`])
  return [
    `### ${name}`,
    `*${severity}.* ${summary}`,
    why,
    ...example('Found in:', bad),
    ...example('Not in:', good),
    ...typed('Seen as:', session?.bad),
    ...typed('Not with:', session?.good),
  ].join('\n\n')
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

const intros = {
  Artifacts: 'Judged by `build` and `verify` in the image that a stage made, before a later stage copies from it.',
  Conversions: 'Reported by `convert`. [What a conversion carries over](conversion.md) has them by instruction and section.',
}

/** @param rules all, as src/library/rules.ts gathers them @param groups as in src/checks/index.ts @param rate test/checks/rate.json */
export function checksPage({rules, groups, rate}) {
  const titles = [...new Set(rules.map(each => each.title))]
  const sections = titles.map(title => ({
    title,
    intro: intros[title] ?? groups.find(each => each.title === title)?.intro,
    rules: rules.filter(each => each.title === title),
  }))
  const severities = new Map(sections.flatMap(({rules}) => rules.map(each => [each.name, each.severity])))
  const count = [...severities].length
  return `# Rules

<!-- Made by npm run docs from the registries of the rules. Do not edit. -->

${count} rules, by the names that findings end in: \`sifstage explain RULE\` prints the page of one. \`sifstage check INPUT\` reports
those on the text of an input; \`plan\` leaves out remarks on style and practice, and the other commands report what must not be
wrong whatever is done with the input, and what their own sections below say.

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
  const [{groups}, {allRules}] = await Promise.all([load('checks/index.js'), load('library/rules.js')])
  const rate = JSON.parse(readFileSync(join(root, 'test/checks/rate.json'), 'utf8'))
  const page = checksPage({rules: await allRules(), groups, rate})
  writeFileSync(join(root, 'docs/checks.md'), page)
  process.stderr.write('docs/checks.md is written\n')
}
