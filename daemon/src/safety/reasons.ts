/** An effect in one sentence, and the sentences of a verdict, the deciding ones first. */
import { LEVELS, type Effect, type Kind, type Scope } from './effect.ts'

const PLACES: Readonly<Record<Scope, string>> = {
  none: '', temp: 'a temporary folder', build: 'what a tool makes again', project: 'the project', vcs: "the project's history", sibling: 'a neighbour of the project', home: 'your home', system: 'the system', vital: 'a part that the system needs to start or to guard itself',
  startup: 'what runs by itself later', audit: 'records of what happened', secret: 'a credential', device: 'a device', container: 'a container', remote: 'another machine or service', main: 'what others share', unknown: 'a place that cannot be known beforehand',
}

const SENTENCES: Readonly<Record<Kind, (effect: Effect) => string>> = {
  'print': () => 'prints',
  'fs.read': ({ target }) => `reads ${target} itself, past its files`,
  'fs.write': ({ target, scope, amount }) => `writes ${amount === 'one' ? '' : 'many files in '}${at(target, scope)}`,
  'fs.delete': ({ target, scope, amount }) => `deletes ${amount === 'all' ? 'all of ' : ''}${at(target, scope)}`,
  'fs.perm': ({ target, scope }) => `changes who may use ${at(target, scope)}`,
  'fs.mount': ({ target }) => `mounts or unmounts ${target}`,
  'device': ({ target, amount }) => (amount === 'one' ? `reads or sets the device ${target}` : `overwrites the device ${target}`),
  'proc.kill': ({ target }) => `ends ${target || 'processes'}`,
  'proc.bomb': ({ target }) => `starts processes without end: ${target}`,
  'exec.project': ({ target }) => `runs code of the project${target === '' ? '' : `: ${target}`}`,
  'exec.remote': ({ target, scope }) => `runs code from the network${scope === 'vital' ? ' as root' : ''} that nobody has reviewed${target === '' ? '' : `: ${target}`}`,
  'exec.unknown': ({ target }) => `runs code that cannot be known beforehand${target === '' ? '' : `: ${target}`}`,
  'net.out': ({ target }) => `sends to the network: ${target}`,
  'net.listen': ({ target }) => `listens on the network${target === '' ? '' : `: ${target}`}`,
  'secret.read': ({ target }) => `shows a secret: ${target}`,
  'secret.send': ({ target }) => `lets a secret leave the machine: ${target}`,
  'remote.read': () => 'only looks',
  'remote.add': ({ target }) => `adds to a remote: ${target}`,
  'remote.write': ({ target, amount }) => `changes ${amount === 'all' ? 'everything of a kind' : 'something'} on another machine or service: ${target}`,
  'remote.destroy': ({ target, amount }) => `deletes ${amount === 'one' ? '' : 'a whole collection '}on another machine or service: ${target}`,
  'publish': ({ target }) => `publishes${target === '' ? '' : `: ${target}`}`,
  'vcs.local': () => 'changes the local repository',
  'vcs.lose': ({ target }) => `loses work that is not committed${target === '' ? '' : `: ${target}`}`,
  'vcs.history': () => 'rewrites or deletes history',
  'shell.state': () => 'changes only this shell',
  'deps': () => "installs the project's declared dependencies",
  'install': ({ target }) => `installs or removes software${target === '' ? '' : `: ${target}`}`,
  'config': ({ target, scope }) => `changes the configuration of ${scope === 'project' ? 'the project' : scope === 'system' ? 'the system' : 'the user'}${target === '' ? '' : `: ${target}`}`,
  'container': () => 'makes or removes containers or images that can be made again',
  'service': ({ target }) => `starts, stops or changes a service: ${target}`,
  'power': () => 'shuts the machine down, or starts it again',
  'privilege': ({ target }) => `gets more rights${target === '' ? '' : `: ${target}`}`,
  'persistence': ({ target }) => `stays: it will run by itself later: ${target}`,
  'backdoor': ({ target }) => `opens a way in: ${target}`,
  'security.off': ({ target }) => `switches a protection off: ${target}`,
  'audit.off': ({ target }) => `switches records off, or deletes them: ${target}`,
  'container.escape': ({ target }) => `reaches out of its container: ${target}`,
  'unknown': ({ target }) => `does something that is not known: ${target}`,
}

export function sentenceOf(effect: Effect): string {
  const { note, target, kind } = effect
  if (note === undefined) return SENTENCES[kind](effect).trim()
  return target !== '' && !note.includes(target) && target.length < 60 ? `${note} (${target})` : note
}

function at(target: string, scope: Scope): string {
  const place = PLACES[scope]
  return target === '' || target === '.' ? place : place === '' || scope === 'project' ? target : `${target} (${place})`
}

const REASONS_MAX = 6

export function reasonsOf(effects: readonly Effect[]): string[] {
  if (effects.every(({ level }) => level === 'safe')) return ['only reads or prints; nothing changes anywhere']
  const sorted = effects.filter(({ level }) => level !== 'safe').toSorted((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level))
  return [...new Set(sorted.map(sentenceOf))].slice(0, REASONS_MAX)
}
