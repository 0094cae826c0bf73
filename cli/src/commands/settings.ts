/** `nexus settings [trust|distrust]` */
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import { safe } from '@nexus/protocol/readable'
import type { EffectiveSettings, Limits } from '@nexus/protocol/settings'
import { bytes, duration } from '@nexus/protocol/words'
import { text, type Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, cwd } = invocation
  const project = text(invocation, 'project')
  const place = { cwd, ...(project === undefined ? {} : { project }) }
  const [verb] = words
  if (verb !== undefined && verb !== 'trust' && verb !== 'distrust') throw new Problem('usage', { what: `nexus settings takes trust or distrust, not ${verb}`, topic: 'settings' })
  const settings = verb === undefined ? await client.settings.show.query(place) : await client.settings.trust.mutate({ ...place, trusted: verb === 'trust' })
  if (json) print(JSON.stringify(settings))
  else show(invocation, settings)
  return settings.faults.length > 0 ? EXIT.usage : EXIT.ok
}

function show({ print, tell, theme, errorTheme }: Invocation, { project, limits, nestedSandboxes, network, environment, secretFiles, sources, faults, refused }: EffectiveSettings): void {
  print(`${theme.strong('settings')} in ${safe(project)}`)
  for (const [name, value] of rows(limits)) print(`  ${name.padEnd(10)} ${value}`)
  print(`  ${'nested'.padEnd(10)} ${nestedSandboxes ? theme.careful('commands may make user namespaces') : 'no user namespaces inside'}`)
  print(`  ${'network'.padEnd(10)} ${network.allow.length === 0 ? 'nothing, unless --net says so' : network.allow.join(', ')}${network.ceiling === null ? '' : theme.careful(` (at most ${network.ceiling.join(', ') || 'nothing'})`)}`)
  print(`  ${'variables'.padEnd(10)} ${environment.length === 0 ? 'none of yours' : environment.map(safe).join(', ')}`)
  print(`  ${'.env files'.padEnd(10)} ${{ show: 'as they are', mask: 'empty inside', deny: 'not to be opened inside', auto: 'empty inside as soon as a run reaches a network' }[secretFiles]}`)
  for (const { kind, path, found, trusted } of sources) {
    const trust = kind === 'project' && found ? (trusted ? ', trusted' : ', may only tighten: nexus settings trust') : ''
    print(theme.dim(`  ${kind.padEnd(10)} ${safe(path)}${found ? '' : ' (not there)'}${trust}`))
  }
  for (const { setting, asked, inForce } of refused) tell(errorTheme.careful(safe(`${setting}: the project asks for ${asked}; ${inForce} is in force`)))
  for (const { path, line, column, what } of faults) tell(errorTheme.bad(safe(`${path}:${line}:${column}: ${what}`)))
  if (faults.length > 0) tell('what the file said before stays in force')
}

function rows({ memoryBytes, processes, cpus, timeMs, diskBytes, files, outputBytes }: Limits): [string, string][] {
  const or = (value: number | null, words: (amount: number) => string) => (value === null ? 'no limit' : words(value))
  return [
    ['memory', or(memoryBytes, bytes)], ['processes', or(processes, String)], ['cpus', or(cpus, String)],
    ['time', or(timeMs, duration)], ['disk', or(diskBytes, bytes)], ['files', or(files, String)], ['output', or(outputBytes, bytes)],
  ]
}
