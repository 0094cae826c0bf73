/** The sandbox of this machine: Linux namespaces, set up by the native launcher or by util-linux. */
import { dirname, join } from 'node:path'
import type { Outside } from '@nexus/protocol/changes'
import type { Backend, Wall } from '@nexus/protocol/runs'
import type { Probe } from '@nexus/protocol/system'
import type { Clock } from '../base/clock.ts'
import { isInside } from '../base/project.ts'
import { Chooser } from './choose.ts'
import { discardLayer } from './discard.ts'
import type { Launch, LaunchOrder } from './launch.ts'
import { fenced } from './limits/fenced.ts'
import { Limits } from './limits/limits.ts'
import { stillborn } from './launchers/child.ts'
import { launchersOf } from './launchers/index.ts'
import type { Layer } from './layer.ts'
import { layersFolder, openLayer, squashedFolder } from './layers.ts'
import { endLeftovers } from './leftovers.ts'
import { Masks } from './masks.ts'
import { leftOutside } from './outside.ts'
import type { Choice, Sandbox } from './sandbox.ts'
import { sceneOf } from './stage.ts'
import { leftOut } from './walls.ts'

export interface SandboxParts {
  /** The state folder of Nexus: layers and package caches live below it, and no run ever sees it. */
  readonly state: string
  /** Where the compiled nexus-native is, if it could be built; without it runs are `reduced`. */
  readonly nativePath: string | null
  /** The program that stands at the doors of a run without it. */
  readonly ferry: string
  /** Home of the user the daemon runs as; the same path is the private $HOME inside. */
  readonly userHome: string
  /** Where the daemon finds unshare, mount, setpriv, cp: its own PATH. */
  readonly path: string
  /** Further files and folders that no run may see: configuration, runtime folder with the socket. */
  readonly hidden: readonly string[]
  readonly clock: Clock
}

export function createSandbox(parts: SandboxParts): Sandbox {
  return new LocalSandbox(parts)
}

class LocalSandbox implements Sandbox {
  readonly #parts: SandboxParts
  readonly #chooser: Chooser
  readonly #masks: Masks
  readonly #limits: Limits

  constructor(parts: SandboxParts) {
    this.#parts = parts
    this.#masks = new Masks(parts.clock)
    this.#limits = new Limits(parts.state)
    this.#chooser = new Chooser({ launchers: launchersOf(parts), state: parts.state, path: parts.path, clock: parts.clock })
  }

  async probe(fresh = false): Promise<Probe[]> {
    // A good moment to look around: the first run need not wait for it then.
    void this.#masks.ready()
    return (await this.#chooser.probe(fresh)).map((probe) => ({ ...probe, walls: this.#asHeld(probe.walls) }))
  }

  async choose(backend: 'auto' | Backend, project: string): Promise<Choice> {
    await this.#masks.ready()
    const choice = await this.#chooser.choose(backend, project)
    return { ...choice, walls: this.#asHeld(choice.walls) }
  }

  foreignIn(project: string): string | undefined {
    return this.#chooser.foreignIn(project)
  }

  /** Whether the kernel holds the limits no launcher knows. */
  #asHeld(walls: readonly Wall[]): Wall[] {
    const { weakness } = this.#limits
    return walls.map((wall) => (wall.name === 'cgroup' && weakness ? { ...wall, up: false, ...weakness } : wall))
  }

  async open(run: string, project: string, choice: Choice, parents: readonly string[], signal?: AbortSignal): Promise<Layer> {
    const { state, userHome, path } = this.#parts
    await this.#masks.ready()
    const { xattrs } = await this.#chooser.rung(choice)
    return openLayer({ run, project, backend: choice.backend, xattrs, parents, state, userHome, path }, signal)
  }

  launch(layer: Layer, choice: Choice, order: LaunchOrder): Launch {
    try {
      const scene = sceneOf({ ...this.#parts, masks: this.#masks }, layer, order)
      const fence = this.#limits.around(layer, order.limits)
      const launcher = this.#chooser.launcher(choice)
      return fenced(launcher.launch(scene, order, { without: leftOut(choice.walls), fence }), fence)
    } catch (error) {
      return stillborn('scene', error instanceof Error ? error.message : String(error))
    }
  }

  endLeftovers(): Promise<number[]> {
    return endLeftovers(layersFolder(this.#parts.state))
  }

  outside({ folder, parents: [nearest] }: Layer): Promise<Outside[]> {
    const { userHome } = this.#parts
    const places = [['home', userHome], ['tmp', '/tmp'], ['vartmp', '/var/tmp']] as const
    return leftOutside(places.map(([name, insidePath]) => ({ folder: join(folder, name), insidePath, inherited: name === 'home' && nearest !== undefined ? join(dirname(nearest), name) : undefined })), userHome)
  }

  discard(folder: string): Promise<void> {
    const { state, path } = this.#parts
    return discardLayer(folder, isInside(folder, squashedFolder(state)) ? squashedFolder(state) : layersFolder(state), path)
  }
}
