/** Sets the scene for one command in one layer. */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isInside } from '../base/project.ts'
import { cacheBinds } from './caches.ts'
import type { LaunchOrder } from './launch.ts'
import type { Layer } from './layer.ts'
import { mountsBelow } from './mounts-below.ts'
import type { Scene } from './scene.ts'
import { toolchainsIn } from './toolchains.ts'

export interface Stage {
  readonly state: string
  readonly userHome: string
  readonly hidden: readonly string[]
}

export function sceneOf(stage: Stage, layer: Layer, order: LaunchOrder): Scene {
  const { folder, project } = layer
  const home = homeIn(stage, project)
  return {
    project,
    ground: layer.backend === 'copy' ? { backend: 'copy', tree: layer.upper } : { backend: 'overlay', upper: layer.upper, work: join(folder, 'work'), parents: layer.parents, xattrs: layer.xattrs },
    ...(home === undefined ? {} : { home: { path: home, from: join(folder, 'home') } }),
    tmpFrom: join(folder, 'tmp'),
    vartmpFrom: join(folder, 'vartmp'),
    readonly: [...mountsBelow(project), ...(home === undefined ? [] : toolchainsIn(order.env.PATH ?? '', home, project))].filter((path) => !isInside(path, stage.state)),
    binds: home === undefined ? [] : [...secondHome(home, join(folder, 'home')), ...cacheBinds(stage.state, project, home)],
    hide: [stage.state, ...stage.hidden, ...stagingIn(project)],
  }
}

/** Undefined where a private home would cover what must stay visible, or where there is no home at all. */
function homeIn({ userHome }: Stage, project: string): string | undefined {
  if (userHome === '/' || isInside(userHome, project)) return undefined
  return statSync(userHome, { throwIfNoEntry: false })?.isDirectory() ? userHome : undefined
}

/** A home that is a link (/home/ann -> /data/ann) must be private under both names: projects are known by the real one. */
function secondHome(home: string, from: string): { from: string; to: string }[] {
  const real = realpathSync(home)
  return real === home ? [] : [{ from, to: real }]
}

/** What an apply prepares in the project root is not the project's. */
function stagingIn(project: string): string[] {
  return readdirSync(project).filter((name) => name.startsWith('.nexus-stage-')).map((name) => join(project, name))
}
