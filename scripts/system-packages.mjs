// The system packages that suites need. As root on Debian or Ubuntu the missing ones are installed, announced, unless
// NEXUS_NO_APT=1; elsewhere the suites that need them are skipped and the command that brings them is told.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What is needed: any one of the programs, and the Debian package that brings it. */
const NEEDED = [
  { name: 'git', programs: ['git'], package: 'git' },
  { name: 'gcc', programs: ['cc', 'gcc', 'clang'], package: 'gcc libc6-dev' },
  { name: 'make', programs: ['make'], package: 'make' },
  { name: 'python3', programs: ['python3'], package: 'python3' },
  { name: 'tmux', programs: ['tmux'], package: 'tmux' },
  { name: 'chromium', programs: ['chromium', 'chromium-browser', 'google-chrome'], package: 'chromium fonts-dejavu-core' },
  { name: 'unshare', programs: ['unshare'], package: 'util-linux' },
  { name: 'setfattr', programs: ['setfattr'], package: 'attr' },
]

/** Returns what is still missing, each with the command that would bring it. */
export function ensurePackages() {
  let missing = NEEDED.filter(isMissing)
  if (missing.length === 0) return { missing }
  if (canInstall()) {
    const packages = missing.flatMap((need) => need.package.split(' '))
    process.stdout.write(`installing system packages for the suites: ${packages.join(' ')} (NEXUS_NO_APT=1 leaves them out)\n`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args) => spawnSync('apt-get', ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
    const install = () => apt('install', '--no-install-recommends', ...packages)
    let done = install()
    // A fresh machine has no package lists yet.
    if (done.status !== 0) { apt('update'); done = install() }
    if (done.status !== 0) process.stdout.write(`apt-get could not install them: ${`${done.stderr}`.trim().slice(-500)}\n`)
    missing = NEEDED.filter(isMissing)
  }
  return { missing: missing.map((need) => ({ name: need.name, command: `apt-get install ${need.package}` })) }
}

function canInstall() {
  return process.getuid?.() === 0 && process.env.NEXUS_NO_APT !== '1' && isDebian() && !isMissing({ programs: ['apt-get'] })
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    // No such file: some other system.
    return existsSync('/etc/debian_version')
  }
}

function isMissing({ programs }) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return !programs.some((program) => folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      // Not in this folder.
      return false
    }
  }))
}
