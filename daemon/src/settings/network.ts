/** What runs may reach when they do not say, and what none of them passes. */
import { covers, isPersonal, parseNetRules, type NetRule } from '@nexus/protocol/net-rule'
import type { EffectiveSettings, SettingsFile } from '@nexus/protocol/settings'

type Given = NonNullable<SettingsFile['network']>

export interface AskedNetwork {
  readonly managed: Given | undefined
  readonly user: Given | undefined
  readonly project: Given | undefined
  readonly isTrusted: boolean
}

export function grantNetwork({ managed, user, project, isTrusted }: AskedNetwork): { network: EffectiveSettings['network']; refused: EffectiveSettings['refused'] } {
  const ceiling = managed?.allow && rulesOf(managed.allow)
  const own = rulesOf(user?.allow ?? [])
  const asked = project?.allow && rulesOf(project.allow)
  // An address of this machine or its network is a person's to list, whoever is trusted.
  const wanted = asked === undefined ? own : isTrusted ? [...own, ...asked.filter((rule) => !isPersonal(rule))] : own.filter((rule) => isWithin(asked, rule))
  const allow = distinct(wanted).filter((rule) => ceiling === undefined || isWithin(ceiling, rule))
  const missing = (asked ?? []).filter((rule) => !isWithin(allow, rule))
  return {
    network: { allow: allow.map(({ text }) => text), ceiling: ceiling ? ceiling.map(({ text }) => text) : null },
    refused: missing.length === 0 ? [] : [{ setting: 'network.allow', asked: missing.map(({ text }) => text).join(', '), inForce: allow.map(({ text }) => text).join(', ') || 'none' }],
  }
}

function isWithin(outer: readonly NetRule[], rule: NetRule): boolean {
  return outer.some((one) => covers(one, rule))
}

/** A settings file was checked word by word when it was read. */
function rulesOf(words: readonly string[]): readonly NetRule[] {
  const parsed = parseNetRules(words)
  return 'rules' in parsed ? parsed.rules : []
}

function distinct(rules: readonly NetRule[]): NetRule[] {
  return [...new Map(rules.map((rule) => [rule.text, rule])).values()]
}
