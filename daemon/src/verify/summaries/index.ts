/** Every runner whose output is understood. To add one: one file beside this, one entry here, a recorded output in fixtures/. */
import { cargoTest } from './cargo-test.ts'
import { goTest } from './go-test.ts'
import { jest } from './jest.ts'
import { nodeSpec } from './node-spec.ts'
import { nodeTap } from './node-tap.ts'
import { pytest } from './pytest.ts'
import type { Runner } from './runner.ts'
import { vitest } from './vitest.ts'

export const RUNNERS: readonly Runner[] = [nodeSpec, nodeTap, vitest, jest, pytest, goTest, cargoTest]
