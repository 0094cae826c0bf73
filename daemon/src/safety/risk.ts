/**
 * The table that turns an effect into a level: kind x scope, with the amount where it matters (`project.all`). The most
 * exact row wins: `scope.amount`, then `scope`, then `else`.
 */
import type { Amount, Deed, Kind, Level, Scope } from './effect.ts'

type Row = { readonly [Place in Scope | `${Scope}.${Amount}`]?: Level } & { readonly else: Level }

const RISK: Readonly<Record<Kind, Row>> = {
  'print': { else: 'safe' },
  'fs.read': { else: 'safe', device: 'dangerous' },
  'fs.write': { else: 'dangerous', none: 'caution', temp: 'caution', build: 'caution', project: 'caution', container: 'caution', vital: 'critical', device: 'critical', vcs: 'dangerous', audit: 'critical', 'home.all': 'critical', 'system.all': 'critical' },
  'fs.delete': {
    else: 'dangerous', none: 'caution', temp: 'caution', 'temp.all': 'dangerous', build: 'caution', 'project.one': 'caution', 'project.all': 'critical', vcs: 'critical', 'vcs.one': 'dangerous', 'home.all': 'critical', 'system.all': 'critical',
    vital: 'critical', audit: 'critical', startup: 'dangerous', device: 'critical', 'secret.many': 'critical', container: 'caution', 'container.all': 'dangerous', 'remote.all': 'critical', 'sibling.all': 'critical', 'main.all': 'critical',
  },
  'fs.perm': { else: 'dangerous', none: 'caution', temp: 'caution', build: 'caution', project: 'caution', container: 'caution', vital: 'critical', 'home.all': 'critical', 'system.all': 'critical', 'vcs': 'caution' },
  'fs.mount': { else: 'dangerous' },
  'device': { else: 'critical', 'device.one': 'dangerous' },
  'proc.kill': { else: 'dangerous', 'none.one': 'caution', 'none.all': 'critical', 'vital': 'critical', 'container': 'caution' },
  'proc.bomb': { else: 'critical' },
  'exec.project': { else: 'caution' },
  'exec.remote': { else: 'dangerous', vital: 'critical' },
  'exec.unknown': { else: 'dangerous' },
  'net.out': { else: 'dangerous', none: 'caution' },
  'net.listen': { else: 'dangerous', none: 'caution' },
  'secret.read': { else: 'dangerous', 'vital': 'dangerous', 'secret.all': 'critical' },
  'secret.send': { else: 'critical' },
  'remote.read': { else: 'safe' },
  'remote.add': { else: 'caution' },
  'remote.write': { else: 'dangerous', none: 'caution', main: 'critical', 'remote.all': 'critical' },
  'remote.destroy': { else: 'dangerous', 'remote.all': 'critical', 'remote.many': 'critical', main: 'critical', none: 'caution', container: 'caution', 'container.all': 'dangerous' },
  'publish': { else: 'dangerous' },
  'vcs.local': { else: 'caution' },
  'vcs.lose': { else: 'dangerous' },
  'vcs.history': { else: 'critical' },
  'shell.state': { else: 'caution' },
  'deps': { else: 'caution' },
  'install': { else: 'dangerous', 'vital': 'critical' },
  'config': { else: 'dangerous', project: 'caution', vital: 'critical' },
  'container': { else: 'caution' },
  'service': { else: 'dangerous', vital: 'critical' },
  'power': { else: 'dangerous' },
  'privilege': { else: 'dangerous', none: 'caution' },
  'persistence': { else: 'dangerous', vital: 'critical' },
  'backdoor': { else: 'critical' },
  'security.off': { else: 'critical' },
  'audit.off': { else: 'critical' },
  'container.escape': { else: 'critical' },
  'unknown': { else: 'dangerous', none: 'caution' },
}

export function levelOf({ kind, scope, amount }: Deed, table: Readonly<Record<Kind, Row>> = RISK): Level {
  const row = table[kind]
  return row[`${scope}.${amount}`] ?? row[scope] ?? row.else
}

/** Can it be taken back? Yes: by one ordinary command or by leaving the layer; effort: from version control, a backup, by building again. */
export function reversibilityOf({ kind, scope }: Deed): 'yes' | 'effort' | 'no' {
  if (LOST.has(kind)) return 'no'
  if (kind === 'fs.delete') return scope === 'build' || scope === 'temp' || scope === 'container' ? 'effort' : 'no'
  return EFFORT.has(kind) ? 'effort' : 'yes'
}

const LOST = new Set<Kind>(['device', 'remote.destroy', 'publish', 'vcs.lose', 'vcs.history', 'secret.read', 'secret.send', 'exec.remote', 'exec.unknown', 'backdoor', 'audit.off', 'container.escape', 'unknown', 'net.out'])
const EFFORT = new Set<Kind>(['fs.write', 'fs.perm', 'remote.write', 'install', 'config', 'service', 'persistence', 'security.off', 'proc.kill', 'power', 'exec.project'])
