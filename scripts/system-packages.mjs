// What the suites need from the system. As root on Debian or Ubuntu missing packages are installed, announced, unless
// NEXUS_NO_APT=1; elsewhere the suites that need them are skipped and say which command would bring them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const NEEDED = [
  { command: 'tmux', package: 'tmux' }, { command: 'git', package: 'git' }, { command: 'cc', package: 'gcc libc6-dev' }, { command: 'make', package: 'make' },
  { command: 'python3', package: 'python3' }, { command: 'unshare', package: 'util-linux' }, { command: 'setfattr', package: 'attr' }, { command: 'runuser', package: 'util-linux' },
]

export function ensurePackages() {
  const missing = NEEDED.filter(({ command }) => !has(command))
  if (missing.length === 0) return
  const packages = missing.flatMap((need) => need.package.split(' '))
  const line = `apt-get install -y ${packages.join(' ')}`
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version') && !process.env.NEXUS_NO_APT
  if (!canInstall) {
    console.log(`nexus: missing ${missing.map(({ command }) => command).join(', ')}; the suites that need them are skipped. As root: ${line}`)
    return
  }
  console.log(`nexus: installing what the suites need: ${packages.join(' ')} (NEXUS_NO_APT=1 prevents this)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () => spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: ['ignore', 'ignore', 'inherit'], env })
  if (install().status !== 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env })
    if (install().status !== 0) console.log(`nexus: ${line} failed; the suites that need them are skipped`)
  }
}

export function has(command) {
  return (process.env.PATH ?? '').split(':').some((folder) => folder && existsSync(`${folder}/${command}`))
}
