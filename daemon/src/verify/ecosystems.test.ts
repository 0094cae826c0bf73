import { expect, test } from 'vitest'
import { detect } from './detect.ts'
import { ECOSYSTEMS } from './ecosystems/index.ts'
import { listingOf, type Listing } from './listing.ts'

function project(files: Readonly<Record<string, string>>): Listing {
  return { files: Object.keys(files).sort(), texts: new Map(Object.entries(files)) }
}

/** `kind@folder: command` of every check. */
function found(files: Readonly<Record<string, string>>): string[] {
  return detect(project(files), ECOSYSTEMS).map(({ kind, folder, command }) => `${kind}@${folder}: ${command.join(' ')}`)
}

const scripts = (names: Readonly<Record<string, string>>, more: object = {}) => JSON.stringify({ scripts: names, ...more })

/** By ecosystem: projects that it recognises and what comes of them, then one that it must leave alone. */
const EXAMPLES: Readonly<Record<string, { readonly yes: readonly [Readonly<Record<string, string>>, ...string[]][]; readonly no: Readonly<Record<string, string>> }>> = {
  npm: {
    yes: [
      [{ 'package.json': scripts({ test: 'node --test', build: 'tsc', lint: 'oxlint', typecheck: 'tsc --noEmit', start: 'node .' }) }, 'build@.: npm run build', 'lint@.: npm run lint', 'lint@.: npm run typecheck', 'test@.: npm run test'],
      [{ 'package.json': scripts({ test: 'vitest run' }), 'pnpm-lock.yaml': '' }, 'test@.: pnpm run test'],
      [{ 'package.json': scripts({ test: 'jest' }), 'yarn.lock': '' }, 'test@.: yarn run test'],
      [{ 'package.json': scripts({ test: 'bun test' }), 'bun.lock': '' }, 'test@.: bun run test'],
      [{ 'package.json': scripts({ test: 'jest' }, { packageManager: 'pnpm@9.0.0' }), 'package-lock.json': '' }, 'test@.: pnpm run test'],
    ],
    no: { 'package.json': scripts({ test: 'echo "Error: no test specified" && exit 1', start: 'node .' }) },
  },
  cargo: {
    yes: [
      [{ 'Cargo.toml': '[package]' }, 'build@.: cargo build --all-targets', 'test@.: cargo test --no-fail-fast'],
      [{ 'Cargo.toml': '[package]\n[lints.clippy]\n' }, 'build@.: cargo build --all-targets', 'lint@.: cargo clippy --all-targets', 'test@.: cargo test --no-fail-fast'],
    ],
    no: { 'Cargo.lock': '' },
  },
  go: { yes: [[{ 'go.mod': 'module x' }, 'build@.: go build ./...', 'lint@.: go vet ./...', 'test@.: go test -json ./...']], no: { 'main.go': '' } },
  maven: {
    yes: [[{ 'pom.xml': '' }, 'build@.: mvn -B -DskipTests compile', 'test@.: mvn -B test'], [{ 'pom.xml': '', mvnw: '' }, 'build@.: ./mvnw -B -DskipTests compile', 'test@.: ./mvnw -B test']],
    no: { mvnw: '' },
  },
  gradle: {
    yes: [[{ 'build.gradle.kts': '' }, 'build@.: gradle --no-daemon assemble', 'test@.: gradle --no-daemon test'], [{ 'settings.gradle': '', gradlew: '' }, 'build@.: ./gradlew --no-daemon assemble', 'test@.: ./gradlew --no-daemon test']],
    no: { gradlew: '' },
  },
  pytest: {
    yes: [
      [{ 'pytest.ini': '' }, 'test@.: python3 -m pytest'],
      [{ 'pyproject.toml': '[tool.pytest.ini_options]\n', 'uv.lock': '' }, 'test@.: uv run pytest'],
      [{ 'setup.cfg': '[tool:pytest]\n', 'poetry.lock': '' }, 'test@.: poetry run pytest'],
      [{ 'tests/test_a.py': '', '.venv': '' }, 'test@.: .venv/bin/python -m pytest'],
      [{ 'tox.ini': '[pytest]\n' }, 'test@.: python3 -m pytest'],
      [{ 'test_a.py': '' }, 'test@.: python3 -m pytest'],
    ],
    no: { 'pyproject.toml': '[project]\n', 'scripts/test_server.py': '' },
  },
  tox: {
    yes: [[{ 'tox.ini': '[tox]\n' }, 'test@.: tox run'], [{ 'tox.ini': '[tox]\n', 'tests/test_a.py': '' }, 'test@.: python3 -m pytest']],
    no: { 'tox.ini': '[flake8]\n' },
  },
  dotnet: { yes: [[{ 'App.sln': '', 'App/App.csproj': '' }, 'build@.: dotnet build', 'test@.: dotnet test']], no: { 'global.json': '' } },
  bundler: {
    yes: [[{ Gemfile: '', '.rspec': '', '.rubocop.yml': '', Rakefile: '' }, 'lint@.: bundle exec rubocop', 'test@.: bundle exec rspec'], [{ Gemfile: '', Rakefile: '' }, 'test@.: bundle exec rake test']],
    no: { Gemfile: '' },
  },
  mix: { yes: [[{ 'mix.exs': '', '.formatter.exs': '' }, 'build@.: mix compile', 'lint@.: mix format --check-formatted', 'test@.: mix test']], no: { 'rebar.config': '' } },
  make: {
    yes: [
      [{ Makefile: '.PHONY: all test\nall: a.o\n\tcc\ntest lint: all\nVERSION := 1\n' }, 'build@.: make all', 'lint@.: make lint', 'test@.: make test'],
      [{ Makefile: 'check:\n\ttrue\n' }, 'test@.: make check'],
      [{ Makefile: 'test:\n\tgo test\nlint:\n', 'go.mod': '' }, 'build@.: go build ./...', 'lint@.: go vet ./...', 'test@.: go test -json ./...'],
    ],
    no: { Makefile: 'test := 1\nclean:\n\trm -f a\n' },
  },
}

test('every ecosystem has its examples, and a name of its own', () => {
  const names = ECOSYSTEMS.map(({ name }) => name)
  expect(names.toSorted()).toEqual(Object.keys(EXAMPLES).toSorted())
  expect(new Set(names).size).toBe(names.length)
})

for (const ecosystem of ECOSYSTEMS) {
  const { yes, no } = EXAMPLES[ecosystem.name] ?? { yes: [], no: {} }
  test(`${ecosystem.name}: recognised projects`, () => {
    for (const [files, ...commands] of yes) expect(found(files)).toEqual(commands)
    expect(found(no)).toEqual([])
  })

  test(`${ecosystem.name}: asks only for what it declares, and for one command of two words or more at a time`, () => {
    const declared = new Set([...ecosystem.marks, ...ecosystem.asks])
    const asked = new Set<string>()
    for (const [files] of yes) {
      const has = (name: string) => {
        asked.add(name)
        return name in files
      }
      const text = (name: string) => {
        expect(ecosystem.reads).toContain(name)
        return files[name] ?? ''
      }
      for (const { command } of ecosystem.commands({ isTop: true, has, hasAbove: has, text })) expect(command.length).toBeGreaterThan(1)
    }
    expect([...asked].filter((name) => !declared.has(name))).toEqual([])
    expect(ecosystem.reads.filter((name) => !declared.has(name))).toEqual([])
    expect(ecosystem.recognises).not.toBe('')
    // They become words of a shell line.
    expect([...declared].filter((name) => !/^[\w.*/-]+$/.test(name))).toEqual([])
  })

  test(`${ecosystem.name}: broken, empty and hostile files are no error`, () => {
    for (const text of ['', 'null', '[]', '{', '{"scripts":null}', '{"scripts":{"test":1}}', '\u0000', '['.repeat(10_000), ' '.repeat(100_000), 'a '.repeat(50_000)]) {
      expect(() => ecosystem.commands({ isTop: true, has: () => true, hasAbove: () => true, text: () => text })).not.toThrow()
    }
  })
}

test('a monorepo of several ecosystems lists all, builds first; parts of parts and examples are left to their owners', () => {
  expect(found({
    'package.json': scripts({ build: 'tsc', test: 'vitest run' }), 'pnpm-lock.yaml': '', 'packages/a/package.json': scripts({ test: 'vitest run' }),
    'server/Cargo.toml': '', 'server/crates/x/Cargo.toml': '', 'tools/go.mod': '', 'tests/fixture/package.json': scripts({ test: 'false' }), 'examples/go.mod': '',
  })).toEqual([
    'build@.: pnpm run build', 'build@server: cargo build --all-targets', 'build@tools: go build ./...', 'lint@tools: go vet ./...',
    'test@.: pnpm run test', 'test@server: cargo test --no-fail-fast', 'test@tools: go test -json ./...',
  ])
})

test('a root without scripts leaves the word to its parts, which use its lock file', () => {
  expect(found({ 'package.json': '{}', 'pnpm-lock.yaml': '', 'a/package.json': scripts({ test: 'a' }), 'b/package.json': scripts({ test: 'b' }) })).toEqual(['test@a: pnpm run test', 'test@b: pnpm run test'])
})

test('a listing that was cut off loses its end and nothing else', () => {
  const whole = Buffer.from('./a/go.mod\0./Makefile\0\0./Makefile\0all:\n\0./tox.ini\0[tox]\0')
  expect(listingOf(whole)).toEqual({ files: ['Makefile', 'a/go.mod'], texts: new Map([['Makefile', 'all:\n'], ['tox.ini', '[tox]']]) })
  expect(listingOf(whole.subarray(0, 40))).toEqual({ files: ['Makefile', 'a/go.mod'], texts: new Map([['Makefile', 'all:\n']]) })
  expect(listingOf(whole.subarray(0, 30))).toEqual({ files: ['Makefile', 'a/go.mod'], texts: new Map() })
  expect(listingOf(whole.subarray(0, 15))).toEqual({ files: ['a/go.mod'], texts: new Map() })
  expect(listingOf(Buffer.alloc(0))).toEqual({ files: [], texts: new Map() })
})
