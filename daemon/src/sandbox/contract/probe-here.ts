/** Prints what a sandbox finds out about the place where this process runs. Arguments: state, home, native launcher. */
import { systemClock } from '../../base/clock.ts'
import { createSandbox } from '../sandbox.ts'
import { FERRY, SYSTEM_PATH } from './ground.ts'

const [state = '', userHome = '', nativePath = ''] = process.argv.slice(2)
const sandbox = createSandbox({ state, nativePath, ferry: FERRY, userHome, path: SYSTEM_PATH, hidden: [], clock: systemClock })
process.stdout.write(JSON.stringify(await sandbox.probe()))
