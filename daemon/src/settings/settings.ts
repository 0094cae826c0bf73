/**
 * Settings: what a machine (/etc/nexus), a user and a project ask of runs, and what of it is in force.
 * Always true here: the machine's file is a ceiling; a project's file only tightens until the user trusts that project;
 * a file that cannot be used changes nothing and is told with line and column, never passed over in silence.
 */
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { EffectiveSettings, Limits, SettingsFile, SettingsPlace, SettingsService } from '@nexus/protocol/settings'
import type { Actor } from '@nexus/protocol/trpc'
import type { State } from '../state/state.ts'
import { SettingsOnDisk } from './file.ts'
import { grant, grantNested } from './limits.ts'
import { grantNetwork } from './network.ts'
import { grantEnvironment, grantSecretFiles } from './secrets.ts'
import { trustedProjects } from './settings.sql.ts'

export interface SettingsParts {
  readonly state: State
  /** The machine's folder and the user's. */
  readonly managed: string
  readonly config: string
  /** Finds the project of a directory. Throws Problem. */
  readonly projectOf: (place: SettingsPlace) => string
  readonly nameOf: (actor: Actor) => string
  readonly now: () => number
}

const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** Generous: they end an accident, not work. */
function defaultLimits(memoryBytes: number): Limits {
  return { memoryBytes: Math.round(memoryBytes * 0.8), processes: 8192, cpus: null, timeMs: null, diskBytes: 50 * GIB, files: 1_000_000, outputBytes: 256 * MIB }
}

export class Settings implements SettingsService {
  readonly #parts: SettingsParts
  readonly #managed: SettingsOnDisk
  readonly #user: SettingsOnDisk
  readonly #projects = new Map<string, SettingsOnDisk>()

  constructor(parts: SettingsParts) {
    this.#parts = parts
    this.#managed = new SettingsOnDisk(join(parts.managed, 'settings.yaml'))
    this.#user = new SettingsOnDisk(join(parts.config, 'config.yaml'))
  }

  show(place: SettingsPlace): EffectiveSettings {
    return this.of(this.#parts.projectOf(place))
  }

  /** What is in force in a project now. */
  of(project: string): EffectiveSettings {
    const file = this.#projects.get(project) ?? new SettingsOnDisk(join(project, '.nexus/settings.yaml'), project)
    this.#projects.set(project, file)
    const [managed, user, own] = [this.#managed.read(), this.#user.read(), file.read()]
    const isTrusted = this.#isTrusted(project)
    const { limits, refused } = grant(defaultLimits(totalmem()), { managed: managed.settings.limits, user: user.settings.limits, project: own.settings.limits, isTrusted })
    const nesting = grantNested({ managed: managed.settings.sandbox?.nested, user: user.settings.sandbox?.nested, project: own.settings.sandbox?.nested, isTrusted })
    const reach = grantNetwork({ managed: managed.settings.network, user: user.settings.network, project: own.settings.network, isTrusted })
    const { environment, refused: names } = grantEnvironment({ managed: managed.settings.environment, user: user.settings.environment, project: own.settings.environment, isTrusted })
    const { secretFiles, refused: files } = grantSecretFiles({ managed: managed.settings.secrets?.files, user: user.settings.secrets?.files, project: own.settings.secrets?.files, isTrusted })
    return {
      project, limits, nestedSandboxes: nesting.nested, environment, secretFiles, network: reach.network, agents: { ...user.settings.agents, ...managed.settings.agents },
      refused: [...refused, ...nesting.refused, ...reach.refused, ...names, ...files, ...agentsRefused(own.settings.agents)], faults: [...managed.faults, ...user.faults, ...own.faults],
      sources: [
        { kind: 'managed', path: this.#managed.path, found: managed.found }, { kind: 'user', path: this.#user.path, found: user.found },
        { kind: 'project', path: file.path, found: own.found, trusted: isTrusted },
      ],
    }
  }

  trust(place: SettingsPlace, trusted: boolean, actor: Actor): EffectiveSettings {
    const { state, nameOf, now } = this.#parts
    const project = this.#parts.projectOf(place)
    if (trusted !== this.#isTrusted(project)) {
      state.record({ type: trusted ? 'project.trusted' : 'project.distrusted', actor: nameOf(actor), subject: project, payload: { project } }, (db) => {
        if (trusted) db.insert(trustedProjects).values({ project, trustedAt: now() }).run()
        else db.delete(trustedProjects).where(eq(trustedProjects.project, project)).run()
      }, { durable: true })
    }
    return this.of(project)
  }

  #isTrusted(project: string): boolean {
    return this.#parts.state.db.select().from(trustedProjects).where(eq(trustedProjects.project, project)).get() !== undefined
  }
}

/** A program that a project names would run with the agent's login: whoever wrote the project decides nothing about that. */
function agentsRefused(asked: SettingsFile['agents']): EffectiveSettings['refused'] {
  return Object.entries(asked ?? {}).map(([name, { command }]) => ({ setting: `agents.${name}`, asked: command.join(' '), inForce: 'not from a project' }))
}
