/** `nexus status`: answers without starting a daemon. */
import { existsSync } from 'node:fs'
import { VERSION } from '../build.ts'
import type { Invocation } from '../command.ts'
import { Problem } from '@nexus/protocol/problem'
import { portLine } from '../publishing.ts'
import { bytes, day, duration, plural } from '@nexus/protocol/words'
import type { Status } from '@nexus/protocol/system'

export async function run(invocation: Invocation): Promise<number> {
  const { json, print, theme } = invocation
  const status = await look(invocation)
  if (json) {
    print(JSON.stringify(status ? { running: true, ...status } : { running: false, version: VERSION, home: invocation.home.state }))
    return 0
  }
  if (!status) {
    print(`the daemon is not running ${theme.dim('— the next command starts it, or: nexus daemon start')}`)
    return 0
  }
  const { sandbox, runs } = status
  print(`${status.killed ? theme.bad('■ killed: nothing runs until `nexus kill --release`') : theme.good('● running')}  nexus ${status.version} ${theme.dim(`pid ${status.pid}, up ${duration(status.uptimeMs)}, ${bytes(status.rssBytes)}`)}`)
  print(`  sandbox  ${sandbox ? strengthWord(sandbox.strength, theme) + theme.dim(` (${sandbox.backend}, ${sandbox.launcher})`) : theme.bad('none works here: nexus doctor')}`)
  print(`  runs     ${runs.running} running, ${runs.waiting} waiting for a person, ${plural(runs.kept, 'kept change set')}`)
  for (const port of status.ports) print(`  port     ${portLine(port, theme, port.run)}`)
  if (status.disk.full) print(`  disk     ${theme.bad(`full: ${bytes(status.disk.freeBytes)} free`)} ${theme.dim('— nothing new is begun; free some space, or: nexus gc, nexus discard RUN')}`)
  if (status.soon.firstAt !== null) print(`  soon     ${theme.careful(leaving(status.soon))} ${theme.dim('— nexus gc --dry-run lists them, nexus pin RUN keeps one')}`)
  print(`  state    ${status.home}`)
  print(`  address  ${status.socket}${status.url ? `, ${status.url}` : ''}`)
  return 0
}

function leaving({ layers, backups, firstAt }: Status['soon']): string {
  const what = [...(layers > 0 ? [plural(layers, 'layer')] : []), ...(backups > 0 ? [`the way back of ${plural(backups, 'applied run')}`] : [])]
  return `${what.join(' and ')} will be deleted, from ${day(firstAt ?? 0)} on`
}

function strengthWord(strength: 'full' | 'reduced' | 'weak', theme: Invocation['theme']): string {
  return strength === 'full' ? theme.good('full') : theme.careful(strength)
}

async function look({ clientOfRunning, home }: Invocation): Promise<Status | undefined> {
  // Without its socket no daemon can answer: no need to ask.
  if (!existsSync(home.socket)) return undefined
  try {
    return await clientOfRunning.system.status.query()
  } catch (error) {
    if (error instanceof Problem && error.code === 'daemon-unreachable') return undefined
    throw error
  }
}
