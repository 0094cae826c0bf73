/** Picks launcher and back end: by what was tried on this machine, and by what this project allows. */
import { statSync } from 'node:fs'
import { Problem } from '@nexus/protocol/problem'
import type { Backend } from '@nexus/protocol/runs'
import type { Probe } from '@nexus/protocol/system'
import type { Clock } from '../base/clock.ts'
import type { Launcher } from './launchers/launcher.ts'
import { foreignOwner } from './owners.ts'
import { tryOut, tryProject, type Tried } from './probe.ts'
import type { Choice } from './sandbox.ts'

/** Foreign files seldom appear; a large project must not be scanned before every run. */
const REMEMBERED_MS = 60_000

export interface ChooserParts {
  readonly launchers: readonly Launcher[]
  readonly state: string
  readonly path: string
  readonly clock: Clock
}

export class Chooser {
  readonly #parts: ChooserParts
  #tried: Promise<readonly Tried[]> | undefined
  /** Why the overlay cannot be used for a project, or undefined when it can. */
  readonly #obstacles = new Map<string, { readonly at: number; readonly cause: Promise<string | undefined> }>()

  constructor(parts: ChooserParts) {
    this.#parts = parts
  }

  async probe(fresh: boolean): Promise<Probe[]> {
    return (await this.#all(fresh)).map(({ probe }) => probe)
  }

  async choose(backend: 'auto' | Backend, project: string): Promise<Choice> {
    const tried = await this.#all(false)
    const working = tried.filter(({ probe }) => probe.works)
    if (working.length === 0) throw unavailable(tried)
    const overlay = working.find((one) => one.backend === 'overlay')
    const copy = working.find((one) => one.backend === 'copy')
    if (backend === 'copy') return copy ? choiceOf(copy) : refuse('copy', tried)
    const obstacle = overlay ? await this.#obstacle(overlay, project) : tried.find((one) => one.backend === 'overlay')?.probe.cause
    if (overlay && obstacle === undefined) return choiceOf(overlay)
    if (backend === 'overlay') {
      if (!overlay) return refuse('overlay', tried)
      throw new Problem('backend-unavailable', { backend, cause: obstacle ?? '', fix: 'nexus run --backend copy -- …' })
    }
    return copy ? choiceOf(copy, obstacle) : refuse('copy', tried)
  }

  /** What was found out about a choice made earlier. */
  async rung(choice: Choice): Promise<Tried> {
    const found = (await this.#all(false)).find(({ launcher, backend }) => launcher.name === choice.launcher && backend === choice.backend)
    if (!found) throw new Error(`no such choice: ${choice.launcher} ${choice.backend}`)
    return found
  }

  launcher(choice: Choice): Launcher {
    const found = this.#parts.launchers.find(({ name }) => name === choice.launcher)
    if (!found) throw new Error(`no such launcher: ${choice.launcher}`)
    return found
  }

  #all(fresh: boolean): Promise<readonly Tried[]> {
    if (!this.#tried || fresh) {
      this.#obstacles.clear()
      const { launchers, state, path } = this.#parts
      const tried = inTurn((['overlay', 'copy'] as const).flatMap((backend) => launchers.map((launcher) => () => tryOut(launcher, backend, state, path))))
      this.#tried = tried
      // A state folder that could not be written (a full disk) is tried again next time.
      tried.catch(() => { if (this.#tried === tried) this.#tried = undefined })
    }
    return this.#tried
  }

  async #obstacle(overlay: Tried, project: string): Promise<string | undefined> {
    const { clock, state, path } = this.#parts
    const device = statSync(project, { throwIfNoEntry: false })?.dev
    const key = `${device}:${project}`
    const known = this.#obstacles.get(key)
    if (known && clock.now() - known.at < REMEMBERED_MS) return known.cause
    const cause = overlayObstacle(overlay, project, state, path)
    this.#obstacles.set(key, { at: clock.now(), cause })
    cause.catch(() => this.#obstacles.delete(key))
    return cause
  }
}

async function overlayObstacle(overlay: Tried, project: string, state: string, path: string): Promise<string | undefined> {
  const refusal = await tryProject(overlay, project, state, path)
  if (refusal !== undefined) return refusal
  // Real root maps every identity.
  if (overlay.xattrs === 'trusted') return undefined
  const foreign = await foreignOwner(project, { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 })
  return foreign === undefined ? undefined : `${foreign} belongs to another user or group: the overlay could not change it`
}

function choiceOf({ backend, launcher, probe }: Tried, cause?: string): Choice {
  return { backend, launcher: launcher.name, strength: probe.strength ?? 'weak', walls: probe.walls, ...(cause === undefined ? {} : { cause }) }
}

function refuse(backend: Backend, tried: readonly Tried[]): never {
  const probe = tried.find((one) => one.backend === backend)?.probe
  throw new Problem('backend-unavailable', { backend, cause: probe?.cause ?? 'it was not tried', fix: probe?.fix ?? 'nexus doctor' })
}

/** Told is the cause of the strongest one that is there at all: repairing that repairs most. */
function unavailable(tried: readonly Tried[]): Problem {
  const probe = (tried.find(({ launcher }) => !launcher.absence()) ?? tried[0])?.probe
  return new Problem('sandbox-unavailable', { cause: probe?.cause ?? 'nothing to try', fix: probe?.fix ?? 'nexus doctor' })
}

async function inTurn<Result>(tasks: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = []
  for (const task of tasks) results.push(await task())
  return results
}
