/** Sets the scene for one command in one layer. */
import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isInside } from '../base/project.ts'
import { cacheBinds, makeCaches } from './caches.ts'
import { externalGitFolders } from './git-folder.ts'
import type { LaunchOrder } from './launch.ts'
import type { Layer } from './layer.ts'
import { machineSecrets } from './machine-secrets.ts'
import { aliasesOf, mountsBelow, mountTable } from './mount-table.ts'
import type { Masks } from './masks.ts'
import type { Scene } from './scene.ts'
import { silentPlaces, withMounts } from './silent.ts'
import { credentialsIn, placesIn, toolchainsIn } from './toolchains.ts'

export interface Stage {
  readonly state: string
  readonly userHome: string
  readonly hidden: readonly string[]
  /** What of the machine is covered; left out where a test looks at something else. */
  readonly masks?: Pick<Masks, 'paths'>
}

export function sceneOf(stage: Stage, layer: Layer, order: LaunchOrder): Scene {
  const { folder, project } = layer
  const home = homeIn(stage, layer, order)
  const table = mountTable()
  const tools = home ? toolchainsIn(order.env.PATH ?? '', home.path, project) : []
  const visible = [...mountsBelow(project, table), ...externalGitFolders(project), ...tools]
    .filter((path) => !isInside(path, stage.state) && (!home || hasRoom(home, path)))
  const silent = withMounts(visible, table)
  const shown = [...new Set([...visible, ...silent])]
  const hide = outermost([...hiddenIn(stage, layer, order, shown), ...credentialsIn(tools)])
  return {
    folder, project,
    ground: layer.backend === 'copy' ? { backend: 'copy', tree: layer.upper } : { backend: 'overlay', upper: layer.upper, work: join(folder, 'work'), parents: layer.parents, xattrs: layer.xattrs },
    ...(home ? { home } : {}),
    tmpFrom: join(folder, 'tmp'),
    vartmpFrom: join(folder, 'vartmp'),
    readonly: shown,
    silent: [...silentPlaces((path) => isCovered(path) || [...hide, project, ...(home ? [home.path] : [])].some((place) => isInside(path, place)), { covers: process.geteuid?.() === 0, table }), ...silent],
    binds: home ? [...secondHome(home), ...cachesIn(stage, project, home)] : [],
    hide,
    mask: outside(order.mask, hide),
    deny: outside(order.deny, hide),
  }
}

/** What lies in a hidden folder is hidden with it. */
function outside(paths: readonly string[] | undefined, hidden: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !hidden.some((other) => isInside(path, other)))
}

type PrivateHome = NonNullable<Scene['home']>

/** Undefined where a private home would cover what must stay visible, or where there is no home at all. */
function homeIn({ userHome }: Stage, { project, folder }: Layer, { home }: LaunchOrder): PrivateHome | undefined {
  if (userHome === '/' || isInside(userHome, project)) return undefined
  return statSync(userHome, { throwIfNoEntry: false })?.isDirectory() ? { path: userHome, from: home ?? join(folder, 'home') } : undefined
}

/** A home that is a link (/home/ann -> /data/ann) must be private under both names: projects are known by the real one. */
function secondHome({ path, from }: PrivateHome): { from: string; to: string }[] {
  const real = realpathSync(path)
  return real === path ? [] : [{ from, to: real }]
}

function cachesIn({ state }: Stage, project: string, home: PrivateHome): { from: string; to: string }[] {
  const caches = cacheBinds(state, project, home.path).filter(({ to }) => hasRoom(home, to))
  makeCaches(caches)
  return caches
}

/** May something be mounted there? Not where, below the home, an earlier run left a link or a file in the way: then it is left out. */
function hasRoom(home: PrivateHome, path: string): boolean {
  if (!isInside(path, home.path)) return true
  const names = relative(home.path, path).split('/')
  return names.every((_, at) => lstatSync(join(home.from, ...names.slice(0, at + 1)), { throwIfNoEntry: false })?.isDirectory() ?? true)
}

function hiddenIn(stage: Stage, layer: Layer, order: LaunchOrder, shown: readonly string[]): string[] {
  const { project } = layer
  const named = [stage.state, ...stage.hidden, ...machineSecrets(), ...maskedIn(stage, layer, order, shown)].filter((path) => !isInside(project, path))
  // What is private or empty inside must not be found under a second name.
  const again = aliasesOf([...named, ...OTHERS, stage.userHome]).filter((path) => ![project, stage.userHome].some((place) => isInside(place, path) || isInside(path, place)) && !isCovered(path))
  return outermost([...named, ...again, ...stagingIn(project)])
}

/** What lies in a hidden folder is hidden with it. */
function outermost(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)]
  return unique.filter((path) => !unique.some((other) => other !== path && isInside(path, other)))
}

/** Private and empty inside, whatever the host has there; the project is an overlay, through which no socket answers. */
const COVERED = ['/proc', '/sys', '/dev', '/run', '/var/run', '/tmp', '/var/tmp', '/home', '/root'] as const
/** Each costs a mount. */
const MASKS_MAX = 700
const OTHERS = ['/run', '/tmp', '/var/tmp', '/home', '/root'] as const

function isCovered(path: string): boolean {
  return COVERED.some((place) => isInside(path, place))
}

function maskedIn({ masks, state, userHome }: Stage, { project, folder }: Layer, { env }: LaunchOrder, shown: readonly string[]): string[] {
  // `/` or `/opt` belong to no tool: to keep what lies in there visible would keep everything.
  const programs = placesIn(env.PATH ?? '').filter((entry) => entry.lastIndexOf('/') > 0)
  const found = masks?.paths([folder, ...programs.map(whole)]) ?? []
  // What is out of sight anyway must not take the place of what is not.
  return found.filter((path) => {
    if (shown.some((place) => isInside(path, place))) return true
    return !isCovered(path) && ![state, userHome, project].some((place) => isInside(path, place)) && !isInside(userHome, path)
  }).slice(0, MASKS_MAX)
}

/** A PATH entry belongs to a tool that may need what lies beside it: /opt/tool/bin and /opt/tool/lib. */
function whole(entry: string): string {
  return /^\/(?!(usr|etc|var|home|root|tmp|run)\/)[^/]+\/[^/]+(?=\/)/.exec(entry)?.[0] ?? entry
}

/** What an apply prepares in the project root is not the project's. */
function stagingIn(project: string): string[] {
  return readdirSync(project).filter((name) => name.startsWith('.nexus-stage-')).map((name) => join(project, name))
}
