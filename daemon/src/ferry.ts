/**
 * nexus-ferry without the native helper: carries connections between the doors of one run and where its daemon lets them go.
 * A process of its own: a run that opens thousands of connections exhausts this one and not the daemon, and it ends with
 * the run. `outside …` is that ferry; `inside PORT…` is what it starts to make the doors.
 */
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Boat } from './network/boat.ts'
import { fetchDoors, makeDoors } from './network/doors.ts'

/** Of the daemon: the frames of network/frames.ts. */
const CHANNEL = 3
/** Of the sandbox: its network, and the user namespace that owns it where that is not our own. */
const NETWORK = 4
const USERS = 5

const [part, ...words] = process.argv.slice(2)
try {
  if (part === 'inside') await makeDoors(words.map(Number))
  else await carry(words)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

/** Words: setpriv, nsenter, `own` or `other` users, ports. */
async function carry([setpriv = '', nsenter = '', users, ...ports]: readonly string[]): Promise<void> {
  const channel = new Socket({ fd: CHANNEL })
  // When the daemon is gone, nobody decides any more.
  channel.on('error', () => {}).on('close', () => process.exit(0)).on('end', () => process.exit(0))
  const boat = new Boat(channel)
  const descriptors = users === 'other' ? [NETWORK, USERS] : [NETWORK]
  // A user keeps its own identity there: nothing is mapped to uid 0.
  const joining = users === 'other' ? [`--user=/proc/self/fd/${USERS}`, '--preserve-credentials'] : []
  const doors = await fetchDoors({
    ports: ports.map(Number), descriptors,
    command: [setpriv, '--pdeathsig', 'KILL', nsenter, `--net=/proc/self/fd/${NETWORK}`, ...joining, process.execPath, fileURLToPath(import.meta.url), 'inside', ...ports],
  })
  for (const descriptor of descriptors) closeSync(descriptor)
  for (const door of doors) boat.open(door)
  process.stdout.write('open\n')
}
