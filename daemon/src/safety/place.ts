/** Where a path lies: the scope that the table of risks knows. Only the text of the path is looked at, never the disk. */
import type { Scope } from './effect.ts'
import { AUDIT, BUILD_FILES, BUILD_FOLDERS, DEVICES_WITHOUT_HARM, HOME_FOLDERS, PRECIOUS_SYSTEM, SECRETS, NO_SECRETS, STARTUP, SYSTEM_ROOTS, TEMP, VITAL, WHOLE_DISK } from './places-of-note.ts'
import { ANYTHING, GLOB, isKnown } from './text.ts'

/** Where a command stands. */
export interface Ground {
  readonly project: string
  readonly home: string
}

export interface Place {
  readonly path: string
  readonly scope: Scope
  /** The scope itself, or a well-known part of it, and not something inside. */
  readonly isWhole: boolean
  /** A credential lies there. */
  readonly isSecret: boolean
}

export function placeOf(path: string, ground: Ground): Place {
  const whole = withoutTrailingGlob(path)
  const scope = scopeOf(path, whole, ground)
  return { path, scope, isWhole: isWhole(whole, path, scope, ground), isSecret: holdsSecret(path) }
}

/** Absolute, without `.` and `..`; an unknown beginning stays in front. */
export function absolute(text: string, cwd: string, home: string): string {
  const slashed = fromWindows(text, home)
  const full = slashed.startsWith('/') ? slashed : startsUnknown(slashed) ? slashed : `${cwd}/${slashed}`
  const parts: string[] = []
  for (const part of full.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') { if (parts.at(-1)?.includes(ANYTHING) !== true) parts.pop() }
    else parts.push(part)
  }
  return startsUnknown(full) ? parts.join('/') : `/${parts.join('/')}`
}

export function holdsSecret(path: string): boolean {
  return SECRETS.test(path) && !NO_SECRETS.test(path)
}

/** `C:\` is the root; what stands in a profile lies at home; the rest of Windows has names of its own. */
function fromWindows(text: string, home: string): string {
  if (!/^([A-Za-z]:|\\\\)/.test(text) && !text.includes('\\')) return text
  // `\\?\C:\x` is C:\x, without the checks.
  const path = text.replaceAll('\\', '/').replace(/^\/\/[?.\uE004]\/(?=[A-Za-z]:)/, '')
  const inside = /^[A-Za-z]:(.*)$/.exec(path)?.[1]
  if (inside === undefined) return path
  const user = /^\/users\/(?!public\b|all users\b)[^/]+(.*)$/i.exec(inside)
  if (user) return `${home}${user[1] ?? ''}`
  return inside.startsWith('/') || inside === '' ? `/${inside.replace(/^\/+/, '').replace(/^(windows|program files( \(x86\))?|programdata|users)(?=\/|$)/i, (word) => word.toLowerCase())}` : inside
}

function startsUnknown(text: string): boolean {
  return !isKnown(text.slice(0, 1))
}

/** `X/*` stands for X. */
function withoutTrailingGlob(path: string): string {
  return path.replace(new RegExp(`(/\\.?${GLOB}+(\\.${GLOB}+)?)+$`), '') || '/'
}

function scopeOf(path: string, whole: string, { project, home }: Ground): Scope {
  if (startsUnknown(path) && !path.startsWith('/')) return 'unknown'
  if (path.startsWith('/dev/') || path === '/dev') return deviceScope(path)
  if (/^\/proc\/(self|\d+|[\uE000-\uE00F]+)\/(environ|fd|maps|status|cmdline)/.test(path)) return 'system'
  // A project or a home may itself lie in a temporary folder; it is no less of one.
  if (TEMP.test(path) && !isInside(whole, project) && !isInside(whole, home)) return 'temp'
  if (isInside(path, project)) return insideProject(path.slice(project.length))
  if (STARTUP.test(path)) return 'startup'
  if (AUDIT.test(path)) return 'audit'
  if (isInside(whole, home)) return isInside(whole, parentOf(project)) && isInside(parentOf(project), home) && parentOf(project) !== home ? 'sibling' : isSibling(whole, project, home) ? 'sibling' : 'home'
  if (VITAL.test(path)) return 'vital'
  return isInside(home, whole) && whole !== '/' ? 'home' : 'system'
}

function deviceScope(path: string): Scope {
  if (DEVICES_WITHOUT_HARM.test(path)) return 'none'
  return path.startsWith('/dev/shm/') ? 'temp' : 'device'
}

/** A neighbour of a project that lies directly in the home. */
function isSibling(path: string, project: string, home: string): boolean {
  if (parentOf(project) !== home) return false
  const name = path.slice(home.length + 1).split('/')[0] ?? ''
  return name !== '' && !name.startsWith('.') && !HOME_FOLDERS.test(name) && !name.includes(GLOB) && !name.includes(ANYTHING)
}

function insideProject(inside: string): Scope {
  const parts = inside.split('/').filter((part) => part !== '')
  if (parts.includes('.git')) return 'vcs'
  if (parts.some((part) => BUILD_FOLDERS.test(part))) return 'build'
  return BUILD_FILES.test(parts.at(-1) ?? '') ? 'build' : 'project'
}

function isWhole(whole: string, path: string, scope: Scope, { project, home }: Ground): boolean {
  if (scope === 'project') return whole === project && (path === project || path.endsWith(`/.${GLOB}`))
  if (scope === 'sibling') return isInside(project, whole)
  if (scope === 'temp') return /^(\/private)?(\/var)?\/tmp$/.test(whole)
  if (scope === 'home') return isInside(home, whole) || HOME_FOLDERS.test(whole.slice(home.length + 1))
  if (scope === 'system' && new RegExp(`^/[^/]*${GLOB}[^/]*$`).test(path)) return true
  if (scope === 'system') return WHOLE_DISK.test(whole) || SYSTEM_ROOTS.test(whole) || PRECIOUS_SYSTEM.test(whole) || isInside(home, whole) || isInside(project, whole)
  return false
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '/'
}

export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
