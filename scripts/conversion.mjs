// Prints docs/conversion.md: what a conversion carries over, from the registries of the writers themselves.
//
//   npm run docs        writes it anew, after a build
//
// A test compares the file with what this makes, so that the page cannot go stale.
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const cell = text => text.replaceAll('|', '\\|')

/** @param grades rows as `GradedPart` of src/model/grade.ts @param rules by name, as `ConversionRule` */
function direction({title, intro, part, grades, rules}) {
  const rows = grades.map(
    each =>
      `| ${cell(each.part)} | ${cell(each.form)} | ${each.grade} | ${cell(each.how)} | ${(each.rules ?? []).map(name => `\`${name}\``).join(' ')} |`,
  )
  const ruleRows = Object.entries(rules)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, rule]) => `| \`${name}\` | ${rule.grade} | ${cell(rule.why)} | ${cell(rule.instead)} |`)
  return `## ${title}

${intro}

| ${part} | form | grade | what it becomes | rules |
|---|---|---|---|---|
${rows.join('\n')}

| rule | grade | why | what to do |
|---|---|---|---|
${ruleRows.join('\n')}
`
}

export function conversionPage(directions) {
  return `# What a conversion carries over

<!-- Made by npm run docs from the registries of the writers. Do not edit. -->

A conversion keeps the meaning, not the looks. Every part of a language has a grade:

- **exact**: said as it stands.
- **exact with extra steps**: the same image, by steps that a person might not have written.
- **approximate**: the other side has no notion of it at run time. A warning; \`--strict\` refuses it.
- **refused**: files, environment, command or labels would come out different. Exit code 3 and nothing is written,
  unless \`--allow RULE\` says that it may.

${directions.map(direction).join('\n')}`
}

export const toDefinition = {
  title: 'Dockerfile or YAML to definition file',
  intro: 'Tried with Apptainer 1.4.5 against BuildKit, case by case: test/conformance/to-def.',
  part: 'instruction',
}

export const toDockerfile = {
  title: 'Definition file to Dockerfile',
  intro: 'Tried with BuildKit against Apptainer 1.4.5, case by case: test/conformance/to-docker.',
  part: 'section',
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const load = async folder => ({
    ...(await import(join(root, 'dist/formats', folder, 'grades.js'))),
    ...(await import(join(root, 'dist/formats', folder, 'rules.js'))),
  })
  const page = conversionPage([
    {...toDefinition, ...(await load('deffile'))},
    {...toDockerfile, ...(await load('dockerfile'))},
  ])
  writeFileSync(join(root, 'docs/conversion.md'), page)
  process.stderr.write('docs/conversion.md is written\n')
}
