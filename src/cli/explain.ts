/** `explain`: the page of a rule, or the list of all. */
import {ExitCode, explain, type Rule, rules, SifstageError} from '../index.js'
import {palette} from '../reports/palette.js'
import {ruleText} from '../reports/rule-page.js'
import {wrapped} from '../reports/wrap.js'
import type {Outcome} from './outcome.js'

/** Wider lines are hard to read. */
const WIDEST = 90

function ruleJson({name, severity, group, summary, why, bad, good, session}: Rule): object {
  return {name, severity, group, summary, why, bad, good, session}
}

/** @param width columns of standard output */
async function listed(colour: boolean, width: number): Promise<Outcome> {
  const all = await rules()
  const colours = palette(colour)
  const indent = '    '
  const lines = [...new Set(all.map(each => each.title))].flatMap(title => [
    colours.strong(title),
    ...all
      .filter(each => each.title === title)
      .flatMap(each => [
        `  ${colours[each.severity](each.name)}`,
        ...wrapped(each.summary, Math.min(width, WIDEST) - indent.length).map(line => `${indent}${line}`),
      ]),
    '',
  ])
  return {
    exitCode: ExitCode.done,
    document: {version: 1, rules: all.map(ruleJson)},
    text: `${lines.join('\n')}\n${all.length} rules. The page of one: sifstage explain RULE\n`,
    messages: '',
  }
}

/** @throws SifstageError (2) when no rule has the name */
export async function runExplain(name: string | undefined, colour: boolean, width: number): Promise<Outcome> {
  if (name === undefined) return listed(colour, width)
  const {rule, nearest} = await explain(name)
  if (rule === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `there is no rule ${name}`,
      nearest === undefined ? 'All rules: sifstage explain' : `Do you mean ${nearest}? sifstage explain ${nearest}`,
    )
  return {
    exitCode: ExitCode.done,
    document: {version: 1, rules: [ruleJson(rule)]},
    text: ruleText(rule, palette(colour), Math.min(width, WIDEST)),
    messages: '',
  }
}
