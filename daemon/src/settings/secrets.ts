/** Which variables go into every run, and whether files like .env are seen. */
import type { EffectiveSettings, SettingsFile } from '@nexus/protocol/settings'

type Files = EffectiveSettings['secretFiles']
interface Asked<Value> {
  readonly managed: Value | undefined
  readonly user: Value | undefined
  readonly project: Value | undefined
  readonly isTrusted: boolean
}

/** A project only names some once it is trusted: it would otherwise choose which of a person's variables its scripts see. */
export function grantEnvironment({ managed, user = [], project = [], isTrusted }: Asked<NonNullable<SettingsFile['environment']>>): { environment: string[]; refused: EffectiveSettings['refused'] } {
  const wanted = [...new Set([...user, ...(isTrusted ? project : [])])]
  const environment = managed === undefined ? wanted : wanted.filter((name) => managed.includes(name))
  const missing = project.filter((name) => !environment.includes(name))
  return { environment, refused: missing.length === 0 ? [] : [{ setting: 'environment', asked: missing.join(', '), inForce: environment.join(', ') || 'none' }] }
}

/** From loose to tight. */
const ORDER: readonly Files[] = ['show', 'auto', 'mask', 'deny']

export function grantSecretFiles({ managed, user, project, isTrusted }: Asked<Files>): { secretFiles: Files; refused: EffectiveSettings['refused'] } {
  const tighter = (a: Files, b: Files) => (ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b)
  const before = tighter(user ?? 'auto', managed ?? 'show')
  const secretFiles = project === undefined ? before : tighter(isTrusted ? project : tighter(project, before), managed ?? 'show')
  return { secretFiles, refused: project !== undefined && project !== secretFiles ? [{ setting: 'secrets.files', asked: project, inForce: secretFiles }] : [] }
}
