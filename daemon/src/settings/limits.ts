/** What is in force: the user's over the defaults, the machine's as a ceiling, a project's as far as it may. */
import type { Limits, SettingsFile } from '@nexus/protocol/settings'

type Given = NonNullable<SettingsFile['limits']>
type Name = keyof Given

/** The word in the file, the field of the result. */
const FIELDS = { memory: 'memoryBytes', processes: 'processes', cpus: 'cpus', time: 'timeMs', disk: 'diskBytes', files: 'files', output: 'outputBytes' } as const satisfies Record<Name, keyof Limits>
const NAMES = Object.keys(FIELDS) as Name[]

export interface Asked {
  readonly managed: Given | undefined
  readonly user: Given | undefined
  readonly project: Given | undefined
  readonly isTrusted: boolean
}

export interface Granted {
  readonly limits: Limits
  readonly refused: { readonly setting: string; readonly asked: string; readonly inForce: string }[]
}

export function grant(defaults: Limits, { managed, user, project, isTrusted }: Asked): Granted {
  const limits = { ...defaults }
  const refused: Granted['refused'] = []
  for (const name of NAMES) {
    const field = FIELDS[name]
    const own = user?.[name] === undefined ? defaults[field] : user[name]
    const ceiling = managed?.[name] ?? null
    const before = tighter(own, ceiling)
    const asked = project?.[name]
    limits[field] = asked === undefined ? before : tighter(isTrusted ? asked : tighter(asked, before), ceiling)
    if (asked !== undefined && limits[field] !== asked) refused.push({ setting: `limits.${name}`, asked: word(asked), inForce: word(limits[field]) })
  }
  return { limits, refused }
}

/** Off unless somebody says on; who may not loosen can still say off. */
export function grantNested({ managed, user, project, isTrusted }: Record<'managed' | 'user' | 'project', boolean | undefined> & { readonly isTrusted: boolean }): { nested: boolean; refused: Granted['refused'] } {
  const before = managed !== false && user === true
  const nested = project === undefined ? before : managed !== false && project && (isTrusted || before)
  const isRefused = project !== undefined && project !== nested
  return { nested, refused: isRefused ? [{ setting: 'sandbox.nested', asked: String(project), inForce: String(nested) }] : [] }
}

/** Null is no limit at all. */
function tighter(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}

function word(limit: number | null): string {
  return limit === null ? 'none' : String(limit)
}
