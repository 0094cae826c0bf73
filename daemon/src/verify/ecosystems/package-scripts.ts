import type { CheckKind } from '@nexus/protocol/verify'
import type { Ecosystem, Folder } from '../ecosystem.ts'

/** The lock file tells who installed; without one, the field of corepack. */
const MANAGERS = [
  { name: 'pnpm', locks: ['pnpm-lock.yaml'] },
  { name: 'yarn', locks: ['yarn.lock'] },
  { name: 'bun', locks: ['bun.lock', 'bun.lockb'] },
  { name: 'npm', locks: ['package-lock.json', 'npm-shrinkwrap.json'] },
]

const SCRIPTS: readonly { readonly kind: CheckKind; readonly names: readonly string[] }[] = [
  { kind: 'build', names: ['build'] },
  { kind: 'lint', names: ['lint', 'typecheck', 'type-check', 'check-types'] },
  { kind: 'test', names: ['test'] },
]

export const packageScripts: Ecosystem = {
  name: 'npm',
  marks: ['package.json'],
  asks: MANAGERS.flatMap(({ locks }) => locks),
  reads: ['package.json'],
  recognises: 'the scripts build, lint, typecheck and test of package.json (npm, pnpm, yarn, bun)',
  commands(folder) {
    const { scripts, packageManager } = manifestOf(folder.text('package.json'))
    const manager = managerOf(folder, packageManager)
    return SCRIPTS.flatMap(({ kind, names }) => names.filter((name) => isReal(scripts[name])).map((name) => ({ kind, command: [manager, 'run', name] })))
  },
}

function managerOf(folder: Folder, declared: string): string {
  const byField = MANAGERS.find(({ name }) => declared.startsWith(`${name}@`))
  return (byField ?? MANAGERS.find(({ locks }) => locks.some((lock) => folder.hasAbove(lock))))?.name ?? 'npm'
}

/** `npm init` writes a test script that only fails. */
function isReal(script: unknown): boolean {
  return typeof script === 'string' && script.trim() !== '' && !script.includes('no test specified')
}

function manifestOf(text: string): { scripts: Readonly<Record<string, unknown>>; packageManager: string } {
  try {
    const parsed = JSON.parse(text) as { scripts?: unknown; packageManager?: unknown } | null
    const scripts = typeof parsed?.scripts === 'object' && parsed.scripts !== null ? (parsed.scripts as Record<string, unknown>) : {}
    return { scripts, packageManager: typeof parsed?.packageManager === 'string' ? parsed.packageManager : '' }
  } catch {
    // Half-written: then nothing in it can be run either.
    return { scripts: {}, packageManager: '' }
  }
}
