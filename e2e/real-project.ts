/** The protocol package of this repository with what it needs, as a project of its own with a `npm test`; nothing is fetched. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './nexus.ts'

export function furnish(project: string): void {
  cpSync(join(root, 'protocol'), join(project, 'protocol'), { recursive: true, verbatimSymlinks: true })
  for (const name of readdirSync(root).filter((entry) => entry.startsWith('tsconfig'))) cpSync(join(root, name), join(project, name))
  // The same files under a second name: 15,000 of them, in a moment.
  const linked = ['-al', '-a'].some((how) => spawnSync('cp', [how, join(root, 'node_modules'), project]).status === 0)
  if (!linked) throw new Error('node_modules could not be copied')
  forgetCaches(project)
  writeFileSync(join(project, 'vitest.config.mjs'), "export default { test: { include: ['protocol/src/**/*.test.ts'] } }\n")
  writeFileSync(join(project, 'tsconfig.json'), '{ "extends": "./tsconfig.base.json", "include": ["protocol/src"], "compilerOptions": { "noEmit": true } }\n')
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "scripts": { "test": "tsc -p tsconfig.json && vitest run" } }\n')
}

/** What one run leaves there warms no other. */
export function forgetCaches(project: string): void {
  rmSync(join(project, 'node_modules/.vite'), { recursive: true, force: true })
}
