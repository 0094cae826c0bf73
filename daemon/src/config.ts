/** The only reader of the environment: what the daemon was told from outside, parsed once. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '@nexus/protocol/problem'
import { homeOf, type Home } from '@nexus/protocol/home'

export interface Config {
  readonly home: Home
  /** $HOME of the user: never a project, and hidden inside runs. */
  readonly userHome: string
  /** Undefined: 8888 or the next free one. Null: no TCP at all. */
  readonly port: number | undefined | null
  readonly logLevel: string
  /** Settings of the machine: a ceiling that no user passes. */
  readonly managed: string
  readonly migrations: string
  /** The native helper; null where it could not be built: runs are then `reduced`. */
  readonly native: string | null
  /** Carries the connections of runs without it, in a process of its own. */
  readonly ferry: string
  /** Reads what agents have written down, in a process of its own. */
  readonly diaryReader: string
  /** The built dashboard. */
  readonly dashboard: string
  /** Where the daemon finds its own tools. */
  readonly path: string
}

declare const __NEXUS_BUILD__: string
export const VERSION = '0.1.0'
export const BUILD = typeof __NEXUS_BUILD__ === 'string' ? __NEXUS_BUILD__ : 'source'

export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const package_ = packageFolder()
  const userHome = env.HOME ?? '/nonexistent'
  const program = (name: string) => join(package_, BUILD === 'source' ? `src/${name}.ts` : `dist/${name}.mjs`)
  return {
    home: homeOf(env, process.getuid?.() ?? 0), userHome, port: portOf(env.NEXUS_PORT), logLevel: env.NEXUS_LOG_LEVEL ?? 'info', managed: '/etc/nexus',
    migrations: join(dirname(package_), 'migrations'), native: existing(env.NEXUS_NATIVE ?? join(package_, 'dist/nexus-native')),
    ferry: program('ferry'), diaryReader: program('diary-reader'),
    dashboard: join(dirname(package_), 'dashboard/dist'),
    path: [...SYSTEM_FOLDERS, ...(env.PATH ?? '').split(':')].join(':'),
  }
}

function portOf(text: string | undefined): number | undefined | null {
  if (text === undefined || text === '') return undefined
  if (text === 'off') return null
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Problem('usage', { what: `NEXUS_PORT is "${text}": neither a port nor off`, topic: 'daemon' })
}

/** Where only root puts programs. They come first: a PATH may lead into a project, where a command has left an `rm` of its own; and users often lack some. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin', '/run/current-system/sw/bin']

function existing(path: string): string | null {
  return existsSync(path) ? path : null
}

/** daemon/, both for daemon/src/config.ts and for the bundle in daemon/dist/. */
function packageFolder(): string {
  return dirname(dirname(fileURLToPath(import.meta.url)))
}
