/**
 * What of this machine no run may reach although it lies in the open: sockets that would answer, and files that are not
 * for everybody. Inside, one sees of the machine what any user may see.
 *
 * The places where services keep their things are walked with bounds, in the background; sockets that somebody listens
 * on are asked of the kernel before each run, since it knows them wherever they are.
 */
import { accessSync, constants, lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { isInside } from '../base/project.ts'
import { mountTable } from './mount-table.ts'
import { isLocal } from './silent.ts'

/** Where services keep state and settings. In `ownToo`, what is our own is masked as well: nobody works there. */
const PLACES = [
  { path: '/etc', ownToo: true }, { path: '/var', ownToo: true }, { path: '/boot', ownToo: true },
  { path: '/srv', ownToo: false }, { path: '/opt', ownToo: false }, { path: '/usr/local', ownToo: false },
] as const
/** Other disks, wherever they are mounted but in these: what is private inside, and the system's own. */
const NO_DISKS = /^\/($|(proc|sys|dev|run|tmp|home|root|usr|lib|lib64|bin|sbin)(\/|$)|var\/(tmp|run)(\/|$))/
/** Folders of people's own making: /data, /backup, /work. */
const NO_OTHERS = /^\/(etc|var|boot|srv|opt|usr|bin|sbin|lib(32|64|x32)?|proc|sys|dev|run|tmp|home|root|lost\+found)$/
const DEPTH_MAX = 12
const LOOKED_AT_MAX = 60_000
/** Of those that only root looks at: there may be whole work shops. */
const OTHERS_LOOKED_AT_MAX = 20_000
/** After the first time a run may use what is older, while it is looked again; not what is older than the second. */
const FRESH_MS = 60_000
const STALE_MS = 600_000

interface Survey {
  readonly at: number
  readonly sockets: readonly string[]
  readonly shut: readonly string[]
}

export class Masks {
  readonly #clock: Clock
  readonly #root: string
  #survey: Survey | undefined
  #surveying: Promise<void> | undefined

  /** `root`: `/`, or in tests a folder that stands for it. */
  constructor(clock: Clock, root = '/') {
    this.#clock = clock
    this.#root = root
  }

  /** Resolves when the masks may be asked for. Waits only where nothing usable is known. */
  async ready(): Promise<void> {
    const age = this.#survey ? this.#clock.now() - this.#survey.at : Infinity
    if (age < FRESH_MS) return
    this.#surveying ??= this.#look().finally(() => { this.#surveying = undefined })
    if (age > STALE_MS) await this.#surveying
  }

  /**
   * Absolute paths to cover, each once, what matters most first: files that are shut come before sockets, of which anybody
   * may open as many as they like. What somebody shut from others stays visible around `kept`: the project, what is on PATH.
   */
  paths(kept: readonly string[]): string[] {
    const { sockets = [], shut = [] } = this.#survey ?? {}
    const strange = [...otherHomes(this.#root), ...shut].filter((path) => !kept.some((place) => isInside(place, path) || isInside(path, place)))
    return [...new Set([...strange, ...sockets, ...listeningSockets()])]
  }

  async #look(): Promise<void> {
    const at = this.#clock.now()
    const walk = new Walk(LOOKED_AT_MAX)
    for (const { path, ownToo } of PLACES) await walk.add(join(this.#root, path), ownToo)
    const disks = mountTable().filter(({ point, type }) => isLocal(type) && !NO_DISKS.test(point)).map(({ point }) => point)
    for (const disk of disks) if (isInside(disk, this.#root)) await walk.add(disk, PLACES.some(({ path, ownToo }) => ownToo && isInside(disk, path)))
    await walk.go()
    const others = await this.#others()
    this.#survey = { at, sockets: [...walk.sockets, ...others.sockets], shut: [...walk.shut, ...others.shut] }
  }

  /** Root may read what lies in / and the folders there, whoever shut it. Everybody else is shut out, or works there. */
  async #others(): Promise<Walk> {
    const walk = new Walk(OTHERS_LOOKED_AT_MAX)
    if (process.geteuid?.() !== 0) return walk
    await walk.top(this.#root, (path) => !NO_OTHERS.test(path.slice(this.#root === '/' ? 0 : this.#root.length)))
    await walk.go()
    return walk
  }
}

interface Folder {
  readonly path: string
  readonly device: number
  readonly ownToo: boolean
  readonly depth: number
  /** Others may put there what they like, in any number. */
  readonly isTheirs: boolean
}

/**
 * One bounded walk over all places, what lies nearest first, and what others may fill when all else is done; never
 * follows a link, never leaves a file system by itself: a network share may take for ever.
 */
class Walk {
  readonly sockets: string[] = []
  readonly shut: string[] = []
  readonly #open: Folder[] = []
  readonly #theirs: Folder[] = []
  #left: number

  constructor(lookedAtMax: number) {
    this.#left = lookedAtMax
  }

  /** The files of a folder, and those of its folders that are wanted. */
  async top(folder: string, isWanted: (path: string) => boolean): Promise<void> {
    const stat = await lstat(folder)
    await this.#look({ path: folder, device: stat.dev, ownToo: false, depth: 0, isTheirs: false }, isWanted)
  }

  async add(path: string, ownToo: boolean): Promise<void> {
    const stat = await lstat(path).catch(() => undefined) // not every machine has every place
    if (stat?.isDirectory()) this.#open.push({ path, device: stat.dev, ownToo, depth: 1, isTheirs: false })
  }

  async go(): Promise<void> {
    for (const folders of [this.#open, this.#theirs]) {
      for (let at = 0; at < folders.length && this.#left > 0; at += 1) {
        const folder = folders[at]
        if (folder) await this.#look(folder)
      }
    }
  }

  async #look({ path: folder, device, ownToo, depth, isTheirs }: Folder, isWanted: (path: string) => boolean = () => true): Promise<void> {
    const names = (await readdir(folder).catch(() => [])).filter((name) => isWanted(join(folder, name)))
    this.#left -= names.length
    if (this.#left < 0) return
    const stats = await Promise.all(names.map((name) => lstat(join(folder, name)).catch(() => undefined)))
    for (const [at, stat] of stats.entries()) {
      const path = join(folder, names[at] ?? '')
      if (!stat || stat.isSymbolicLink() || stat.dev !== device) continue
      const isShut = stat.isDirectory() ? (stat.mode & 0o005) !== 0o005 : (stat.mode & 0o004) === 0
      if (stat.isSocket()) this.sockets.push(path)
      else if (isShut && (ownToo || stat.uid !== process.geteuid?.() || stat.uid === 0) && isOpenToUs(path)) this.shut.push(path)
      else if (stat.isDirectory() && !isShut && depth < DEPTH_MAX) this.#add({ path, device, ownToo, depth: depth + 1, isTheirs: isTheirs || isOthers(stat) })
    }
  }

  #add(folder: Folder): void {
    (folder.isTheirs ? this.#theirs : this.#open).push(folder)
  }
}

function isOthers({ mode, uid }: Stats): boolean {
  return (mode & 0o002) !== 0 || (uid !== 0 && uid !== process.geteuid?.())
}

function isOpenToUs(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false // nobody needs to hide it
  }
}

/**
 * The kernel's own list; names of other mount namespaces are in it, too, and lead nowhere here. It has the words that each was
 * opened with, and there is no end of words for one place (`/tmp//s`, `/tmp/./s`): a socket is named once, by its real path.
 */
function listeningSockets(): string[] {
  const paths = new Set(readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1).flatMap((line) => / (\/.*)$/.exec(line)?.[1] ?? []))
  return [...paths].flatMap((path) => {
    try {
      return lstatSync(path).isSocket() ? [realpathSync(path)] : []
    } catch {
      return [] // it has gone, or only another container has it
    }
  })
}

/** People whose home is not below /home. Services live in system folders and are no people. */
function otherHomes(root: string): string[] {
  const people = accounts(join(root, '/etc/passwd')).filter(({ uid, home }) => uid >= 1000 && uid !== 65_534 && /^\/[^/]+\/.+/.test(home))
  return people.map(({ home }) => join(root, home)).filter((home) => !/^\/(usr|lib|lib64|bin|sbin|proc|sys|dev)\//.test(home) && lstatSync(home, { throwIfNoEntry: false })?.isDirectory())
}

function accounts(file: string): { uid: number; home: string }[] {
  try {
    return readFileSync(file, 'utf8').split('\n').map((line) => line.split(':')).map((fields) => ({ uid: Number(fields[2]), home: fields[5] ?? '' }))
  } catch {
    return [] // no accounts, no homes
  }
}
