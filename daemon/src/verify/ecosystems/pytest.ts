import type { Ecosystem, Folder } from '../ecosystem.ts'

const LOOSE = ['conftest.py', 'tests/conftest.py', 'tests/test_*.py', 'test/test_*.py']

export const pytest: Ecosystem = {
  name: 'pytest',
  marks: ['pytest.ini', 'pyproject.toml', 'setup.cfg', 'tox.ini', 'test_*.py', ...LOOSE],
  asks: ['.venv', 'venv', 'uv.lock', 'poetry.lock'],
  reads: ['pyproject.toml', 'setup.cfg', 'tox.ini'],
  recognises: 'pytest (pytest.ini, its section in pyproject.toml, setup.cfg or tox.ini, conftest.py, tests/test_*.py)',
  commands: (folder) => (isUsed(folder) ? [{ kind: 'test', command: [...pythonOf(folder), 'pytest'] }] : []),
}

function isUsed(folder: Folder): boolean {
  // Deeper down, scripts/test_server.py may be anything.
  return (folder.isTop && folder.has('test_*.py')) || ['pytest.ini', ...LOOSE].some((name) => folder.has(name)) || /^\[tool\.pytest/m.test(folder.text('pyproject.toml'))
    || /^\[tool:pytest\]/m.test(folder.text('setup.cfg')) || /^\[pytest\]/m.test(folder.text('tox.ini'))
}

/** An environment beside the project is the one that its tests were written for. */
function pythonOf(folder: Folder): string[] {
  for (const name of ['.venv', 'venv']) if (folder.has(name)) return [`${name}/bin/python`, '-m']
  if (folder.hasAbove('uv.lock')) return ['uv', 'run']
  if (folder.hasAbove('poetry.lock')) return ['poetry', 'run']
  return ['python3', '-m']
}
