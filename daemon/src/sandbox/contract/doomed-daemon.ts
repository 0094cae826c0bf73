/** A process that launches one command and waits to be killed. Its order comes as JSON in the first argument. */
import { launchersOf } from '../launchers/index.ts'
import type { LaunchOrder } from '../launch.ts'
import type { Layer } from '../layer.ts'
import { sceneOf } from '../stage.ts'
import { FERRY, SYSTEM_PATH } from './ground.ts'

interface Doom {
  readonly layer: Layer
  readonly order: LaunchOrder
  readonly launcher: string
  readonly native: string | null
  readonly state: string
  readonly userHome: string
}

const { layer, order, launcher: name, native, state, userHome }: Doom = JSON.parse(process.argv[2] ?? '{}')
const launcher = launchersOf({ nativePath: native, path: SYSTEM_PATH, ferry: FERRY }).find((one) => one.name === name)
if (!launcher) throw new Error(`no launcher ${name}`)
const end = await launcher.launch(sceneOf({ state, userHome, hidden: [] }, layer, order), order).ended
throw new Error(`ended too early: ${JSON.stringify(end)}`)
