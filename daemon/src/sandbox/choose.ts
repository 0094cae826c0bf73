/** Picks launcher and back end: by what was tried on this machine, and by what this project allows. */
import { statSync } from 'node:fs'
import { Problem } from '@nexus/protocol/problem'
import type { Backend } from '@nexus/protocol/runs'
import type { Probe } from '@nexus/protocol/system'
import type { Clock } from '../base/clock.ts'
import type { Launcher } from './launchers/launcher.ts'
import { mountsBelow } from './mount-table.ts'
import { isForeign, OwnerSearch } from './owners.ts'
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

/** One launcher with one back end: tried when somebody asks, once. */
interface Rung {
  readonly launcher: Launcher
  readonly backend: Backend
  tried?: Promise<Tried>
}

export class Chooser {
  readonly #parts: ChooserParts
  /** Best first. */
  #rungs: readonly Rung[]
  /** Why the overlay cannot be used for a project, or undefined when it can. */
  readonly #obstacles = new Map<string, { readonly at: number; readonly cause: Promise<string | undefined> }>()
  /** Files of others, by project; found too late for the run that was under way. */
  readonly #foreign = new Map<string, string>()

  constructor(parts: ChooserParts) {
    this.#parts = parts
    this.#rungs = untried(parts)
  }

  async probe(fresh: boolean): Promise<Probe[]> {
    if (fresh) {
      this.#rungs = untried(this.#parts)
      this.#obstacles.clear()
    }
    return (await this.#all()).map(({ probe }) => probe)
  }

  async choose(backend: 'auto' | Backend, project: string): Promise<Choice> {
    if (backend === 'copy') return choiceOf(await this.#first('copy') ?? await this.#refuse('copy'))
    const overlay = await this.#first('overlay')
    const obstacle = overlay ? await this.#obstacle(overlay, project) : undefined
    if (overlay && obstacle === undefined) return choiceOf(overlay)
    if (backend === 'overlay') {
      if (!overlay) return this.#refuse('overlay')
      throw new Problem('backend-unavailable', { backend, cause: obstacle ?? '', fix: 'nexus run --backend copy -- …' })
    }
    const copy = await this.#first('copy')
    if (!copy) throw overlay ? new Problem('backend-unavailable', { backend: 'overlay', cause: obstacle ?? '', fix: 'nexus doctor' }) : unavailable(await this.#all())
    return choiceOf(copy, obstacle ?? (await this.#all()).find((one) => one.backend === 'overlay')?.probe.cause)
  }

  /** What was found out about a choice made earlier. */
  rung(choice: Choice): Promise<Tried> {
    const found = this.#rungs.find(({ launcher, backend }) => launcher.name === choice.launcher && backend === choice.backend)
    if (!found) throw new Error(`no such choice: ${choice.launcher} ${choice.backend}`)
    return this.#try(found)
  }

  launcher(choice: Choice): Launcher {
    const found = this.#parts.launchers.find(({ name }) => name === choice.launcher)
    if (!found) throw new Error(`no such launcher: ${choice.launcher}`)
    return found
  }

  /** A path that no overlay of a user can change, as far as it was found by now. */
  foreignIn(project: string): string | undefined {
    return this.#foreign.get(project)
  }

  async #all(): Promise<Tried[]> {
    const tried: Tried[] = []
    // One after the other: they would only slow each other down.
    for (const rung of this.#rungs) tried.push(await this.#try(rung))
    return tried
  }

  /** The best rung of a back end that works; the ones below it are not tried for that. */
  async #first(backend: Backend): Promise<Tried | undefined> {
    for (const rung of this.#rungs.filter((one) => one.backend === backend)) {
      const tried = await this.#try(rung)
      if (tried.probe.works) return tried
    }
    return undefined
  }

  #try(rung: Rung): Promise<Tried> {
    if (!rung.tried) {
      rung.tried = tryOut(rung.launcher, rung.backend, this.#parts.state, this.#parts.path)
      // A state folder that could not be written (a full disk) is tried again next time.
      rung.tried.catch(() => { delete rung.tried })
    }
    return rung.tried
  }

  async #refuse(backend: Backend): Promise<never> {
    const probe = (await this.#all()).find((one) => one.backend === backend)?.probe
    throw new Problem('backend-unavailable', { backend, cause: probe?.cause ?? 'it was not tried', fix: probe?.fix ?? 'nexus doctor' })
  }

  async #obstacle(overlay: Tried, project: string): Promise<string | undefined> {
    const { clock, state, path } = this.#parts
    const device = statSync(project, { throwIfNoEntry: false })?.dev
    const key = `${device}:${project}`
    const known = this.#obstacles.get(key)
    if (known && clock.now() - known.at < REMEMBERED_MS) return known.cause
    const cause = tryProject(overlay, project, state, path).then((refusal) => (refusal === undefined ? this.#foreignOwner(overlay, project) : causeOfRefusal(overlay, project, refusal)))
    this.#obstacles.set(key, { at: clock.now(), cause })
    cause.catch(() => this.#obstacles.delete(key))
    return cause
  }

  /** Real root maps every identity. What a large project hides deep down is looked for while the run goes on. */
  async #foreignOwner(overlay: Tried, project: string): Promise<string | undefined> {
    if (overlay.xattrs === 'trusted') return undefined
    const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
    const known = this.#foreign.get(project)
    if (known !== undefined && await isForeign(known, own)) return causeOf(known)
    this.#foreign.delete(project)
    const search = new OwnerSearch(project, own, mountsBelow(project))
    const found = await search.first()
    if (found !== undefined) this.#foreign.set(project, found)
    else if (!search.isDone) void search.rest().then((late) => { if (late !== undefined) this.#foundLate(project, late) })
    return found === undefined ? undefined : causeOf(found)
  }

  #foundLate(project: string, path: string): void {
    this.#foreign.set(project, path)
    this.#obstacles.clear()
  }
}

function untried({ launchers }: ChooserParts): Rung[] {
  return (['overlay', 'copy'] as const).flatMap((backend) => launchers.map((launcher): Rung => ({ launcher, backend })))
}

/** The kernel does not say why; this is the one reason that lies in the project itself. */
function causeOfRefusal({ xattrs }: Tried, project: string, refusal: string): string {
  const [mount] = xattrs === 'user' ? mountsBelow(project) : []
  return mount === undefined ? refusal : `something is mounted at ${mount}: only root can lay an overlay over a project with mounts inside`
}

function causeOf(foreign: string): string {
  return `${foreign} belongs to another user or group: the overlay could not change it`
}

function choiceOf({ backend, launcher, probe }: Tried, cause?: string): Choice {
  const choice = { backend, launcher: launcher.name, strength: probe.strength ?? 'weak', walls: probe.walls, ...(launcher.gaps.length > 0 ? { lacks: launcher.gaps } : {}) } as const
  // The record of the run tells it, too.
  return cause === undefined ? choice : { ...choice, walls: [...probe.walls, { name: 'overlay', required: false, up: false, cause }], cause }
}

/** Told is the cause of the strongest one that is there at all: repairing that repairs most. */
function unavailable(tried: readonly Tried[]): Problem {
  const probe = (tried.find(({ launcher }) => !launcher.absence()) ?? tried[0])?.probe
  return new Problem('sandbox-unavailable', { cause: probe?.cause ?? 'nothing to try', fix: probe?.fix ?? 'nexus doctor' })
}
