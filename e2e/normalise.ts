/** Takes out of an answer what differs between two machines or two moments, so that the rest can be compared whole. */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

export interface Volatile {
  /** The test's own folder, `<base>` in the result. */
  readonly base: string
  readonly uid: number
  readonly gid: number
}

/** Members that are numbers of this moment or this machine. */
const MOMENT = /(At|Ms)$|^(pid|rssBytes|maxRssBytes|head|seq|freedBytes|freeBytes|bytes)$/
/** Shares of a processor's time, which come in microseconds. */
const SHARE = /^(userMs|systemMs)$/
/** Members whose value is a hash over something volatile. */
const HASH = /^(hash|payloadHash|digest)$/
/** What the machine can isolate: golden files must be the same as root and as a user, on every kernel. */
const MACHINE = /^(walls|strength|backend|launcher|build|cause|fix|notes|probes|chosen|sandbox|socket|url)$/

export function normalise(value: Json, { base, uid, gid }: Volatile): Json {
  const runs = new Map<string, string>()
  return visit(value, '')

  function visit(one: Json, name: string): Json {
    if (Array.isArray(one)) return MACHINE.test(name) ? `<${name}>` : one.map((element) => visit(element, name))
    if (typeof one === 'object' && one !== null) {
      return MACHINE.test(name) ? `<${name}>` : Object.fromEntries(Object.keys(one).sort().map((key) => [key, visit(one[key] ?? null, key)]))
    }
    if (one === null) return MACHINE.test(name) ? `<${name}>` : null
    if (typeof one === 'number') return number(one, name)
    if (typeof one === 'string') return text(one, name)
    return one
  }

  function number(one: number, name: string): Json {
    if (name === 'uid' && one === uid) return '<own>'
    if (name === 'gid' && one === gid) return '<own>'
    if (SHARE.test(name)) return '<number>'
    return MOMENT.test(name) ? (Number.isInteger(one) ? '<integer>' : '<not an integer>') : one
  }

  function text(one: string, name: string): string {
    if (HASH.test(name) || MACHINE.test(name)) return `<${name}>`
    if (name === 'mtimeNs') return /^\d+$/.test(one) ? '<nanoseconds>' : one
    return one.replaceAll(base, '<base>').replace(/\bv[a-z2-7]{12}\b/g, '<verification>').replace(/\br[a-z2-7]{12}\b/g, (id) => {
      if (!runs.has(id)) runs.set(id, `<run ${runs.size + 1}>`)
      return runs.get(id) ?? id
    })
  }
}
