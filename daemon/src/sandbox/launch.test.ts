/** The contract on every launcher and back end that works for whoever runs the tests (`.ci/run` does it as a user, too). */
import { mkdtempSync, rmSync } from 'node:fs'
import { afterAll, describe, test } from 'vitest'
import { FERRY, nativeProgram, removePrograms, SYSTEM_PATH } from './contract/ground.ts'
import { launchContract } from './launch.contract.ts'
import { launchersOf } from './launchers/index.ts'
import { tryOut } from './probe.ts'

const state = mkdtempSync('/var/tmp/nexus-probe-')
afterAll(() => rmSync(state, { recursive: true, force: true }))
afterAll(removePrograms)

const isWhole = process.env.NEXUS_ENDURANCE === '1'
const effort = { seed: Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31), rounds: Number(process.env.NEXUS_RUNS ?? (isWhole ? 300 : 6)), isWhole }

for (const launcher of launchersOf({ nativePath: nativeProgram() ?? null, path: SYSTEM_PATH, ferry: FERRY })) {
  for (const backend of ['overlay', 'copy'] as const) {
    const { probe, xattrs } = await tryOut(launcher, backend, state, SYSTEM_PATH)
    const name = `${launcher.name}, ${backend}`
    if (probe.works) describe(name, () => launchContract({ launcher, backend, xattrs }, effort))
    else test(name, ({ skip }) => skip(`needs a machine where it works: ${probe.cause ?? 'for no known reason it does not here'}`))
  }
}
