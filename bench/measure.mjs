// Times commands against each other: in turn, round by round, so that what else happens on the machine hits all alike.
import {spawnSync} from 'node:child_process'

/** Runs a command to its end; milliseconds. A command that fails is no measurement. */
function time({argv, cwd, env}) {
  const [file, ...args] = argv
  const start = process.hrtime.bigint()
  const {status, stderr, stdout, error} = spawnSync(file, args, {
    cwd,
    env: {...process.env, ...env},
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0) throw new Error(`${argv.join(' ')}\nended with ${error?.message ?? status}:\n${stderr}${stdout}`)
  return milliseconds
}

function summary(name, values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return {name, min: sorted[0], median, max: sorted.at(-1), runs: sorted.length}
}

/**
 * Measures commands in turn.
 * @param commands `{name, argv, cwd?, env?, before?}`; `before` makes ready and is not timed
 * @param warm whether a first round goes uncounted
 */
export function measure(commands, {rounds, warm}) {
  const values = new Map(commands.map(({name}) => [name, []]))
  for (let round = warm ? -1 : 0; round < rounds; round++) {
    for (const command of commands) {
      command.before?.()
      const taken = time(command)
      if (round >= 0) values.get(command.name).push(taken)
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return [...values].map(([name, list]) => summary(name, list))
}

function text(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
}

/** A Markdown table; each row against the first one. */
export function table(title, rows) {
  const lines = rows.map(({name, min, median, max, runs}) => {
    const against = `${(median / rows[0].median).toFixed(2)} ×`
    return `| ${[name, text(min), `**${text(median)}**`, text(max), against, runs].join(' | ')} |`
  })
  return [
    `### ${title}`,
    '',
    '| command | min | median | max | against the first | runs |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
    '',
  ].join('\n')
}
