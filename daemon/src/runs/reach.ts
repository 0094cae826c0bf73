/** What a run may reach: what was asked for, as far as the settings allow; and the way there, for one launch. */
import type { Handed } from '@nexus/protocol/handed'
import type { Denial, Net } from '@nexus/protocol/network'
import { covers, parseNetRules, type NetRule } from '@nexus/protocol/net-rule'
import { Problem } from '@nexus/protocol/problem'
import type { EffectiveSettings } from '@nexus/protocol/settings'
import type { Key, Network, Opening } from '../network/network.ts'
import type { LaunchOrder } from '../sandbox/launch.ts'
import type { RunDetails } from './ledger.ts'

/** What a new run is asked with. Where the machine's settings have the last word, nobody is asked later. */
export function askedNet({ net, asks, handed }: { readonly net?: Net | undefined; readonly asks?: boolean | undefined; readonly handed?: Handed | undefined }, settings: Pick<EffectiveSettings, 'network' | 'secretFiles'>): { net: Net; asks: boolean; askable: boolean; masks: boolean | 'deny' } {
  const granted = netOf(net, settings)
  const keys = handed?.keys ?? []
  if (keys.length > 0) {
    if (granted === 'on') throw new Problem('bad-request', { what: "a key for one host goes with a network that is not the host's: leave --net on out" })
    netOf(keys.map(({ rule }) => rule), settings)
  }
  // What cannot leave need not be hidden; what can, is, unless a person says otherwise.
  const masks = settings.secretFiles === 'deny' ? 'deny' : settings.secretFiles === 'mask' || (settings.secretFiles === 'auto' && (granted !== 'off' || keys.length > 0))
  const askable = settings.network.ceiling === null
  return { net: granted, asks: asks === true && askable, askable, masks }
}

/** Presets spelled out. Throws Problem: bad-request, network-refused. */
function netOf(asked: Net | undefined, { network: { allow, ceiling } }: Pick<EffectiveSettings, 'network'>): Net {
  if (asked === 'off' || (asked === undefined && allow.length === 0)) return 'off'
  if (asked === 'on') {
    if (ceiling !== null) throw new Problem('network-refused', { what: "all of the host's network" })
    return 'on'
  }
  const rules = rulesOf(asked ?? allow)
  const most = ceiling === null ? null : rulesOf(ceiling)
  const beyond = most === null ? [] : rules.filter((rule) => !most.some((one) => covers(one, rule)))
  if (beyond.length > 0) throw new Problem('network-refused', { what: beyond.map(({ text }) => text).join(', ') })
  return rules.map(({ text }) => text)
}

export interface Reach {
  readonly order: Pick<LaunchOrder, 'net' | 'doors' | 'env' | 'mask'>
  readonly denials: () => Denial[]
}

export function reachOf(network: Network, net: Net | undefined, env: Readonly<Record<string, string>>, opening: Opening = {}): Reach {
  const hasKeys = opening.keys !== undefined && opening.keys.length > 0
  if (net === 'on' || (!hasKeys && (net === undefined || net === 'off'))) return { order: { net: net ?? 'off', env }, denials: () => [] }
  const access = network.open(net === undefined || net === 'off' ? [] : rulesOf(net), opening)
  return { order: { net: 'off', doors: access.doors, env: { ...env, ...access.env } }, denials: access.denials }
}

/** The network of a run in words: its own, and the hosts for which it has a key. */
export function reachedBy({ net = 'off' }: { readonly net?: Net | undefined }, keys: readonly Key[]): Net {
  return net === 'on' || keys.length === 0 ? net : [...(net === 'off' ? [] : net), ...keys.map(({ rule }) => rule.text)]
}

/** What was denied now, behind what was before; undefined where nothing was. */
export function moreDenials({ denials }: Pick<RunDetails, 'denials'>, reach: Pick<Reach, 'denials'>): Pick<RunDetails, 'denials'> | undefined {
  const more = reach.denials()
  return more.length === 0 ? undefined : { denials: [...(denials ?? []), ...more] }
}

/** Throws Problem `bad-request`. */
function rulesOf(words: Net & readonly string[]): readonly NetRule[] {
  const parsed = parseNetRules(words)
  if ('fault' in parsed) throw new Problem('bad-request', { what: `--net ${parsed.fault}` })
  return parsed.rules
}
