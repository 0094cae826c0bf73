// Bundles daemon, client and dashboard and compiles the native helper. Knows every output; takes a few seconds.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { removeOldChunks } from './build/old-chunks.mjs'
import { build as buildPage } from 'vite'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const id = buildId()

await Promise.all([bundleDaemon(), bundleClient(), bundleDashboard()])
compileNative()

/** Same sources, same id: the client compares it with the daemon's. */
function buildId() {
  const digest = createHash('sha256')
  for (const file of ['protocol/src', 'daemon/src', 'daemon/native', 'cli/src', 'dashboard/src', 'migrations'].flatMap((folder) => filesIn(join(root, folder)))) {
    digest.update(file.slice(root.length)).update('\0').update(readFileSync(file))
  }
  return digest.digest('hex').slice(0, 12)
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name)) : /\.test\.tsx?$/.test(entry.name) ? [] : [join(folder, entry.name)])
}

function common() {
  return {
    absWorkingDir: root, bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning', legalComments: 'none',
    define: { __NEXUS_BUILD__: JSON.stringify(id), 'process.env.NODE_ENV': '"production"' },
  }
}

async function bundle(outdir, options) {
  const { metafile } = await build({ ...options, outdir, metafile: true })
  removeOldChunks(join(root, outdir), Object.keys(metafile.outputs).map((file) => basename(file)))
}

async function bundleDaemon() {
  await bundle('daemon/dist', {
    ...common(), entryPoints: { nexusd: 'daemon/src/main.ts', ferry: 'daemon/src/ferry.ts', 'diary-reader': 'daemon/src/diary-reader.ts' }, outExtension: { '.js': '.mjs' }, splitting: true, chunkNames: 'chunk-[hash]',
    external: ['better-sqlite3'], sourcemap: 'linked', sourcesContent: false,
    // CommonJS packages inside an ESM bundle still call require for Node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
}

async function bundleClient() {
  await bundle('cli/dist', {
    ...common(), entryPoints: { nexus: 'cli/src/main.ts' }, outExtension: { '.js': '.mjs' }, splitting: true, chunkNames: 'chunk-[hash]', minifySyntax: true,
    alias: { 'react-devtools-core': './scripts/no-devtools.mjs' },
    // Everything else is in the bundle: what its CommonJS packages still require are Node's own modules.
    banner: { js: 'const require = process.getBuiltinModule;' },
  })
}

async function bundleDashboard() {
  await buildPage({ root: join(root, 'dashboard'), configFile: join(root, 'dashboard/vite.config.ts'), mode: 'production', logLevel: 'warn', define: { __NEXUS_BUILD__: JSON.stringify(id) } })
}

/** Without a C compiler the build goes on: the sandbox is then `reduced`, and every client says so. */
function compileNative() {
  const sources = readdirSync(join(root, 'daemon/native')).filter((name) => name.endsWith('.c')).map((name) => join('daemon/native', name))
  const target = join(root, 'daemon/dist/nexus-native')
  mkdirSync(dirname(target), { recursive: true })
  const newest = Math.max(...readdirSync(join(root, 'daemon/native')).map((name) => statSync(join(root, 'daemon/native', name)).mtimeMs))
  const compiler = [process.env.CC, 'cc', 'gcc', 'clang'].find((name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
  if (!compiler || process.platform !== 'linux' || sources.length === 0) {
    rmSync(target, { force: true })
    if (process.platform === 'linux') process.stderr.write('nexus: no C compiler: commands will run in a reduced sandbox (install gcc, then `npm run build`)\n')
    return
  }
  try { if (statSync(target).mtimeMs > newest) return } catch { /* not built yet */ }
  const partial = `${target}.${process.pid}`
  const compile = (...extra) => spawnSync(compiler, ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Wshadow', '-Wformat=2', ...extra, '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-fPIE', '-pie', '-pthread', '-Wl,-z,relro,-z,now', '-o', partial, ...sources], { cwd: root, encoding: 'utf8' })
  const strict = compile('-Werror')
  // Here a warning is an error; another compiler's new warning must not cost somebody else the strong sandbox.
  const done = strict.status === 0 || process.env.CI ? strict : compile('-w')
  if (done.status !== 0) {
    rmSync(target, { force: true })
    process.stderr.write(`${done.stderr ?? ''}nexus: the native launcher does not compile here (kernel headers of Linux 5.12 or newer are needed): commands will run in a reduced sandbox\n`)
    if (process.env.CI) process.exit(1)
    return
  }
  renameSync(partial, target)
}
