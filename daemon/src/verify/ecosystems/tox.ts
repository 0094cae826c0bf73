import type { Ecosystem } from '../ecosystem.ts'

export const tox: Ecosystem = {
  name: 'tox',
  marks: ['tox.ini', 'tox.toml'],
  asks: [],
  reads: ['tox.ini'],
  recognises: 'tox.ini, tox.toml',
  stepsBack: true,
  // A tox.ini may hold nothing but settings of pytest or flake8.
  commands: (folder) => (folder.has('tox.toml') || /^\[(tox|testenv)/m.test(folder.text('tox.ini')) ? [{ kind: 'test', command: ['tox', 'run'] }] : []),
}
