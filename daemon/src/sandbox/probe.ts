/** Tries one launcher with one back end for real: a mini-sandbox that writes, deletes, and is looked at from outside. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backend } from '@nexus/protocol/runs'
import type { Probe } from '@nexus/protocol/system'
import { diagnose, readKernelSetting, type Diagnosis } from './diagnosis.ts'
import { discardLayer } from './discard.ts'
import type { LaunchEnd, LaunchOrder } from './launch.ts'
import type { Launcher } from './launchers/launcher.ts'
import { layersFolder } from './layers.ts'
import type { Scene } from './scene.ts'
import { KERNEL_WALLS, leftOut, lowered, strengthOf, withRenames, type KernelWall } from './walls.ts'

export interface Tried {
  readonly launcher: Launcher
  readonly backend: Backend
  readonly probe: Probe
  /** Where overlayfs can keep its marks here. */
  readonly xattrs: 'trusted' | 'user'
}

/** Writes and deletes in the project and in /tmp, and cannot in /etc. */
const SCRIPT = 'test "$(cat kept)" = kept && rm gone && echo made > made && echo made > /tmp/made && ! ( : > /etc/nexus-probe ) 2>/dev/null'
const PATIENCE_MS = 10_000

export async function tryOut(launcher: Launcher, backend: Backend, state: string, path: string): Promise<Tried> {
  const startedAt = performance.now()
  const missing: Partial<Record<KernelWall, Diagnosis>> = {}
  const answer = (diagnosis: Diagnosis | undefined, xattrs: 'trusted' | 'user'): Tried => {
    const renamesByItself = backend === 'copy' || xattrs === 'trusted'
    const walls = renamesByItself ? withRenames(lowered(launcher.walls, missing)) : lowered(launcher.walls, missing)
    return {
      launcher, backend, xattrs,
      probe: {
        backend, launcher: launcher.name, works: diagnosis === undefined, strength: diagnosis ? null : strengthOf(backend, walls),
        walls, ...diagnosis, tookMs: Math.round((performance.now() - startedAt) * 10) / 10,
      },
    }
  }
  const absence = launcher.absence()
  if (absence) return answer(absence, 'user')
  // Only real root may use `trusted`, where renaming a folder works; a root of a container often may not.
  const kinds = backend === 'overlay' && process.geteuid?.() === 0 ? ['trusted', 'user'] as const : ['user'] as const
  let diagnosis: Diagnosis | undefined
  for (const xattrs of kinds) {
    diagnosis = await withWhatThereIs(missing, (without) => miniSandbox({ launcher, backend, xattrs, without }, state, path))
    if (!diagnosis) return answer(undefined, xattrs)
  }
  return answer(diagnosis, 'user')
}

interface Trial extends Pick<Tried, 'launcher' | 'backend' | 'xattrs'> {
  readonly without: readonly KernelWall[]
}

/** A wall that this kernel does not have is left out, and named. */
async function withWhatThereIs(missing: Partial<Record<KernelWall, Diagnosis>>, attempt: (without: KernelWall[]) => Promise<StepDiagnosis | undefined>): Promise<Diagnosis | undefined> {
  for (;;) {
    const without = KERNEL_WALLS.filter((name) => missing[name])
    const fault = await attempt(without)
    const wall = KERNEL_WALLS.find((name) => name === fault?.step && !without.includes(name))
    if (!fault) return undefined
    const { step: _, ...diagnosis } = fault
    if (!wall) return diagnosis
    missing[wall] = diagnosis
  }
}

interface StepDiagnosis extends Diagnosis {
  /** Of the launcher, where one failed. */
  readonly step?: string
}

/** Undefined when everything is as it should be. */
async function miniSandbox({ launcher, backend, xattrs, without }: Trial, state: string, path: string): Promise<StepDiagnosis | undefined> {
  await mkdir(layersFolder(state), { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(layersFolder(state), 'probe-'))
  const at = (name: string) => join(folder, name)
  try {
    for (const name of ['project', 'upper', 'work', 'tmp', 'vartmp']) await mkdir(at(name))
    for (const name of ['kept', 'gone']) await writeFile(join(at('project'), name), `${name}\n`)
    if (backend === 'copy') for (const name of ['kept', 'gone']) await writeFile(join(at('upper'), name), `${name}\n`)
    const scene: Scene = {
      folder, project: at('project'), tmpFrom: at('tmp'), vartmpFrom: at('vartmp'), readonly: [], silent: [], binds: [], hide: [],
      ground: backend === 'copy' ? { backend, tree: at('upper') } : { backend, upper: at('upper'), work: at('work'), parents: [], xattrs },
    }
    const launch = launcher.launch(scene, orderFor(at('project')), { without })
    let errorText = ''
    launch.onOutput((_stream, chunk) => { errorText += chunk.toString() })
    const end = await launch.ended
    return fault(end, errorText) ?? await hostFault(at)
  } finally {
    await discardLayer(folder, layersFolder(state), path)
  }
}

function orderFor(cwd: string): LaunchOrder {
  return { argv: ['/bin/sh', '-c', SCRIPT], cwd, env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, umask: 0o022, net: 'off', stdin: false, timeoutMs: PATIENCE_MS }
}

function fault(end: LaunchEnd, errorText: string): StepDiagnosis | undefined {
  if (end.type === 'exited' && end.exitCode === 0) return undefined
  if (end.type === 'failed') return { step: end.step, ...diagnose({ step: end.step, errno: end.errno, text: end.cause }, readKernelSetting) }
  return { cause: `a trial command did not do what it should (${end.type}): ${errorText.trim().slice(0, 300)}`, fix: 'nexus daemon logs; please report it' }
}

async function hostFault(at: (name: string) => string): Promise<Diagnosis | undefined> {
  const isRight = existsSync(at('project/kept')) && existsSync(at('project/gone')) && !existsSync(at('project/made'))
    && existsSync(at('tmp/made')) && await readFile(at('upper/made'), 'utf8').catch(() => '') === 'made\n'
  return isRight ? undefined : { cause: 'a trial command changed the host, or its changes were lost', fix: 'please report it: this must never happen' }
}

/** Can this overlay cover this very project? Undefined: yes; else why not. Runs nothing but `true`. */
export async function tryProject({ launcher, xattrs, probe }: Tried, project: string, state: string, path: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(layersFolder(state), 'probe-'))
  const at = (name: string) => join(folder, name)
  try {
    for (const name of ['upper', 'work', 'tmp', 'vartmp']) await mkdir(at(name))
    const ground = { backend: 'overlay', upper: at('upper'), work: at('work'), parents: [], xattrs } as const
    const scene: Scene = { folder, project, ground, tmpFrom: at('tmp'), vartmpFrom: at('vartmp'), readonly: [], silent: [], binds: [], hide: [state] }
    const end = await launcher.launch(scene, { ...orderFor(project), argv: ['/bin/sh', '-c', ':'] }, { without: leftOut(probe.walls) }).ended
    return fault(end, '')?.cause
  } finally {
    await discardLayer(folder, layersFolder(state), path)
  }
}
